//! NUMA topology: which memory, cores and cards sit together.

use serde::{Deserialize, Serialize};

use crate::lenient;

/// NUMA nodes of the machine (`/sys/devices/system/node`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct NumaTopology {
    /// Memory of each node.
    #[serde(deserialize_with = "lenient::list")]
    pub ram: Vec<NumaRam>,
    /// Cores of each node.
    #[serde(deserialize_with = "lenient::list")]
    pub cpus: Vec<NumaCpu>,
    /// Network interfaces of each node.
    #[serde(deserialize_with = "lenient::list")]
    pub nics: Vec<NumaNic>,
}

/// Memory of one NUMA node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NumaRam {
    /// The node.
    pub numa_node: i64,
    /// Its memory in KiB (`meminfo`, `MemTotal`).
    pub size_kb: u64,
}

/// One core, with its hardware threads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NumaCpu {
    /// Core id, unique within its node only (`topology/core_id`).
    pub cpu: i64,
    /// The node.
    pub numa_node: i64,
    /// Numbers of the logical processors on this core.
    pub thread_siblings: Vec<u32>,
}

/// Place of one network interface.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NumaNic {
    /// The kernel's name.
    pub name: String,
    /// The node, `-1` when the platform does not tell.
    pub numa_node: i64,
}
