//! Processors and memory.

use serde::{Deserialize, Serialize};

use crate::lenient;

/// The machine's processors, seen as one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Cpu {
    /// Marketing name of the first processor (`/proc/cpuinfo`, `model name`).
    #[serde(deserialize_with = "lenient::text")]
    pub model_name: Option<String>,
    /// Highest clock in MHz, as decimal text (cpufreq's `cpuinfo_max_freq`,
    /// else `cpu MHz` of `/proc/cpuinfo`).
    #[serde(deserialize_with = "lenient::text")]
    pub frequency: Option<String>,
    /// Number of logical processors that are online (hardware threads).
    #[serde(deserialize_with = "lenient::number")]
    pub count: Option<u32>,
    /// Machine name as the kernel says it (`uname -m`, say `x86_64`).
    #[serde(deserialize_with = "lenient::text")]
    pub architecture: Option<String>,
    /// Feature flags of the first processor (`/proc/cpuinfo`, `flags`).
    #[serde(deserialize_with = "lenient::list")]
    pub flags: Vec<String>,
    /// Number of sockets with a processor (distinct
    /// `topology/physical_package_id` in sysfs).
    #[serde(deserialize_with = "lenient::number")]
    pub socket_count: Option<u32>,
}

/// The machine's memory.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Memory {
    /// Bytes that the kernel can use (`/proc/meminfo`, `MemTotal`).
    #[serde(deserialize_with = "lenient::number")]
    pub total: Option<u64>,
    /// MiB that are plugged in: the sum of the memory devices of DMI
    /// (SMBIOS type 17), else of sysfs's memory blocks.
    #[serde(deserialize_with = "lenient::number")]
    pub physical_mb: Option<u64>,
}
