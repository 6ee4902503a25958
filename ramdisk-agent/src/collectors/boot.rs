//! Boot mode, and the card that booted.

use assay_inventory::{Boot, BootMode};

use super::{Collector, Found};
use crate::Error;
use crate::host::Host;

pub(super) struct BootFacts;

impl Collector for BootFacts {
    fn name(&self) -> &'static str {
        "boot"
    }

    fn collect(&self, host: &Host) -> Result<Found, Error> {
        let mode = if host.sys("firmware/efi").is_dir() {
            BootMode::Uefi
        } else {
            BootMode::Bios
        };
        let card = host.boot_interface.map(|mac| mac.to_string());
        Ok(Box::new(move |report| {
            report.boot_interface.clone_from(&card);
            report.inventory.get_or_insert_default().boot = Some(Boot {
                current_boot_mode: Some(mode),
                pxe_interface: card,
            });
        }))
    }
}
