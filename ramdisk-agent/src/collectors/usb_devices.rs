//! USB devices, from sysfs.

use std::path::Path;

use assay_inventory::UsbDevice;

use super::{Collector, Found, into_inventory};
use crate::Error;
use crate::host::{self, Host};

pub(super) struct UsbDevices;

impl Collector for UsbDevices {
    fn name(&self) -> &'static str {
        "usb_devices"
    }

    fn collect(&self, host: &Host) -> Result<Found, Error> {
        let folder = host.sys("bus/usb/devices");
        let devices = host::names(&folder)
            .iter()
            // `usb1` is the controller's own hub, `1-1:1.0` an interface of a device.
            .filter(|name| !name.starts_with("usb") && !name.contains(':'))
            .map(|name| device(&folder.join(name), name))
            .collect();
        Ok(into_inventory(|inventory| {
            inventory.usb_devices = Some(devices);
        }))
    }
}

fn device(folder: &Path, name: &str) -> UsbDevice {
    let either = |text: &str, id: &str| {
        host::text(folder.join(text)).or_else(|| host::text(folder.join(id)))
    };
    UsbDevice {
        product: either("product", "idProduct"),
        vendor: either("manufacturer", "idVendor"),
        handle: Some(format!("USB:{name}")),
    }
}
