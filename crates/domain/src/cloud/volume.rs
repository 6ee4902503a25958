//! Volumes of a cloud.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::words::words;

words! {
    /// What a volume is (`status` in the block storage API).
    VolumeStatus {
        /// Can be attached.
        Available = "available",
        /// Is attached.
        InUse = "in-use",
        /// Is being made.
        Creating = "creating",
        /// Is going.
        Deleting = "deleting",
        /// Was not made.
        Error = "error",
        /// Could not be deleted.
        ErrorDeleting = "error_deleting",
    }
}

/// A volume.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Volume {
    /// Its id.
    pub id: String,
    /// Its name; empty when it has none.
    pub name: String,
    /// What it is.
    pub status: VolumeStatus,
    /// Its size, in GiB.
    pub size_gb: u64,
    /// The volume that it is a copy of.
    pub copy_of: Option<String>,
    /// Whether a machine can boot from it.
    pub is_bootable: bool,
    /// What is noted on it.
    pub notes: BTreeMap<String, String>,
}

/// A copy of a volume that is to be made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewVolume {
    /// The copy's name, by which its maker finds it again.
    pub name: String,
    /// The project it is made in; Assay's user needs a role there.
    pub project_id: String,
    /// The volume that is copied.
    pub copy_of: String,
    /// Its size in GiB, that of the original or more.
    pub size_gb: u64,
    /// What is noted on it.
    pub notes: BTreeMap<String, String>,
}
