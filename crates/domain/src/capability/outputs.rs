//! The capability to list what a device with several outputs feeds: outlets of a PDU, coils of a
//! relay.

use async_trait::async_trait;

use crate::driver::DriverError;
use crate::power::PowerState;

/// One outlet or coil.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// What an assignment calls it, e.g. `3`.
    pub name: String,
    /// What the device calls it, if it has a name of its own.
    pub label: Option<String>,
    /// Whether it gives power; none when the device cannot tell.
    pub state: Option<PowerState>,
}

/// Lists outputs.
#[async_trait]
pub trait OutputsCapability: Send + Sync {
    /// All outputs in the device's order, read at one time.
    async fn outputs(&self) -> Result<Vec<Output>, DriverError>;
}
