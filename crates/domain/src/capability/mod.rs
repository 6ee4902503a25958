//! Capabilities: small traits that a connected device may offer, one file each.

mod boot_device;
mod event_log;
mod identify;
mod management;
mod outputs;
mod parts;
mod power;
mod sensors;
mod system;

pub use boot_device::{BootDevice, BootDeviceCapability, BootMode, BootOverride};
pub use event_log::{EventLogCapability, EventLogEntry};
pub use identify::{Identify, IdentifyCapability};
pub use management::{ManagementCapability, ManagementInfo, ManagementInterface, ManagementUser};
pub use outputs::{Output, OutputsCapability};
pub use parts::{Part, PartsCapability};
pub use power::{PowerCapability, SendError};
pub use sensors::{Health, Sensor, SensorCapability};
pub use system::{SystemCapability, SystemInfo};
