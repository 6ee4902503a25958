//! Hypervisors as a cloud sees them: their services, what they hold, and how they are grouped.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::words::words;

/// A host's compute service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComputeHost {
    /// The name that instances and migrations know the host by.
    pub name: String,
    /// The service's id in the cloud.
    pub service_id: String,
    /// Whether the scheduler may give it instances.
    pub is_enabled: bool,
    /// Why it may not, in an operator's words.
    pub disabled_reason: Option<String>,
    /// Whether the service reports in.
    pub is_up: bool,
    /// Whether somebody has told the cloud that it is down, whatever it reports.
    pub is_forced_down: bool,
    /// Its availability zone.
    pub zone: Option<String>,
}

/// A change of a compute service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ServiceChange {
    /// The scheduler may give it instances.
    Enable,
    /// It may not.
    Disable {
        /// Why, at most 255 characters, for whoever looks at the cloud.
        reason: String,
    },
    /// The cloud is to believe it down, so that its instances can be evacuated at once, or not any
    /// more. Only for a host that is known to be off.
    ForceDown(bool),
}

/// A hypervisor, as the cloud describes it. Sizes are the whole of the machine, before ratios.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Hypervisor {
    /// Its id in the cloud.
    pub id: String,
    /// Its own name, by which [`Capacity`] knows it; for libvirt the host's full name.
    pub name: String,
    /// The name of its compute service ([`ComputeHost::name`]).
    pub host: String,
    /// That service's id.
    pub service_id: Option<String>,
    /// Why that service is disabled.
    pub disabled_reason: Option<String>,
    /// Its address.
    pub host_ip: Option<String>,
    /// Its kind, e.g. `QEMU`.
    pub kind: Option<String>,
    /// Its version as one number, e.g. 8002000.
    pub version: Option<i64>,
    /// `up` or `down`.
    pub state: Option<String>,
    /// `enabled` or `disabled`.
    pub status: Option<String>,
    /// Its processor as the cloud describes it: arch, model, vendor, features, topology.
    pub cpu_info: Option<Value>,
    /// Threads of the processor.
    pub vcpus: Option<i64>,
    /// Virtual processors given to instances.
    pub vcpus_used: Option<i64>,
    /// Memory, in MiB.
    pub memory_mb: Option<i64>,
    /// Memory given to instances and reserved, in MiB.
    pub memory_mb_used: Option<i64>,
    /// Memory that is left, in MiB; negative with overcommitment.
    pub free_ram_mb: Option<i64>,
    /// Disk, in GiB.
    pub local_gb: Option<i64>,
    /// Disk given to instances, in GiB.
    pub local_gb_used: Option<i64>,
    /// Disk that is left, in GiB.
    pub free_disk_gb: Option<i64>,
    /// Disk that is left when images grow to their full size, in GiB.
    pub disk_available_least: Option<i64>,
    /// Instances on it.
    pub running_vms: Option<i64>,
    /// Instances that are being built, moved and the like.
    pub current_workload: Option<i64>,
}

/// What a hypervisor can hold, and holds now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Capacity {
    /// The hypervisor's name ([`Hypervisor::name`]).
    pub hypervisor: String,
    /// Virtual processors that may be given away, before the ratio, without what is reserved.
    pub vcpus: u64,
    /// Virtual processors given away.
    pub vcpus_used: u64,
    /// Virtual processors given away per one that there is, greater than zero.
    pub cpu_allocation_ratio: f64,
    /// Memory that may be given away, before the ratio, without what is reserved, in MiB.
    pub memory_mb: u64,
    /// Memory given away, in MiB.
    pub memory_mb_used: u64,
    /// Memory given away per one that there is, greater than zero.
    pub ram_allocation_ratio: f64,
    /// Disk that may be given away, before the ratio, without what is reserved, in GiB; none when
    /// the host's own disk holds no instances.
    pub disk_gb: Option<u64>,
    /// Disk given away, in GiB.
    pub disk_gb_used: u64,
    /// Disk given away per one that there is, greater than zero.
    pub disk_allocation_ratio: f64,
}

impl Capacity {
    /// Whether the numbers leave room for another instance. The scheduler knows more, and decides.
    pub fn fits(&self, vcpus: u64, memory_mb: u64, disk_gb: u64) -> bool {
        let has_room = |total: u64, ratio: f64, used: u64, more: u64| {
            used.saturating_add(more) as f64 <= total as f64 * ratio
        };
        let disk = self.disk_gb.is_none_or(|total| {
            has_room(
                total,
                self.disk_allocation_ratio,
                self.disk_gb_used,
                disk_gb,
            )
        });
        disk && has_room(
            self.vcpus,
            self.cpu_allocation_ratio,
            self.vcpus_used,
            vcpus,
        ) && has_room(
            self.memory_mb,
            self.ram_allocation_ratio,
            self.memory_mb_used,
            memory_mb,
        )
    }
}

/// A host aggregate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Aggregate {
    /// Its number in the cloud.
    pub id: i64,
    /// Its UUID.
    pub uuid: Option<String>,
    /// Its name.
    pub name: String,
    /// The availability zone that it makes of its hosts.
    pub zone: Option<String>,
    /// Its hosts ([`ComputeHost::name`]).
    pub hosts: Vec<String>,
}

words! {
    /// Where the instances of a server group may be.
    GroupPolicy {
        /// All on one host.
        Affinity = "affinity",
        /// Each on a host of its own.
        AntiAffinity = "anti-affinity",
        /// On one host if possible.
        SoftAffinity = "soft-affinity",
        /// Each on a host of its own if possible.
        SoftAntiAffinity = "soft-anti-affinity",
    }
}

/// Instances whose hosts depend on each other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerGroup {
    /// Its UUID.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Where its instances may be.
    pub policy: GroupPolicy,
    /// With [`GroupPolicy::AntiAffinity`]: how many may share a host; one when absent.
    pub max_per_host: Option<u32>,
    /// The UUIDs of its instances.
    pub members: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ratios_count_and_a_host_without_a_disk_of_its_own_is_not_asked_for_one() {
        let mut capacity = Capacity {
            hypervisor: "a".to_owned(),
            vcpus: 4,
            vcpus_used: 6,
            cpu_allocation_ratio: 2.0,
            memory_mb: 1000,
            memory_mb_used: 500,
            ram_allocation_ratio: 1.0,
            disk_gb: Some(10),
            disk_gb_used: 9,
            disk_allocation_ratio: 1.0,
        };
        assert!(capacity.fits(2, 500, 1));
        assert!(!capacity.fits(3, 500, 1));
        assert!(!capacity.fits(2, 501, 1));
        assert!(!capacity.fits(2, 500, 2));
        capacity.disk_gb = None;
        assert!(capacity.fits(2, 500, 2));
    }

    #[test]
    fn a_word_that_is_not_known_is_kept() {
        let policy: GroupPolicy = serde_json::from_str("\"spread\"").unwrap();
        assert_eq!(policy, GroupPolicy::Other("spread".to_owned()));
        assert_eq!(serde_json::to_string(&policy).unwrap(), "\"spread\"");
        assert_eq!(GroupPolicy::from("affinity"), GroupPolicy::Affinity);
    }
}
