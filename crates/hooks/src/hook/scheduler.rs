//! Hook: CPUs, architecture, memory and disk size, by which machines are chosen.

use assay_inventory::{Cpu, Disk, Memory};
use serde_json::Value;

use super::Hook;
use crate::report::{decode, inventory, put};
use crate::{HookSettings, Subject};

const GIB: u64 = 1 << 30;
const MIB: u64 = 1 << 20;

/// Adds `cpus`, `cpu_arch`, `memory_mb` (MiB) and `local_gb` (GiB; 0 without a root disk) to the
/// report and to the node. Memory is what is plugged in, or where that is not known what the kernel
/// can use.
pub(crate) struct Scheduler;

impl Hook for Scheduler {
    fn name(&self) -> &'static str {
        "scheduler"
    }

    fn update(&self, subject: &mut Subject, settings: &HookSettings) -> Result<(), String> {
        inventory(&subject.data)?;
        let facts = Facts::of(&subject.data, settings.disk_partitioning_spacing);
        let missing = facts.missing();
        if !missing.is_empty() {
            let message = format!(
                "Missing or malformed in the inventory: {}",
                missing.join(", ")
            );
            if settings.require_scheduler_facts {
                return Err(message);
            }
            tracing::warn!(node = subject.node.uuid, "{message}");
        }
        facts.add_to_report(&mut subject.data);
        facts.add_to_node(subject, settings.overwrite_existing);
        Ok(())
    }
}

struct Facts {
    cpus: Option<i32>,
    cpu_arch: Option<String>,
    memory_mb: Option<i64>,
    local_gb: i64,
}

impl Facts {
    fn of(data: &Value, spacing: bool) -> Self {
        let part = |key: &str| data.get("inventory").and_then(|known| known.get(key));
        let cpu = part("cpu").and_then(decode::<Cpu>).unwrap_or_default();
        let memory = part("memory")
            .and_then(decode::<Memory>)
            .unwrap_or_default();
        let physical = memory.physical_mb.filter(|&mib| mib > 0);
        let usable = memory.total.map(|bytes| bytes / MIB);
        Self {
            cpus: cpu
                .count
                .and_then(|count| count.try_into().ok())
                .filter(|&count| count > 0),
            cpu_arch: cpu.architecture.filter(|text| !text.is_empty()),
            memory_mb: physical
                .or(usable)
                .and_then(|mib| mib.try_into().ok())
                .filter(|&mib| mib > 0),
            local_gb: local_gb(data, spacing),
        }
    }

    fn missing(&self) -> Vec<&'static str> {
        [
            (self.cpus.is_none(), "CPU count"),
            (self.cpu_arch.is_none(), "CPU architecture"),
            (self.memory_mb.is_none(), "memory size"),
        ]
        .into_iter()
        .filter_map(|(missing, name)| missing.then_some(name))
        .collect()
    }

    fn add_to_report(&self, data: &mut Value) {
        if let Some(cpus) = self.cpus {
            put(data, "cpus", cpus);
        }
        if let Some(arch) = &self.cpu_arch {
            put(data, "cpu_arch", arch.as_str());
        }
        if let Some(memory) = self.memory_mb {
            put(data, "memory_mb", memory);
        }
        put(data, "local_gb", self.local_gb);
    }

    fn add_to_node(self, subject: &mut Subject, overwrite: bool) {
        let node = &mut subject.node;
        if self.cpus.is_some() && (overwrite || node.cpu_amount.unwrap_or(0) == 0) {
            node.cpu_amount = self.cpus;
        }
        if self.cpu_arch.is_some() && (overwrite || node.cpu_arch.is_none()) {
            node.cpu_arch = self.cpu_arch;
        }
        if self.memory_mb.is_some() && (overwrite || node.ram_mb.unwrap_or(0) == 0) {
            node.ram_mb = self.memory_mb;
        }
        if overwrite || node.hdd_gb.unwrap_or(0) == 0 {
            node.hdd_gb = Some(self.local_gb);
        }
    }
}

fn local_gb(data: &Value, spacing: bool) -> i64 {
    let disk = data.get("root_disk").filter(|disk| !disk.is_null());
    let size = disk.and_then(decode::<Disk>).and_then(|disk| disk.size);
    let gib = size.unwrap_or(0) / GIB;
    let usable = if spacing { gib.saturating_sub(1) } else { gib };
    usable.try_into().unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;
    use serde_json::json;

    fn run(data: Value, settings: &HookSettings) -> Result<Subject, String> {
        let mut subject = fixture::subject(data);
        subject.node.cpu_arch = Some("aarch64".to_owned());
        Scheduler.update(&mut subject, settings)?;
        Ok(subject)
    }

    #[test]
    fn facts_reach_the_report_and_the_node() {
        let subject = run(fixture::report(), &HookSettings::default()).unwrap();
        assert_eq!(subject.node.cpu_amount, Some(2));
        assert_eq!(subject.node.cpu_arch.as_deref(), Some("x86_64"));
        assert_eq!(subject.node.ram_mb, Some(2048));
        assert_eq!(subject.node.hdd_gb, Some(12));
        assert_eq!(subject.data["cpus"], 2);
        assert_eq!(subject.data["cpu_arch"], "x86_64");
        assert_eq!(subject.data["memory_mb"], 2048);
        assert_eq!(subject.data["local_gb"], 12);
    }

    #[test]
    fn existing_values_stay_when_so_configured() {
        let settings = HookSettings {
            overwrite_existing: false,
            disk_partitioning_spacing: false,
            ..HookSettings::default()
        };
        let subject = run(fixture::report(), &settings).unwrap();
        assert_eq!(subject.node.cpu_arch.as_deref(), Some("aarch64"));
        assert_eq!(subject.data["cpu_arch"], "x86_64");
        assert_eq!(subject.node.hdd_gb, Some(13));
    }

    #[test]
    fn usable_memory_stands_in_and_no_disk_is_zero() {
        let data = json!({"inventory": {
            "cpu": {"count": "4", "architecture": "x86_64"},
            "memory": {"physical_mb": null, "total": 3 * MIB},
        }});
        let subject = run(data, &HookSettings::default()).unwrap();
        assert_eq!(subject.node.ram_mb, Some(3));
        assert_eq!(subject.node.hdd_gb, Some(0));
        assert_eq!(subject.node.cpu_amount, Some(4));
    }

    #[test]
    fn missing_facts_fail_only_when_required() {
        let data = json!({"inventory": {"cpu": {"count": -1}, "memory": "much"}});
        let subject = run(data.clone(), &HookSettings::default()).unwrap();
        assert_eq!(subject.node.cpu_amount, None);
        let settings = HookSettings {
            require_scheduler_facts: true,
            ..HookSettings::default()
        };
        assert_eq!(
            run(data, &settings).unwrap_err(),
            "Missing or malformed in the inventory: CPU count, CPU architecture, memory size"
        );
    }

    #[test]
    fn a_tiny_root_disk_does_not_go_below_zero() {
        let data = json!({"inventory": {"cpu": {}}, "root_disk": {"size": 1000}});
        assert_eq!(
            run(data, &HookSettings::default()).unwrap().node.hdd_gb,
            Some(0)
        );
    }
}
