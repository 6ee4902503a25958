//! Prints what a machine is made of.

use std::fmt::Write;

use assay_inventory::{Disk, Interface, Inventory, Report};
use serde_json::Value;

const GIB: f64 = (1_u64 << 30) as f64;

/// The inventory in a few lines; of a report that cannot be read, the reason.
pub(crate) fn text(data: &Value) -> String {
    match serde_json::from_value::<Report>(data.clone()) {
        Ok(report) => lines(&report),
        Err(error) => format!("the stored report cannot be read: {error}"),
    }
}

fn lines(report: &Report) -> String {
    let mut text = String::from("\nThis machine is made of:\n");
    let Some(inventory) = &report.inventory else {
        text.push_str("  (the report has no inventory)\n");
        return text;
    };
    head(&mut text, inventory);
    for disk in &inventory.disks {
        let _ = writeln!(text, "  disk       {}", disk_text(disk));
    }
    if let Some(root) = &report.root_disk {
        let _ = writeln!(text, "  root disk  {}", shown(root.name.as_ref()));
    }
    for interface in &inventory.interfaces {
        let _ = writeln!(text, "  interface  {}", interface_text(interface));
    }
    text
}

fn head(text: &mut String, inventory: &Inventory) {
    if let Some(vendor) = &inventory.system_vendor {
        let _ = writeln!(
            text,
            "  system     {} {} serial {}",
            shown(vendor.manufacturer.as_ref()),
            shown(vendor.product_name.as_ref()),
            shown(vendor.serial_number.as_ref())
        );
    }
    if let Some(cpu) = &inventory.cpu {
        let _ = writeln!(
            text,
            "  cpu        {} x {} ({})",
            shown(cpu.count.as_ref()),
            shown(cpu.model_name.as_ref()),
            shown(cpu.architecture.as_ref())
        );
    }
    if let Some(memory) = &inventory.memory {
        let _ = writeln!(
            text,
            "  memory     {} MiB",
            shown(memory.physical_mb.as_ref())
        );
    }
    if let Some(boot) = &inventory.boot {
        let mode = boot
            .current_boot_mode
            .as_ref()
            .map(|mode| format!("{mode:?}"));
        let _ = writeln!(text, "  boot mode  {}", shown(mode.as_ref()).to_lowercase());
    }
    let bmc = inventory.bmc_address.as_ref();
    let _ = writeln!(text, "  bmc        {}", shown(bmc));
}

fn disk_text(disk: &Disk) -> String {
    let size = disk
        .size
        .map(|bytes| format!("{:.1} GiB", bytes as f64 / GIB));
    format!(
        "{} {} serial {} {}",
        shown(disk.name.as_ref()),
        shown(size.as_ref()),
        shown(disk.serial.as_ref()),
        shown(disk.model.as_ref())
    )
}

fn interface_text(interface: &Interface) -> String {
    let carrier = match interface.has_carrier {
        Some(true) => "up",
        Some(false) => "down",
        None => "?",
    };
    format!(
        "{} {} {} {carrier}",
        shown(interface.name.as_ref()),
        shown(interface.mac_address.as_ref()),
        shown(interface.ipv4_address.as_ref())
    )
}

fn shown<T: ToString>(value: Option<&T>) -> String {
    value.map_or_else(|| "-".to_owned(), ToString::to_string)
}
