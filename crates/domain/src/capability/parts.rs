//! The capability to list the machine's replaceable parts.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::driver::DriverError;

/// A part that can be replaced, as the device describes it. What it does not say is `None`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Part {
    /// What the device calls it.
    pub name: String,
    /// Who made it.
    pub manufacturer: Option<String>,
    /// Which product it is.
    pub product: Option<String>,
    /// The maker's number of the product.
    pub part_number: Option<String>,
    /// Its serial number.
    pub serial_number: Option<String>,
    /// Its version or revision.
    pub version: Option<String>,
    /// The owner's mark.
    pub asset_tag: Option<String>,
}

/// Lists parts.
#[async_trait]
pub trait PartsCapability: Send + Sync {
    /// All parts, in the device's order.
    async fn parts(&self) -> Result<Vec<Part>, DriverError>;
}
