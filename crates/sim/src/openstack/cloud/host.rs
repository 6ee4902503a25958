//! Hosts: what they have, what of it is taken, and whether they live.

use std::collections::BTreeSet;
use std::time::Duration;

use super::clock::Moment;

/// An amount of what Nova schedules by.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::openstack) struct Resources {
    /// Virtual CPUs.
    pub(in crate::openstack) vcpus: u64,
    /// Memory in MiB.
    pub(in crate::openstack) ram_mb: u64,
    /// Disk in GiB.
    pub(in crate::openstack) disk_gb: u64,
}

impl Resources {
    pub(in crate::openstack) fn plus(self, other: Self) -> Self {
        Self {
            vcpus: self.vcpus + other.vcpus,
            ram_mb: self.ram_mb + other.ram_mb,
            disk_gb: self.disk_gb + other.disk_gb,
        }
    }

    pub(in crate::openstack) fn minus(self, other: Self) -> Self {
        Self {
            vcpus: self.vcpus.saturating_sub(other.vcpus),
            ram_mb: self.ram_mb.saturating_sub(other.ram_mb),
            disk_gb: self.disk_gb.saturating_sub(other.disk_gb),
        }
    }
}

/// What a host has.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct HostShape {
    /// CPUs.
    pub vcpus: u64,
    /// Memory in MiB.
    pub ram_mb: u64,
    /// Disk in GiB.
    pub disk_gb: u64,
    /// How many virtual CPUs may be given away per CPU.
    pub cpu_allocation_ratio: f64,
    /// How much memory may be given away per MiB.
    pub ram_allocation_ratio: f64,
    /// How much disk may be given away per GiB.
    pub disk_allocation_ratio: f64,
}

impl Default for HostShape {
    /// 32 CPUs, 128 GiB and 2 TiB, CPUs given away four times.
    fn default() -> Self {
        Self {
            vcpus: 32,
            ram_mb: 128 << 10,
            disk_gb: 2048,
            cpu_allocation_ratio: 4.0,
            ram_allocation_ratio: 1.0,
            disk_allocation_ratio: 1.0,
        }
    }
}

/// How a host really is, whatever the cloud believes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HostCondition {
    /// It runs, and its compute service reports.
    Well,
    /// Its compute service is silent, and its instances still run.
    DeadButRunning,
    /// It has no power; nothing runs on it.
    PoweredOff,
}

/// A hypervisor with its compute service and its resource provider.
#[derive(Debug)]
pub(in crate::openstack) struct Host {
    pub(in crate::openstack) name: String,
    /// The number of hypervisor and service before microversion 2.53.
    pub(in crate::openstack) number: u64,
    /// Of hypervisor and resource provider.
    pub(in crate::openstack) uuid: String,
    pub(in crate::openstack) service_uuid: String,
    pub(in crate::openstack) shape: HostShape,
    pub(in crate::openstack) used: Resources,
    pub(in crate::openstack) is_disabled: bool,
    pub(in crate::openstack) disabled_reason: Option<String>,
    pub(in crate::openstack) forced_down: bool,
    pub(in crate::openstack) condition: HostCondition,
    /// Since when it is not well.
    pub(in crate::openstack) silent_since: Option<Moment>,
    /// Those that the cloud believes to be here.
    pub(in crate::openstack) instances: BTreeSet<u64>,
    /// Of the resource provider; grows with each change.
    pub(in crate::openstack) generation: u64,
}

impl Host {
    /// Whether the cloud takes its compute service for up.
    pub(in crate::openstack) fn is_up(&self, now: Moment, down_after: Duration) -> bool {
        let silent_for = |since: Moment| (now - since).to_std().unwrap_or_default();
        !self.forced_down
            && self
                .silent_since
                .is_none_or(|since| silent_for(since) < down_after)
    }

    /// When its service last reported.
    pub(in crate::openstack) fn reported(&self, now: Moment) -> Moment {
        self.silent_since.unwrap_or(now)
    }

    /// How much may be given away in all.
    pub(in crate::openstack) fn capacity(&self) -> Resources {
        Resources {
            vcpus: times(self.shape.vcpus, self.shape.cpu_allocation_ratio),
            ram_mb: times(self.shape.ram_mb, self.shape.ram_allocation_ratio),
            disk_gb: times(self.shape.disk_gb, self.shape.disk_allocation_ratio),
        }
    }

    /// Whether so much more fits.
    pub(in crate::openstack) fn has_room(&self, wanted: Resources) -> bool {
        let (all, sum) = (self.capacity(), self.used.plus(wanted));
        sum.vcpus <= all.vcpus && sum.ram_mb <= all.ram_mb && sum.disk_gb <= all.disk_gb
    }

    /// An address that belongs to nobody else of the cloud.
    pub(in crate::openstack) fn ip(&self) -> String {
        format!("10.20.{}.{}", self.number / 250, self.number % 250 + 1)
    }
}

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "ratios are small and positive, and Placement rounds down, too"
)]
fn times(amount: u64, ratio: f64) -> u64 {
    (amount as f64 * ratio) as u64
}
