//! Capabilities: small traits that a connected device may offer, one file each.

mod boot_device;
mod power;
mod system;

pub use boot_device::{BootDevice, BootDeviceCapability, BootMode, BootOverride};
pub use power::{PowerCapability, SendError};
pub use system::{SystemCapability, SystemInfo};
