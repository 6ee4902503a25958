//! The fleet: which processes live, what they hold, and who waits for which node.

use crate::Timestamp;
use crate::task::TaskKind;

/// A process that serves the API, works on tasks, or does both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Process {
    /// Unique in the fleet: host, process id and a random part.
    pub name: String,
    /// `server` (both), `api` or `worker`.
    pub role: String,
    /// Host that it runs on.
    pub host: String,
    /// Process id on that host.
    pub pid: i64,
    /// Version of Assay.
    pub version: String,
    /// Where it listens, if it does.
    pub url: Option<String>,
    /// The queue engine that it uses: `embedded` or `rabbitmq`.
    pub queue: String,
    /// Tasks that it works on at a time, per class; 0 for one that does not work.
    pub slots: i64,
    /// How PXE admission is at the DHCP server beside it, in a sentence; none without one.
    pub admission: Option<String>,
    /// When it started.
    pub started_at: Timestamp,
    /// When it last said that it lives.
    pub seen_at: Timestamp,
}

/// What only one process of the fleet does at a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// What, e.g. `sweeps`.
    pub name: String,
    /// Which process.
    pub holder: String,
    /// Since when.
    pub acquired_at: Timestamp,
    /// Until when, unless it is renewed.
    pub expires_at: Timestamp,
}

/// A task that a process works on now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldTask {
    /// UUID of the task.
    pub uuid: String,
    /// What it does.
    pub kind: TaskKind,
    /// UUID of the node that it works on, if any.
    pub node_uuid: Option<String>,
    /// Which process holds it.
    pub holder: String,
    /// Since when.
    pub since: Option<Timestamp>,
    /// Until when, unless the process renews its hold.
    pub until: Option<Timestamp>,
}

/// The hold of a task on a node: while it lasts nobody else drives the machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reservation {
    /// The node's key.
    pub node_id: i64,
    /// The node's UUID.
    pub node_uuid: String,
    /// UUID of the task that holds it.
    pub holder: String,
    /// What for.
    pub purpose: String,
    /// Since when.
    pub since: Timestamp,
    /// Until when, unless the holder renews its hold.
    pub until: Timestamp,
}

/// A task that waits for a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiter {
    /// The node's key.
    pub node_id: i64,
    /// UUID of the task that waits.
    pub task_uuid: String,
    /// What for.
    pub purpose: String,
    /// Since when.
    pub since: Timestamp,
}

/// What came of asking for a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hold {
    /// It is the asker's.
    Taken,
    /// Another task holds it, or comes first; the asker has its place in the queue.
    Waiting {
        /// Since when the asker waits.
        since: Timestamp,
        /// Who holds the node, what for and since when, in words.
        reason: String,
    },
}
