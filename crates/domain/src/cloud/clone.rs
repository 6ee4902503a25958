//! Copies of an instance that a task makes, and how far each is.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::error::{Error, Result};

/// How far a copy of an instance is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CloneStage {
    /// Waits for its turn.
    Waiting,
    /// The volumes are being copied.
    Copying,
    /// The instance is being built.
    Building,
    /// It was given up, and what was made of it goes.
    Removing,
    /// It runs.
    Done,
    /// It was given up; what is left of it is recorded.
    Failed,
}

impl CloneStage {
    /// All stages.
    pub const ALL: [Self; 6] = [
        Self::Waiting,
        Self::Copying,
        Self::Building,
        Self::Removing,
        Self::Done,
        Self::Failed,
    ];

    /// The stage's name in APIs and the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Copying => "copying",
            Self::Building => "building",
            Self::Removing => "removing",
            Self::Done => "done",
            Self::Failed => "failed",
        }
    }

    /// Whether nothing more happens.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Done | Self::Failed)
    }
}

impl FromStr for CloneStage {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::ALL
            .into_iter()
            .find(|stage| stage.as_str() == text)
            .ok_or_else(|| Error::internal(format!("unknown stage of a clone '{text}'")))
    }
}

/// Something that the cloud is told to make.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Making {
    /// When the cloud was told, or about to be; none when it surely was not.
    pub asked_at: Option<Timestamp>,
    /// What it was given as; none while that is not known, and when it is gone again.
    pub id: Option<String>,
}

/// A copy of a volume.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CloneVolume {
    /// The volume that is copied.
    pub copy_of: String,
    /// The copy's name.
    pub name: String,
    /// The copy.
    pub making: Making,
}

/// A copy of an instance that a task makes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CloneProgress {
    /// The task.
    pub task_uuid: String,
    /// The place among the copies of its task, from 1.
    pub position: i32,
    /// Its name.
    pub name: String,
    /// How far it is.
    pub stage: CloneStage,
    /// The instance.
    pub server: Making,
    /// Its volumes, in the order of its devices.
    pub volumes: Vec<CloneVolume>,
    /// Who has asked for the work to stop.
    pub cancelled_by: Option<String>,
    /// Why it was given up.
    pub detail: Option<String>,
    /// When it changed last.
    pub changed_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stages_are_read_back() {
        for stage in CloneStage::ALL {
            assert_eq!(stage.as_str().parse::<CloneStage>().unwrap(), stage);
        }
        assert!("half".parse::<CloneStage>().is_err());
    }
}
