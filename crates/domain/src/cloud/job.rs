//! Work on a cloud's hosts and instances that takes long: what was planned, and how far it is. It is
//! recorded before it is done, so that whoever goes on with it does nothing twice.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::error::{Error, Result};

/// How an instance leaves a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// While it runs, without a pause.
    Live,
    /// While it is off; one that runs is stopped for it, and started again.
    Cold,
    /// It is built again elsewhere. Only from a host that is known to be off.
    Evacuate,
}

impl Method {
    /// Its name in APIs and texts.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Cold => "cold",
            Self::Evacuate => "evacuate",
        }
    }
}

/// How far the move of an instance is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MoveState {
    /// Nothing was sent to the cloud.
    Planned,
    /// The cloud was told, or may have been told; its migrations show what has become of it.
    Sent,
    /// The instance is on another host.
    Moved,
    /// It is where it was; why is beside it.
    Stayed,
    /// It is not there any more.
    Gone,
}

impl MoveState {
    /// All states.
    pub const ALL: [Self; 5] = [
        Self::Planned,
        Self::Sent,
        Self::Moved,
        Self::Stayed,
        Self::Gone,
    ];

    /// The state's name in APIs and the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Sent => "sent",
            Self::Moved => "moved",
            Self::Stayed => "stayed",
            Self::Gone => "gone",
        }
    }

    /// Whether nothing more happens.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Moved | Self::Stayed | Self::Gone)
    }
}

impl FromStr for MoveState {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::ALL
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or_else(|| Error::internal(format!("unknown state of a move '{text}'")))
    }
}

/// One instance that a task moves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstanceMove {
    /// The task.
    pub task_uuid: String,
    /// The place among the moves of its task, from 0.
    pub position: i32,
    /// The instance.
    pub instance_uuid: String,
    /// Its name.
    pub instance_name: String,
    /// The host it leaves.
    pub source: String,
    /// The host it is to go to; none leaves that to the scheduler.
    pub target: Option<String>,
    /// The ways that are left, the one that is tried now being first.
    pub methods: Vec<Method>,
    /// How far it is.
    pub state: MoveState,
    /// The newest migration of the instance before the cloud was told: a later one is ours. Zero when
    /// there was none.
    pub after_migration: i64,
    /// How often the cloud was told in the present way.
    pub attempts: i32,
    /// Where it is now, or why it stays.
    pub detail: Option<String>,
    /// When it changed last.
    pub changed_at: Timestamp,
}

/// How far a host is that a task empties.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum HostStage {
    /// Its turn has not come.
    Waiting,
    /// The scheduler gives it nothing more, and its moves are planned.
    Moving,
    /// Its moves have ended, and what is left on it may be left.
    Emptied,
    /// It was told to switch off.
    SwitchingOff,
    /// It is off.
    Off,
    /// It was told to switch on.
    SwitchingOn,
    /// All is done.
    Done,
    /// It was given up; why is beside it.
    Failed,
}

impl HostStage {
    /// All stages, in the order in which they come.
    pub const ALL: [Self; 8] = [
        Self::Waiting,
        Self::Moving,
        Self::Emptied,
        Self::SwitchingOff,
        Self::Off,
        Self::SwitchingOn,
        Self::Done,
        Self::Failed,
    ];

    /// The stage's name in APIs and the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Moving => "moving",
            Self::Emptied => "emptied",
            Self::SwitchingOff => "switching_off",
            Self::Off => "off",
            Self::SwitchingOn => "switching_on",
            Self::Done => "done",
            Self::Failed => "failed",
        }
    }

    /// Whether nothing more happens.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Done | Self::Failed)
    }
}

impl FromStr for HostStage {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::ALL
            .into_iter()
            .find(|stage| stage.as_str() == text)
            .ok_or_else(|| Error::internal(format!("unknown stage of a host '{text}'")))
    }
}

/// One host that a task works on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostProgress {
    /// The task.
    pub task_uuid: String,
    /// The place among the hosts of its task, from 0.
    pub position: i32,
    /// The host's name in the cloud.
    pub host: String,
    /// How far it is.
    pub stage: HostStage,
    /// Whether the scheduler gave it instances before.
    pub was_enabled: bool,
    /// Who has asked for the work on it to stop.
    pub cancelled_by: Option<String>,
    /// Why it was given up.
    pub detail: Option<String>,
    /// When it changed last.
    pub changed_at: Timestamp,
}

/// How far an audit of an aggregate is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AuditStatus {
    /// Waits for a worker, or is being made.
    Pending,
    /// Its moves are known; nothing was moved.
    Done,
    /// Its moves are being made.
    Applying,
    /// Its moves were made, as far as they still held.
    Applied,
    /// It failed; why is beside it.
    Failed,
}

impl AuditStatus {
    /// All statuses.
    pub const ALL: [Self; 5] = [
        Self::Pending,
        Self::Done,
        Self::Applying,
        Self::Applied,
        Self::Failed,
    ];

    /// The status's name in APIs and the database; `DONE` is `CloudManager`'s own word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Done => "DONE",
            Self::Applying => "APPLYING",
            Self::Applied => "APPLIED",
            Self::Failed => "FAILED",
        }
    }
}

impl FromStr for AuditStatus {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::ALL
            .into_iter()
            .find(|status| status.as_str() == text)
            .ok_or_else(|| Error::internal(format!("unknown status of an audit '{text}'")))
    }
}

/// An audit of how the load of an aggregate's hosts could be levelled.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditRecord {
    /// Its number.
    pub id: i64,
    /// The aggregate's number in the cloud.
    pub aggregate_id: i64,
    /// How far it is.
    pub status: AuditStatus,
    /// The task that makes it or, later, its moves.
    pub task_uuid: String,
    /// What was found.
    pub found: Option<serde_json::Value>,
    /// Why it failed.
    pub error: Option<String>,
    /// Who asked for it.
    pub requested_by: String,
    /// When.
    pub created_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        for state in MoveState::ALL {
            assert_eq!(state.as_str().parse::<MoveState>().unwrap(), state);
        }
        for stage in HostStage::ALL {
            assert_eq!(stage.as_str().parse::<HostStage>().unwrap(), stage);
        }
        for status in AuditStatus::ALL {
            assert_eq!(status.as_str().parse::<AuditStatus>().unwrap(), status);
        }
        assert!("sideways".parse::<MoveState>().is_err());
    }
}
