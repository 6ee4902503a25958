//! Disks, from sysfs alone: no udev runs in the ramdisk.

use std::path::{Path, PathBuf};

use assay_inventory::Disk;

use super::{Collector, Found, into_inventory};
use crate::Error;
use crate::host::{self, Host};

mod topology;
mod vpd;

use topology::Topology;
use vpd::Wwn;

/// Sysfs counts in these, whatever the disk's sectors are.
const SECTOR: u64 = 512;
/// Block devices that are no disks although they have a device behind them.
const NO_DISKS: [&str; 3] = ["fd", "sr", "scd"];

pub(super) struct Disks;

impl Collector for Disks {
    fn name(&self) -> &'static str {
        "disks"
    }

    fn is_essential(&self) -> bool {
        true
    }

    fn collect(&self, host: &Host) -> Result<Found, Error> {
        let disks = disk_folders(host)
            .iter()
            .filter_map(|folder| disk(host, folder))
            .collect();
        Ok(into_inventory(|inventory| inventory.disks = disks))
    }
}

/// Folders of the disks. Loops, RAM disks, device mapper, md and zram have no
/// device behind them; a hidden one is a path of a multipath NVMe disk.
fn disk_folders(host: &Host) -> Vec<PathBuf> {
    let block = host.sys("block");
    host::names(&block)
        .iter()
        .filter(|name| !NO_DISKS.iter().any(|kind| is_numbered(name, kind)))
        .map(|name| block.join(name))
        .filter(|folder| folder.join("device").exists())
        .filter(|folder| host::number::<u8>(folder.join("hidden")) != Some(1))
        .collect()
}

fn is_numbered(name: &str, kind: &str) -> bool {
    name.strip_prefix(kind)
        .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit()))
}

/// `None` for an empty slot of a card reader and the like.
fn disk(host: &Host, folder: &Path) -> Option<Disk> {
    let sectors = host::number::<u64>(folder.join("size")).filter(|&size| size > 0)?;
    let name = folder.file_name()?.to_str()?;
    let topology = Topology::of(host, folder);
    let wwn = wwn(folder);
    Some(Disk {
        name: Some(format!("/dev/{name}")),
        model: model(folder),
        size: sectors.checked_mul(SECTOR),
        rotational: host::number::<u8>(folder.join("queue/rotational")).map(|spin| spin == 1),
        wwn: wwn.plain,
        serial: serial(folder).or_else(|| topology.usb_serial()),
        vendor: host::text(folder.join("device/vendor")),
        wwn_with_extension: wwn.with_extension,
        wwn_vendor_extension: wwn.extension,
        hctl: topology.hctl(),
        by_path: topology
            .by_path()
            .map(|path| format!("/dev/disk/by-path/{path}")),
        logical_sectors: host::number(folder.join("queue/logical_block_size")),
        physical_sectors: host::number(folder.join("queue/physical_block_size")),
        tran: topology.transport().map(str::to_owned),
    })
}

/// SCSI's INQUIRY has room for 16 characters only; ATA's IDENTIFY has them all.
fn model(folder: &Path) -> Option<String> {
    let identify = std::fs::read(folder.join("device/vpd_pg89")).ok();
    identify
        .and_then(|page| vpd::ata_model(&page))
        .or_else(|| host::text(folder.join("device/model")))
        .or_else(|| host::text(folder.join("device/name")))
}

fn serial(folder: &Path) -> Option<String> {
    let page = std::fs::read(folder.join("device/vpd_pg80")).ok();
    page.and_then(|page| vpd::serial(&page))
        .or_else(|| host::text(folder.join("serial")))
        .or_else(|| host::text(folder.join("device/serial")))
}

fn wwn(folder: &Path) -> Wwn {
    let page = std::fs::read(folder.join("device/vpd_pg83")).ok();
    page.and_then(|page| Wwn::from_page(&page))
        .or_else(|| Wwn::from_wwid(&host::text(folder.join("wwid"))?))
        .or_else(|| Wwn::from_wwid(&host::text(folder.join("device/wwid"))?))
        .unwrap_or_default()
}
