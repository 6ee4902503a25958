//! Memory: what the kernel can use, and what is plugged in.

use assay_inventory::Memory;

use super::{Collector, Found, into_inventory};
use crate::Error;
use crate::dmi::Tables;
use crate::host::{self, Host};

pub(super) struct MemoryFacts;

impl Collector for MemoryFacts {
    fn name(&self) -> &'static str {
        "memory"
    }

    fn is_essential(&self) -> bool {
        true
    }

    fn collect(&self, host: &Host) -> Result<Found, Error> {
        let path = host.proc.join("meminfo");
        let info = std::fs::read_to_string(&path).map_err(Error::io("/proc/meminfo"))?;
        let total = total(&info)
            .ok_or_else(|| Error::Malformed("/proc/meminfo has no MemTotal".to_owned()))?;
        let physical_mb = Tables::read(host)
            .and_then(|tables| tables.memory_mb())
            .or_else(|| blocks_mb(host))
            .or(Some(total >> 20));
        let memory = Memory {
            total: Some(total),
            physical_mb,
        };
        Ok(into_inventory(|inventory| inventory.memory = Some(memory)))
    }
}

/// Bytes; `/proc/meminfo` counts in KiB, which it calls kB.
fn total(info: &str) -> Option<u64> {
    let line = info
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kib: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kib.checked_mul(1024)
}

/// Sum of the memory blocks that the kernel knows (memory hotplug's view).
fn blocks_mb(host: &Host) -> Option<u64> {
    let folder = host.sys("devices/system/memory");
    let size = host::text(folder.join("block_size_bytes"))?;
    let size = u64::from_str_radix(size.trim_start_matches("0x"), 16).ok()?;
    let blocks = host::names(&folder)
        .iter()
        .filter_map(|name| name.strip_prefix("memory"))
        .filter(|rest| rest.parse::<u64>().is_ok())
        .count();
    let bytes = size.checked_mul(u64::try_from(blocks).ok()?)?;
    Some(bytes >> 20).filter(|&mib| mib > 0)
}
