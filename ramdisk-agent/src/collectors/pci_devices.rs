//! PCI functions, from sysfs, named by the PCI ID Repository.

use std::path::Path;

use assay_inventory::PciDevice;
use pci_ids::{Device, FromId, Vendor};

use super::{Collector, Found};
use crate::Error;
use crate::host::{self, Host};

pub(super) struct PciDevices;

impl Collector for PciDevices {
    fn name(&self) -> &'static str {
        "pci_devices"
    }

    fn collect(&self, host: &Host) -> Result<Found, Error> {
        let folder = host.sys("bus/pci/devices");
        let devices: Vec<PciDevice> = host::names(&folder)
            .iter()
            .map(|address| device(&folder.join(address), address))
            .collect();
        Ok(Box::new(|report| report.pci_devices = Some(devices)))
    }
}

fn device(folder: &Path, address: &str) -> PciDevice {
    let id = |name: &str| {
        let text = host::text(folder.join(name))?;
        Some(text.trim_start_matches("0x").to_lowercase())
    };
    let number = |text: &Option<String>| u16::from_str_radix(text.as_deref()?, 16).ok();
    let (vendor_id, product_id) = (id("vendor"), id("device"));
    let vendor = number(&vendor_id);
    let product = number(&product_id).zip(vendor);
    PciDevice {
        vendor_name: vendor
            .and_then(Vendor::from_id)
            .map(|known| known.name().to_owned()),
        product_name: product
            .and_then(|(product, vendor)| Device::from_vid_pid(vendor, product))
            .map(|known| known.name().to_owned()),
        vendor_id,
        product_id,
        class: id("class"),
        revision: id("revision"),
        bus: Some(address.to_owned()),
        numa_node_id: host::text(folder.join("numa_node")),
    }
}
