//! PCI functions, from sysfs, named by the PCI ID Repository.

use std::collections::BTreeSet;
use std::path::Path;

use assay_inventory::PciDevice;

use super::{Collector, Found};
use crate::Error;
use crate::host::{self, Host};
use crate::pci_names::{self, Key};

pub(super) struct PciDevices;

impl Collector for PciDevices {
    fn name(&self) -> &'static str {
        "pci_devices"
    }

    fn collect(&self, host: &Host) -> Result<Found, Error> {
        let folder = host.sys("bus/pci/devices");
        let mut devices: Vec<PciDevice> = host::names(&folder)
            .iter()
            .map(|address| device(&folder.join(address), address))
            .collect();
        add_names(&mut devices);
        Ok(Box::new(|report| report.pci_devices = Some(devices)))
    }
}

fn device(folder: &Path, address: &str) -> PciDevice {
    let id = |name: &str| {
        let text = host::text(folder.join(name))?;
        Some(text.trim_start_matches("0x").to_lowercase())
    };
    PciDevice {
        vendor_id: id("vendor"),
        product_id: id("device"),
        class: id("class"),
        revision: id("revision"),
        bus: Some(address.to_owned()),
        numa_node_id: host::text(folder.join("numa_node")),
        ..PciDevice::default()
    }
}

fn add_names(devices: &mut [PciDevice]) {
    let keys: BTreeSet<Key> = devices.iter().flat_map(keys_of).flatten().collect();
    if keys.is_empty() {
        return;
    }
    let names = pci_names::find(&keys);
    for device in devices {
        let [vendor, product] = keys_of(device).map(|key| names.get(&key?).cloned());
        (device.vendor_name, device.product_name) = (vendor, product);
    }
}

fn keys_of(device: &PciDevice) -> [Option<Key>; 2] {
    let number = |text: &Option<String>| u16::from_str_radix(text.as_deref()?, 16).ok();
    let vendor = number(&device.vendor_id);
    let product = number(&device.product_id);
    [
        vendor.map(|vendor| (vendor, None)),
        vendor
            .zip(product)
            .map(|(vendor, product)| (vendor, Some(product))),
    ]
}
