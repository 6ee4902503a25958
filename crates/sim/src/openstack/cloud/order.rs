//! What instances are ordered by: projects, flavors, images, aggregates and server groups.

use std::collections::{BTreeMap, BTreeSet};

use super::clock::Moment;
use super::host::Resources;

/// A project of the domain `Default`.
#[derive(Debug, Clone)]
pub(in crate::openstack) struct Project {
    pub(in crate::openstack) id: String,
    pub(in crate::openstack) name: String,
}

/// A domain of users and projects.
#[derive(Debug, Clone)]
pub(in crate::openstack) struct Domain {
    pub(in crate::openstack) id: String,
    pub(in crate::openstack) name: String,
    /// Its configuration in Keystone's database, by group and option; null when there is none.
    pub(in crate::openstack) config: serde_json::Value,
}

impl Domain {
    /// The one that there always is.
    pub(in crate::openstack) fn default_one() -> Self {
        Self {
            id: "default".to_owned(),
            name: "Default".to_owned(),
            config: serde_json::Value::Null,
        }
    }
}

/// What an instance is made of.
#[derive(Debug, Clone)]
pub(in crate::openstack) struct Flavor {
    pub(in crate::openstack) id: String,
    pub(in crate::openstack) name: String,
    pub(in crate::openstack) size: Resources,
}

impl Flavor {
    /// What it takes of a host; a disk in a volume takes nothing.
    pub(in crate::openstack) fn resources(&self, has_local_disk: bool) -> Resources {
        let disk_gb = if has_local_disk { self.size.disk_gb } else { 0 };
        Resources {
            disk_gb,
            ..self.size
        }
    }
}

/// What an instance boots.
#[derive(Debug, Clone)]
pub(in crate::openstack) struct Image {
    pub(in crate::openstack) id: String,
    pub(in crate::openstack) name: String,
    /// In bytes.
    pub(in crate::openstack) size: u64,
    pub(in crate::openstack) min_disk_gb: u64,
    pub(in crate::openstack) min_ram_mb: u64,
}

/// A host aggregate. Its availability zone is in its metadata.
#[derive(Debug, Clone)]
pub(in crate::openstack) struct Aggregate {
    pub(in crate::openstack) id: u64,
    pub(in crate::openstack) uuid: String,
    pub(in crate::openstack) name: String,
    pub(in crate::openstack) hosts: BTreeSet<String>,
    pub(in crate::openstack) metadata: BTreeMap<String, String>,
    pub(in crate::openstack) created: Moment,
    pub(in crate::openstack) updated: Option<Moment>,
}

impl Aggregate {
    /// The availability zone that its hosts are in, if it makes one.
    pub(in crate::openstack) fn zone(&self) -> Option<&str> {
        self.metadata.get("availability_zone").map(String::as_str)
    }
}

/// A server group.
#[derive(Debug, Clone)]
pub(in crate::openstack) struct Group {
    pub(in crate::openstack) id: String,
    pub(in crate::openstack) name: String,
    /// `affinity`, `anti-affinity`, and each with `soft-` before it.
    pub(in crate::openstack) policy: String,
    /// How many of it one host may have under anti-affinity; one when absent.
    pub(in crate::openstack) max_server_per_host: Option<u64>,
    pub(in crate::openstack) project_id: String,
    pub(in crate::openstack) user_id: String,
    /// By their numbers.
    pub(in crate::openstack) members: BTreeSet<u64>,
}
