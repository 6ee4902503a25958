//! Processors, from `/proc/cpuinfo` and sysfs.

use std::collections::BTreeSet;
use std::path::Path;

use assay_inventory::Cpu;

use super::{Collector, Found, into_inventory};
use crate::Error;
use crate::host::{self, Host};

pub(super) struct Processors;

impl Collector for Processors {
    fn name(&self) -> &'static str {
        "cpu"
    }

    fn is_essential(&self) -> bool {
        true
    }

    fn collect(&self, host: &Host) -> Result<Found, Error> {
        let path = host.proc.join("cpuinfo");
        let info = std::fs::read_to_string(&path).map_err(Error::io("/proc/cpuinfo"))?;
        let cpu = Cpu {
            model_name: field(&info, "model name").map(str::to_owned),
            frequency: frequency(host, &info),
            count: u32::try_from(count(&info)).ok().filter(|&count| count > 0),
            architecture: Some(
                rustix::system::uname()
                    .machine()
                    .to_string_lossy()
                    .into_owned(),
            ),
            flags: field(&info, "flags")
                .or_else(|| field(&info, "Features"))
                .map(|flags| flags.split_whitespace().map(str::to_owned).collect())
                .unwrap_or_default(),
            socket_count: sockets(&host.sys("devices/system/cpu")),
        };
        Ok(into_inventory(|inventory| inventory.cpu = Some(cpu)))
    }
}

/// The first processor's value of a key.
fn field<'a>(info: &'a str, key: &str) -> Option<&'a str> {
    info.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        (name.trim() == key).then(|| value.trim())
    })
}

fn count(info: &str) -> usize {
    info.lines()
        .filter_map(|line| line.split_once(':'))
        .filter(|(name, _)| name.trim() == "processor")
        .count()
}

/// MHz with four digits, as `lscpu` prints it; cpufreq counts in kHz.
fn frequency(host: &Host, info: &str) -> Option<String> {
    let highest = host.sys("devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq");
    let megahertz = host::number::<u64>(highest)
        .map(|kilohertz| kilohertz as f64 / 1000.0)
        .or_else(|| field(info, "cpu MHz")?.parse().ok())?;
    Some(format!("{megahertz:.4}"))
}

fn sockets(folder: &Path) -> Option<u32> {
    let packages: BTreeSet<String> = host::names(folder)
        .iter()
        .filter_map(|cpu| host::text(folder.join(cpu).join("topology/physical_package_id")))
        .collect();
    u32::try_from(packages.len())
        .ok()
        .filter(|&count| count > 0)
}
