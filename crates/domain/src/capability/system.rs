//! The capability to tell which machine a device belongs to.

use async_trait::async_trait;

use crate::driver::DriverError;

/// What a BMC says of its machine. What it does not say is `None` or empty.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SystemInfo {
    /// System UUID, lower case.
    pub uuid: Option<String>,
    /// Serial number.
    pub serial_number: Option<String>,
    /// Manufacturer.
    pub manufacturer: Option<String>,
    /// Model.
    pub model: Option<String>,
    /// MAC addresses of the machine's network cards, lower case with colons.
    pub macs: Vec<String>,
}

/// Reads the machine's identity.
#[async_trait]
pub trait SystemCapability: Send + Sync {
    /// Identity of the machine.
    async fn system_info(&self) -> Result<SystemInfo, DriverError>;
}
