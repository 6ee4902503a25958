//! The capability to choose what a machine boots next.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::driver::DriverError;

/// What to boot from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BootDevice {
    /// The network.
    Network,
    /// The first disk.
    Disk,
    /// A CD, real or virtual.
    Cd,
    /// The firmware's set-up.
    Setup,
}

/// Which firmware interface the next boot uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BootMode {
    /// Legacy BIOS.
    Bios,
    /// UEFI.
    Uefi,
}

/// A boot override as set on, or read from, a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct BootOverride {
    /// What to boot from; `None` is the machine's own order.
    pub device: Option<BootDevice>,
    /// For every boot instead of the next one only.
    pub persistent: bool,
    /// Firmware interface; `None` leaves it as it is.
    pub mode: Option<BootMode>,
}

/// Reads and changes the boot override.
#[async_trait]
pub trait BootDeviceCapability: Send + Sync {
    /// The override as the device says now.
    async fn boot_override(&self) -> Result<BootOverride, DriverError>;

    /// Sets the override; a `device` of `None` clears it.
    async fn set_boot_override(&self, wanted: BootOverride) -> Result<(), DriverError>;
}
