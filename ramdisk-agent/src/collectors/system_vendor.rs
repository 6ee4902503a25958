//! Maker, model, serial number, UUID and firmware, from DMI.

use assay_inventory::{Firmware, SystemVendor};

use super::{Collector, Found, into_inventory};
use crate::Error;
use crate::dmi::Tables;
use crate::host::{self, Host};

pub(super) struct Vendor;

impl Collector for Vendor {
    fn name(&self) -> &'static str {
        "system_vendor"
    }

    fn collect(&self, host: &Host) -> Result<Found, Error> {
        let vendor = match Tables::read(host) {
            Some(tables) => Some(from_tables(&tables)),
            None => from_class(host),
        };
        Ok(into_inventory(|inventory| inventory.system_vendor = vendor))
    }
}

fn from_tables(tables: &Tables) -> SystemVendor {
    let system = |offset| tables.system()?.string(offset);
    let bios = |offset| tables.bios()?.string(offset);
    SystemVendor {
        manufacturer: system(0x04),
        product_name: system(0x05),
        serial_number: system(0x07),
        uuid: tables.uuid(),
        chassis_serial_number: tables.chassis().and_then(|found| found.string(0x07)),
        board_serial_number: tables.board().and_then(|found| found.string(0x07)),
        firmware: tables.bios().map(|_| Firmware {
            vendor: bios(0x04),
            version: bios(0x05),
            build_date: bios(0x08),
        }),
    }
}

/// What the kernel lets everybody read of the same tables.
fn from_class(host: &Host) -> Option<SystemVendor> {
    let folder = host.sys("class/dmi/id");
    let fact = |name: &str| host::text(folder.join(name));
    folder.is_dir().then(|| SystemVendor {
        manufacturer: fact("sys_vendor"),
        product_name: fact("product_name"),
        serial_number: fact("product_serial"),
        uuid: fact("product_uuid").map(|uuid| uuid.to_lowercase()),
        chassis_serial_number: fact("chassis_serial"),
        board_serial_number: fact("board_serial"),
        firmware: Some(Firmware {
            vendor: fact("bios_vendor"),
            version: fact("bios_version"),
            build_date: fact("bios_date"),
        }),
    })
}
