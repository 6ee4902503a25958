//! The contract of a hook, and the list of all hooks.

mod capabilities;
mod extra_hardware;
mod lldp_basic;
mod local_link_connection;
mod pci_devices;
mod ramdisk_error;
mod root_disk_selection;
mod scheduler;
mod validate_interfaces;

use serde_json::Value;

use crate::{HookSettings, Subject};

/// One step of processing a report. Both parts are optional; an error is the reason, to which the
/// pipeline adds the hook's name.
pub(crate) trait Hook: Sync {
    /// The name by which settings choose the hook.
    fn name(&self) -> &'static str;

    /// Checks the report and adds what can be told from it alone, before anything is changed.
    fn before(&self, data: &mut Value, settings: &HookSettings) -> Result<(), String> {
        let _ = (data, settings);
        Ok(())
    }

    /// Changes the node, its ports and the report.
    fn update(&self, subject: &mut Subject, settings: &HookSettings) -> Result<(), String> {
        let _ = (subject, settings);
        Ok(())
    }
}

/// Every hook, in the order in which they run by default.
static ALL: [&dyn Hook; 9] = [
    &ramdisk_error::RamdiskError,
    &root_disk_selection::RootDiskSelection,
    &scheduler::Scheduler,
    &validate_interfaces::ValidateInterfaces,
    &capabilities::Capabilities,
    &pci_devices::PciDevices,
    &lldp_basic::LldpBasic,
    &local_link_connection::LocalLinkConnection,
    &extra_hardware::ExtraHardware,
];

/// Names of all hooks, in their default order.
pub fn known_hooks() -> impl Iterator<Item = &'static str> {
    ALL.iter().map(|hook| hook.name())
}

/// The hook of that name.
pub(crate) fn find(name: &str) -> Option<&'static dyn Hook> {
    ALL.into_iter().find(|hook| hook.name() == name)
}
