//! NUMA topology, from `/sys/devices/system/node`.

use std::collections::BTreeMap;
use std::path::Path;

use assay_inventory::{NumaCpu, NumaNic, NumaRam, NumaTopology};

use super::{Collector, Found};
use crate::Error;
use crate::host::{self, Host};

pub(super) struct Numa;

impl Collector for Numa {
    fn name(&self) -> &'static str {
        "numa_topology"
    }

    fn collect(&self, host: &Host) -> Result<Found, Error> {
        let folder = host.sys("devices/system/node");
        let nodes: Vec<(i64, String)> = host::names(&folder)
            .into_iter()
            .filter_map(|name| Some((name.strip_prefix("node")?.parse().ok()?, name)))
            .collect();
        let topology = NumaTopology {
            ram: nodes
                .iter()
                .filter_map(|(id, name)| ram(&folder.join(name), *id))
                .collect(),
            cpus: nodes
                .iter()
                .flat_map(|(id, name)| cores(&folder.join(name), *id))
                .collect(),
            nics: nics(&host.sys("class/net")),
        };
        let topology = (!nodes.is_empty()).then_some(topology);
        Ok(Box::new(|report| report.numa_topology = topology))
    }
}

/// From a line like `Node 0 MemTotal: 1560000 kB`.
fn ram(node: &Path, numa_node: i64) -> Option<NumaRam> {
    let info = host::text(node.join("meminfo"))?;
    let size_kb = info.lines().find_map(|line| {
        let (_, size) = line.split_once("MemTotal:")?;
        size.trim().strip_suffix("kB")?.trim().parse().ok()
    })?;
    Some(NumaRam { numa_node, size_kb })
}

fn cores(node: &Path, numa_node: i64) -> Vec<NumaCpu> {
    let mut threads: BTreeMap<i64, Vec<u32>> = BTreeMap::new();
    for name in host::names(node) {
        let thread = name.strip_prefix("cpu").and_then(|rest| rest.parse().ok());
        let core = host::number(node.join(&name).join("topology/core_id"));
        if let (Some(thread), Some(core)) = (thread, core) {
            threads.entry(core).or_default().push(thread);
        }
    }
    threads
        .into_iter()
        .map(|(cpu, thread_siblings)| NumaCpu {
            cpu,
            numa_node,
            thread_siblings,
        })
        .collect()
}

fn nics(folder: &Path) -> Vec<NumaNic> {
    host::names(folder)
        .into_iter()
        .filter_map(|name| {
            let numa_node = host::number(folder.join(&name).join("device/numa_node"))?;
            Some(NumaNic { name, numa_node })
        })
        .collect()
}
