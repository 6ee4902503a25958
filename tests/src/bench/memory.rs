//! The resident memory of a process.

use std::fs;

/// Resident memory in MiB.
pub(crate) fn resident_mib(pid: u32) -> f64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.unwrap().trim().trim_end_matches(" kB");
    kib.trim().parse::<f64>().unwrap() / 1024.0
}
