//! What goes into the store and comes out of it beyond the domain's own types.

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::Duration;

use assay_domain::{
    AvailabilityStorage, Event, Facts, IntrospectionState, NewTask, NodeClass, NodeImage,
    NodePatch, NodePowerControl, OutputRef, Phase, Port, PowerAction, PowerCommand, PowerControl,
    PowerObservation, PowerState, TaskStatus, Timestamp,
};
use serde_json::Value;

/// What hangs on some nodes, each kind for all of them.
#[derive(Clone)]
pub struct NodeSurroundings {
    /// Their power actions that have not ended, oldest first.
    pub open_actions: Vec<PowerAction>,
    /// What was read of their power.
    pub observations: Vec<PowerObservation>,
    /// Their last known power states; those without are left out.
    pub power_states: HashMap<i64, PowerState>,
    /// All classes with their types.
    pub classes: Vec<NodeClass>,
    /// All boot images.
    pub images: Vec<NodeImage>,
    /// Their outputs of power controls.
    pub assignments: Vec<NodePowerControl>,
    /// These power controls, without their secrets.
    pub controls: Vec<PowerControl>,
    /// Their ports.
    pub ports: Vec<Port>,
    /// The storages that they can reach, each node's in the order of the storages' keys.
    pub storages: HashMap<i64, Vec<AvailabilityStorage>>,
}

/// Which database, and how it is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreConfig {
    /// `sqlite:PATH`, `postgres://…` or `postgresql://…`.
    pub url: String,
    /// How many connections read at the same time (on PostgreSQL: all connections), at least 1.
    pub readers: u32,
    /// The file with the key that encrypts passwords and private keys; it is never in the database.
    pub key_file: PathBuf,
    /// How long a request waits for a connection before the answer is
    /// [`assay_domain::Error::Unavailable`].
    pub wait: Duration,
}

/// An introspection to begin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewIntrospection {
    /// The node's key.
    pub node_id: i64,
    /// The node's UUID.
    pub node_uuid: String,
    /// The state it begins with: `Starting`, `Waiting`, `Enrolling` or `Reapplying`.
    pub state: IntrospectionState,
    /// When it times out.
    pub deadline: Timestamp,
    /// Whether Assay sets boot device and power.
    pub manage_boot: bool,
    /// Whether the machine stays on at the end.
    pub keep_power: bool,
    /// Who asked.
    pub requested_by: String,
}

/// What comes with an event of an introspection, in the same transaction.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Change {
    /// Why it ended badly; `None` leaves the error as it is.
    pub error: Option<String>,
    /// The new time limit; `None` leaves it as it is.
    pub deadline: Option<Timestamp>,
    /// Phases to stamp, at the time of the event.
    pub phases: Vec<Phase>,
    /// A task to store; it becomes the introspection's owner. The store adds `introspection_id`
    /// to its payload.
    pub task: Option<NewTask>,
}

/// What hooks and rules made of a report, to be stored in one transaction.
#[derive(Debug, Clone, PartialEq)]
pub struct ProcessingOutcome {
    /// Which introspection; it must be `Processing` or `Reapplying`.
    pub introspection_id: i64,
    /// Which report was processed.
    pub report_id: i64,
    /// The report after the hooks, as JSON text.
    pub processed: Vec<u8>,
    /// The node's key.
    pub node_id: i64,
    /// What changes at the node.
    pub node: NodePatch,
    /// What the node's machine is by this report; kept as its fingerprint.
    pub machine: Facts,
    /// Ports to add. One whose address the node has already is updated instead; one whose address
    /// belongs to another node is left out, with a warning in the log.
    pub add_ports: Vec<Port>,
    /// Ports to change, by key.
    pub update_ports: Vec<Port>,
    /// Ports to remove, by key.
    pub delete_ports: Vec<i64>,
    /// Whether this ends the introspection well.
    pub finish: bool,
    /// How many reports of the node are kept, the newest ones; less than 1 counts as 1.
    pub keep_reports: i64,
}

/// A power action to store, and the task that is to do it.
#[derive(Debug, Clone, PartialEq)]
pub struct NewPowerAction {
    /// The node's key; none for an output that feeds no node.
    pub node_id: Option<i64>,
    /// The one output to switch; none for the whole node.
    pub output: Option<OutputRef>,
    /// What is asked.
    pub command: PowerCommand,
    /// Who asks.
    pub user_name: String,
    /// The UUID of the request for many nodes that it comes with.
    pub batch: Option<String>,
    /// Its task; the store adds `power_action_id` to the payload.
    pub task: NewTask,
}

/// A node by its names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeNames {
    /// Its key.
    pub id: i64,
    /// Its UUID.
    pub uuid: String,
    /// Its name.
    pub name: Option<String>,
}

/// A task that is to be announced to the workers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Announcement {
    /// The task's key.
    pub task_id: i64,
    /// Its class of work.
    pub class: String,
}

/// How many tasks of one class wait for a worker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Waiting {
    /// The class of work.
    pub class: String,
    /// How many tasks.
    pub tasks: i64,
    /// Since when the first of them could have been claimed.
    pub since: Option<Timestamp>,
}

/// The end of a task that a worker holds.
#[derive(Debug, Clone, PartialEq)]
pub struct TaskEnd {
    /// The task's key.
    pub id: i64,
    /// A final status.
    pub status: TaskStatus,
    /// What it gave.
    pub result: Option<Value>,
    /// Why it failed.
    pub error: Option<String>,
}

/// What a redelivered task works on, and how that becomes workable again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Revival {
    /// Nothing that has an end of its own.
    Nothing,
    /// An introspection that ended with the task: the event opens it, until the new deadline.
    Introspection {
        /// The introspection's key.
        id: i64,
        /// The event, which leads out of `Error`.
        event: Event,
        /// The new deadline.
        deadline: Timestamp,
    },
    /// A power action that failed, and was not sent.
    PowerAction {
        /// The action's key.
        id: i64,
    },
}
