//! Instances of a cloud.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::words::words;
use crate::Timestamp;

words! {
    /// What an instance is, in the words of the compute API (`status` of a server).
    InstanceStatus {
        /// Runs.
        Active = "ACTIVE",
        /// Is being made.
        Build = "BUILD",
        /// Is gone.
        Deleted = "DELETED",
        /// Something failed on the way; it may run all the same.
        Error = "ERROR",
        /// Is being reset.
        HardReboot = "HARD_REBOOT",
        /// Is being moved while it runs.
        Migrating = "MIGRATING",
        /// Its password is being changed.
        Password = "PASSWORD",
        /// Is paused; its memory is kept.
        Paused = "PAUSED",
        /// Is being restarted.
        Reboot = "REBOOT",
        /// Is being built again.
        Rebuild = "REBUILD",
        /// Runs a rescue system.
        Rescue = "RESCUE",
        /// Is being resized or moved while it is off.
        Resize = "RESIZE",
        /// Is being brought back after a resize or a move.
        RevertResize = "REVERT_RESIZE",
        /// Is put away as an image.
        Shelved = "SHELVED",
        /// Is put away as an image, and on no host.
        ShelvedOffloaded = "SHELVED_OFFLOADED",
        /// Is off.
        Shutoff = "SHUTOFF",
        /// Is deleted, and can be brought back.
        SoftDeleted = "SOFT_DELETED",
        /// Is suspended to disk.
        Suspended = "SUSPENDED",
        /// The cloud does not know.
        Unknown = "UNKNOWN",
        /// Waits until somebody confirms or reverts its move.
        VerifyResize = "VERIFY_RESIZE",
    }
}

/// What the hypervisor says of an instance (`OS-EXT-STS:power_state` of a server).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InstancePower {
    /// Nothing is known (0).
    NoState,
    /// Runs (1).
    Running,
    /// Is paused (3).
    Paused,
    /// Is off (4).
    Shutdown,
    /// Has crashed (6).
    Crashed,
    /// Is suspended (7).
    Suspended,
}

impl InstancePower {
    /// The state of this number; an unknown number is no known state.
    pub fn of(number: i64) -> Self {
        match number {
            1 => Self::Running,
            3 => Self::Paused,
            4 => Self::Shutdown,
            6 => Self::Crashed,
            7 => Self::Suspended,
            _ => Self::NoState,
        }
    }
}

/// An instance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Instance {
    /// Its UUID.
    pub uuid: String,
    /// Its name.
    pub name: String,
    /// The host it is on ([`super::ComputeHost::name`]); none before it is scheduled and while it is
    /// shelved.
    pub host: Option<String>,
    /// What it is.
    pub status: InstanceStatus,
    /// What is being done with it, e.g. `migrating`; none when nothing is.
    pub task_state: Option<String>,
    /// What its hypervisor says of it.
    pub power_state: InstancePower,
    /// Virtual processors.
    pub vcpus: u64,
    /// Memory, in MiB.
    pub memory_mb: u64,
    /// Disk on its host, in GiB: root, ephemeral and swap; a root that is a volume counts as well,
    /// although it takes no room there.
    pub disk_gb: u64,
    /// Its project.
    pub project_id: String,
    /// Volumes attached to it, the first one first.
    pub volumes: Vec<InstanceVolume>,
    /// Whether its root is a volume: it then has nothing on the host's disk that a move must copy.
    pub is_volume_backed: bool,
    /// The availability zone it is in.
    pub zone: Option<String>,
    /// The availability zone it may not leave; none when it is free, or the cloud cannot say (it
    /// can from compute API 2.96 on).
    pub pinned_zone: Option<String>,
    /// Whether its owner has locked it.
    pub is_locked: bool,
    /// Why it is in [`InstanceStatus::Error`].
    pub fault: Option<String>,
    /// When the cloud changed it last.
    pub updated_at: Option<Timestamp>,
}

/// A volume of an instance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstanceVolume {
    /// The volume's id.
    pub id: String,
    /// Whether it goes with the instance.
    pub is_deleted_with_instance: bool,
}

/// What an instance is told to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InstanceCommand {
    /// Switch on.
    Start,
    /// Switch off, its system first.
    Stop,
    /// Restart its system.
    SoftReboot,
    /// Reset it.
    HardReboot,
    /// Wake up from [`InstanceStatus::Suspended`].
    Resume,
    /// Go on from [`InstanceStatus::Paused`].
    Unpause,
    /// The cloud is to believe it active, whatever it is.
    ResetToActive,
    /// The cloud is to believe it failed.
    ResetToError,
}

/// A key pair that an instance lets its owner in with. Key pairs belong to users.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyPair {
    /// Its name.
    pub name: String,
    /// Whether Assay's user has one of this name, which alone the cloud gives to an instance of Assay's.
    pub is_own: bool,
}

/// An instance that is to be made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewInstance {
    /// Its name.
    pub name: String,
    /// The project it is made in; Assay's user needs a role there.
    pub project_id: String,
    /// Its flavor's id.
    pub flavor_id: String,
    /// The image of its root; none when its first volume is its root.
    pub image_id: Option<String>,
    /// Volumes that it gets; the first one is its root when there is no image.
    pub volumes: Vec<InstanceVolume>,
    /// The networks that it gets an address of each, by id, in this order.
    pub network_ids: Vec<String>,
    /// The names of its security groups.
    pub security_groups: Vec<String>,
    /// What its owner has noted on it.
    pub metadata: BTreeMap<String, String>,
    /// The key pair of its owner.
    pub key: Option<KeyPair>,
    /// The availability zone it is to be in.
    pub zone: Option<String>,
}
