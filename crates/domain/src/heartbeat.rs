//! Signs of life that the hosts of nodes write to their availability storages.

use serde::{Deserialize, Serialize};

use crate::{AvailabilityStorage, Timestamp};

/// The folder of an availability storage in which hosts write: one file each, by the node's UUID.
pub const HEARTBEAT_FOLDER: &str = ".assay-heartbeats";

/// What a storage tells of a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BeatState {
    /// It has not been looked at for long enough to tell.
    Waiting,
    /// The host writes.
    Beating,
    /// The host has stopped writing.
    Silent,
    /// It cannot be read, which says nothing of the host.
    Unreadable,
}

impl BeatState {
    /// Its name in APIs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Beating => "beating",
            Self::Silent => "silent",
            Self::Unreadable => "unreadable",
        }
    }
}

/// What one storage tells of a host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StorageBeat {
    /// The storage's key.
    pub storage_id: i64,
    /// The storage's name when it was looked at.
    pub storage: String,
    /// What it tells.
    pub state: BeatState,
    /// Since when; of silence, when the last sign of life was seen.
    pub since: Timestamp,
    /// Why it cannot be read.
    pub detail: Option<String>,
}

/// What is known of a host's signs of life.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Heartbeat {
    /// Each of its storages.
    pub beats: Vec<StorageBeat>,
    /// What is made of its silence, and why nothing is; none while it is not silent.
    pub verdict: Option<String>,
    /// The task that evacuates it because of this silence.
    pub task: Option<String>,
}

impl Heartbeat {
    /// Whether it has stopped writing to all its storages. A host whose storages cannot all be read is not
    /// judged.
    pub fn is_silent(&self) -> bool {
        let mut beats = self.beats.iter();
        !self.beats.is_empty() && beats.all(|beat| beat.state == BeatState::Silent)
    }

    /// Whether it writes to one of its storages at least.
    pub fn is_beating(&self) -> bool {
        let mut beats = self.beats.iter();
        beats.any(|beat| beat.state == BeatState::Beating)
    }
}

/// A host whose signs of life are watched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WatchedHost {
    /// The node's key.
    pub node_id: i64,
    /// The node's UUID, which names the host's files.
    pub uuid: String,
    /// The node's name.
    pub name: Option<String>,
    /// The storages that it can reach.
    pub storages: Vec<AvailabilityStorage>,
    /// What is known of it.
    pub heartbeat: Heartbeat,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_storage_that_tells_something_else_is_enough() {
        use BeatState::{Beating, Silent, Unreadable, Waiting};
        let of = |states: &[BeatState]| Heartbeat {
            beats: states
                .iter()
                .map(|state| StorageBeat {
                    storage_id: 1,
                    storage: "store".to_owned(),
                    state: *state,
                    since: Timestamp::default(),
                    detail: None,
                })
                .collect(),
            ..Heartbeat::default()
        };
        assert!(of(&[Silent]).is_silent() && of(&[Silent, Silent]).is_silent());
        assert!(!of(&[]).is_silent());
        for other in [Beating, Unreadable, Waiting] {
            assert!(!of(&[Silent, other]).is_silent(), "{other:?}");
        }
        assert!(of(&[Silent, Beating]).is_beating() && !of(&[Silent, Waiting]).is_beating());
    }
}
