//! Moves of instances, as a cloud records them.

use serde::{Deserialize, Serialize};

use super::words::words;
use crate::Timestamp;

words! {
    /// How an instance is moved (`migration_type`).
    MigrationKind {
        /// While it runs.
        Live = "live-migration",
        /// While it is off.
        Cold = "migration",
        /// While it is off, to another size; perhaps to another host.
        Resize = "resize",
        /// From a dead host.
        Evacuation = "evacuation",
    }
}

words! {
    /// How far a move is (nova, `objects/migration.py` and the managers that write it).
    MigrationStatus {
        /// The cloud has it.
        Accepted = "accepted",
        /// It waits for its turn.
        Queued = "queued",
        /// Its destination is being prepared.
        Preparing = "preparing",
        /// It is about to begin.
        PreMigrating = "pre-migrating",
        /// Memory or disks are being copied.
        Running = "running",
        /// As running, of a cold one.
        Migrating = "migrating",
        /// The instance is at its destination, and the source is being cleared.
        PostMigrating = "post-migrating",
        /// A cold one is at its destination and waits to be settled.
        Finished = "finished",
        /// It is being settled.
        Confirming = "confirming",
        /// A cold one is done.
        Confirmed = "confirmed",
        /// It is being brought back.
        Reverting = "reverting",
        /// It was brought back.
        Reverted = "reverted",
        /// A live one is done.
        Completed = "completed",
        /// An evacuation is done.
        Done = "done",
        /// It was ended by somebody.
        Cancelled = "cancelled",
        /// It failed.
        Error = "error",
        /// It failed.
        Failed = "failed",
    }
}

impl MigrationStatus {
    /// Whether nothing more happens by itself. A cold migration that waits to be settled is over in
    /// this sense.
    pub fn is_over(&self) -> bool {
        self.has_failed()
            || matches!(
                self,
                Self::Finished | Self::Confirmed | Self::Completed | Self::Done
            )
    }

    /// Whether the instance did not get to its destination, or did not stay there.
    pub fn has_failed(&self) -> bool {
        matches!(
            self,
            Self::Error | Self::Failed | Self::Cancelled | Self::Reverted
        )
    }
}

/// A move of an instance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Migration {
    /// Its number; a later one has a greater one.
    pub id: i64,
    /// The instance.
    pub instance_uuid: String,
    /// How it is moved.
    pub kind: MigrationKind,
    /// How far it is.
    pub status: MigrationStatus,
    /// The host it leaves ([`super::ComputeHost::name`]).
    pub source: Option<String>,
    /// The host it goes to; none until the scheduler has chosen.
    pub destination: Option<String>,
    /// When it was asked for, by the cloud's clock.
    pub created_at: Option<Timestamp>,
    /// When it changed last, by the cloud's clock.
    pub updated_at: Option<Timestamp>,
}

/// Which migrations are asked for; what is none does not count.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MigrationFilter {
    /// Those of this instance.
    pub instance_uuid: Option<String>,
    /// Those from or to this host.
    pub host: Option<String>,
    /// Those that changed since, by the cloud's clock.
    pub changed_since: Option<Timestamp>,
}

/// What becomes of a cold migration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Settlement {
    /// The instance stays where it is now.
    Confirm,
    /// It goes back to where it was.
    Revert,
}
