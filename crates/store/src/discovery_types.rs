//! What goes into the store and comes out of it when machines are told apart and discovered.

use std::collections::BTreeSet;

use assay_domain::{
    FactKind, Facts, HeldReport, Introspection, IntrospectionState, NewNode, NewTask, Port,
    Timestamp,
};
use serde_json::Value;

/// A node that a machine may be, with all that is known of it: by operators, ports, power controls
/// and its last processed report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The node's key.
    pub node_id: i64,
    /// The node's UUID.
    pub node_uuid: String,
    /// The state of the node's current introspection, if it has one.
    pub state: Option<IntrospectionState>,
    /// What is known of it.
    pub facts: Facts,
}

/// The nodes that a machine may be.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Candidates {
    /// The nodes, by key. Of the nodes that share a fact at least two are among them.
    pub nodes: Vec<Candidate>,
    /// The machine's facts that are known of several nodes.
    pub shared: BTreeSet<(FactKind, String)>,
}

/// A machine that was given a boot script, by what its firmware said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BootClaim {
    /// MAC address of the card that it boots from.
    pub mac: String,
    /// System UUID.
    pub system_uuid: Option<String>,
    /// Serial number.
    pub serial: Option<String>,
    /// Address that it asked from.
    pub source: Option<String>,
}

/// The boot of an unknown machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiscoveryBoot {
    /// Key in the store.
    pub id: i64,
    /// The machine.
    pub claim: BootClaim,
    /// Until when its report is awaited.
    pub expires_at: Timestamp,
    /// UUID of the node that its report made.
    pub node_uuid: Option<String>,
    /// UUID of the held report that came of it.
    pub held_uuid: Option<String>,
}

/// Limits of discovery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DiscoveryLimits {
    /// Boots of unknown machines in one minute.
    pub per_minute: i64,
    /// Boots that wait for their report, and held reports, together.
    pub max_waiting: i64,
    /// Until when the report of this boot is awaited.
    pub expires: Timestamp,
}

/// Whether an unknown machine is given a boot script.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScriptGiven {
    /// It is.
    Given,
    /// Too many asked within the last minute.
    TooOften,
    /// Too many wait already.
    Full,
}

/// A report to be held for a decision.
#[derive(Debug, Clone, PartialEq)]
pub struct NewHeldReport {
    /// Public id (UUID), for the case that the machine has no held report yet.
    pub uuid: String,
    /// What is the same in all reports of the machine.
    pub machine_key: String,
    /// Why it is held.
    pub reason: String,
    /// What the machine says of itself.
    pub machine: Facts,
    /// The same for people.
    pub facts: Value,
    /// The nodes that it may be, with the evidence.
    pub candidates: Value,
    /// Keys of the nodes that the decision to hold it was made on.
    pub seen: BTreeSet<i64>,
    /// Address that it came from.
    pub source: Option<String>,
    /// The boot that it came of.
    pub boot: Option<i64>,
    /// How many reports are held at most.
    pub max_held: i64,
}

/// What came of holding a report.
#[derive(Debug, Clone, PartialEq)]
pub enum Held {
    /// It is held.
    Done(Box<HeldReport>),
    /// The nodes that the machine may be have changed: decide again.
    Changed,
    /// Too many are held already.
    Full,
}

/// A discovered machine to be enrolled with its report.
#[derive(Debug, Clone, PartialEq)]
pub struct Enrolment {
    /// The node; its UUID is set.
    pub node: NewNode,
    /// Its ports. One that belongs to another node is left out, with a warning in the log.
    pub ports: Vec<Port>,
    /// What the machine is.
    pub machine: Facts,
    /// Keys of the nodes that the decision to enrol it was made on; none when an operator decided.
    pub seen: Option<BTreeSet<i64>>,
    /// Who enrols it.
    pub requested_by: String,
    /// When its introspection times out.
    pub deadline: Timestamp,
    /// Processes the report; gets `introspection_id` and `report_id` in its payload.
    pub task: NewTask,
    /// The boot that its report came of.
    pub boot: Option<i64>,
    /// The held report that this decides.
    pub held: Option<String>,
}

/// What came of an enrolment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Enrolled {
    /// The introspection of the new node, in which its report is processed.
    Done(Box<Introspection>),
    /// The nodes that the machine may be have changed: decide again.
    Changed,
}

impl DiscoveryBoot {
    /// Whether its report has not come yet.
    pub fn is_waiting(&self) -> bool {
        self.node_uuid.is_none() && self.held_uuid.is_none()
    }
}
