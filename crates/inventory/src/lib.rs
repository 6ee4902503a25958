//! The hardware report that the ramdisk agent posts and the server reads.
//!
//! Field names and nesting are those of ironic-python-agent's inspection
//! callback, so that either agent can talk to either server. Some keys are
//! Assay's own additions and absent from reports of other agents:
//! `system_vendor.{uuid,chassis_serial_number,board_serial_number}`,
//! `interfaces[].permanent_mac_address` and
//! `pci_devices[].{vendor_name,product_name}`.
//!
//! Decoding is lenient: a missing key and `null` mean "not known", unknown
//! keys are ignored, and a number may arrive as a string (and the other way
//! round). Encoding is exact: a fact that the machine does not have is `null`.

#![forbid(unsafe_code)]

mod boot;
mod cpu;
pub mod difference;
mod disk;
mod error;
mod expression;
mod hints;
mod interface;
mod lenient;
mod mac;
mod numa;
mod pci;
mod report;
mod system;

pub use boot::{Boot, BootMode};
pub use cpu::{Cpu, Memory};
pub use disk::{Disk, MIN_ROOT_DISK_BYTES, select_root_disk};
pub use error::Error;
pub use hints::{HintKey, RootDeviceHints};
pub use interface::{Interface, LldpTlv};
pub use mac::{Mac, normalize_mac};
pub use numa::{NumaCpu, NumaNic, NumaRam, NumaTopology};
pub use pci::{PciDevice, UsbDevice};
pub use report::{Configuration, Inventory, Manager, Report};
pub use system::{Firmware, SystemVendor};
