//! Collectors: each looks at one kind of hardware. A new one is a file here
//! and an entry in [`ALL`].

use assay_inventory::{Inventory, Report};

use crate::Error;
use crate::host::Host;

mod bmc;
mod boot;
mod cpu;
mod disks;
mod hostname;
mod interfaces;
pub(crate) use interfaces::hardware_names;
pub mod logs;
mod memory;
mod numa;
mod pci_devices;
mod system_vendor;
mod usb_devices;

/// What a collector found, ready to be put into the report.
pub type Found = Box<dyn FnOnce(&mut Report) + Send>;

/// Looks at one kind of hardware.
pub trait Collector: Sync {
    /// Its name in logs and in the report's `configuration`.
    fn name(&self) -> &'static str;

    /// Would a report without it be untrue? Then its failure becomes the
    /// report's `error`; that of another is only logged.
    fn is_essential(&self) -> bool {
        false
    }

    /// Looks. What the machine does not have is not an error.
    fn collect(&self, host: &Host) -> Result<Found, Error>;
}

/// Every collector.
pub static ALL: [&dyn Collector; 11] = [
    &bmc::Bmc,
    &boot::BootFacts,
    &cpu::Processors,
    &disks::Disks,
    &hostname::Hostname,
    &interfaces::Interfaces,
    &memory::MemoryFacts,
    &numa::Numa,
    &pci_devices::PciDevices,
    &system_vendor::Vendor,
    &usb_devices::UsbDevices,
];

/// Puts something into the report's inventory.
fn into_inventory(place: impl FnOnce(&mut Inventory) + Send + 'static) -> Found {
    Box::new(move |report| place(report.inventory.get_or_insert_default()))
}
