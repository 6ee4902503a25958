//! How much hosts have given away of what they may.

use serde::{Deserialize, Serialize};

use assay_domain::cloud::Capacity;

/// What a host has given away, as shares of what it may give (with allocation ratios): 1 is all.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Load {
    /// Of its virtual processors.
    pub cpu: f64,
    /// Of its memory.
    pub memory: f64,
}

/// What a host may give away, with its allocation ratios.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    cpus: f64,
    memory_mb: f64,
}

impl Limits {
    /// None of a host that may give nothing.
    pub(crate) fn of(capacity: &Capacity) -> Option<Self> {
        let cpus = capacity.vcpus as f64 * capacity.cpu_allocation_ratio;
        let memory_mb = capacity.memory_mb as f64 * capacity.ram_allocation_ratio;
        (cpus > 0.0 && memory_mb > 0.0).then_some(Self { cpus, memory_mb })
    }

    /// What all of these hosts together may give away.
    pub(crate) fn sum(all: impl Iterator<Item = Self>) -> Self {
        let none = Self {
            cpus: 0.0,
            memory_mb: 0.0,
        };
        all.fold(none, |sum, one| Self {
            cpus: sum.cpus + one.cpus,
            memory_mb: sum.memory_mb + one.memory_mb,
        })
    }

    /// What so much is of it.
    pub(crate) fn share(self, vcpus: u64, memory_mb: u64) -> Load {
        Load {
            cpu: vcpus as f64 / self.cpus,
            memory: memory_mb as f64 / self.memory_mb,
        }
    }
}

impl Load {
    /// The same host's with more, or less, given away.
    pub(crate) fn with(self, more: Self) -> Self {
        Self {
            cpu: self.cpu + more.cpu,
            memory: self.memory + more.memory,
        }
    }

    /// The same host's with that taken back.
    pub(crate) fn without(self, less: Self) -> Self {
        Self {
            cpu: self.cpu - less.cpu,
            memory: self.memory - less.memory,
        }
    }

    /// How far it is above another one, in what it is above it most.
    pub(crate) fn above(self, mean: Self) -> f64 {
        (self.cpu - mean.cpu).max(self.memory - mean.memory)
    }

    /// The square of its distance to another one.
    pub(crate) fn squared_distance(self, mean: Self) -> f64 {
        (self.cpu - mean.cpu).powi(2) + (self.memory - mean.memory).powi(2)
    }
}

/// How different the loads of hosts are: standard deviations from their common load.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Imbalance {
    /// Of the shares of virtual processors.
    pub cpu: f64,
    /// Of the shares of memory.
    pub memory: f64,
}

impl Imbalance {
    pub(crate) fn of(loads: &[Load], mean: Load) -> Self {
        let count = loads.len().max(1) as f64;
        let deviation = |square: fn(Load, Load) -> f64| {
            let sum: f64 = loads.iter().map(|load| square(*load, mean)).sum();
            (sum / count).sqrt()
        };
        Self {
            cpu: deviation(|load, mean| (load.cpu - mean.cpu).powi(2)),
            memory: deviation(|load, mean| (load.memory - mean.memory).powi(2)),
        }
    }
}
