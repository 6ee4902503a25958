//! Reports of machines that fit no node for certain, held until somebody decides.

use std::str::FromStr;

use serde_json::Value;

use crate::Timestamp;
use crate::error::{Error, Result};

/// What became of a held report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum HeldState {
    /// It waits for a decision.
    Held,
    /// It was given to a node.
    Assigned,
    /// Its machine was enrolled as a new node.
    Enrolled,
    /// It was thrown away.
    Discarded,
}

impl HeldState {
    /// All states.
    pub const ALL: [Self; 4] = [Self::Held, Self::Assigned, Self::Enrolled, Self::Discarded];

    /// The state's name in the store and in APIs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Assigned => "assigned",
            Self::Enrolled => "enrolled",
            Self::Discarded => "discarded",
        }
    }
}

impl FromStr for HeldState {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::ALL
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or_else(|| Error::invalid(format!("unknown state of a held report '{text}'")))
    }
}

/// A held report without its data.
#[derive(Debug, Clone, PartialEq)]
pub struct HeldReport {
    /// Key in the store.
    pub id: i64,
    /// Public id (UUID).
    pub uuid: String,
    /// Whether it waits, and what became of it.
    pub state: HeldState,
    /// Why nobody but an operator can decide.
    pub reason: String,
    /// What the machine says of itself.
    pub facts: Value,
    /// The nodes that it may be, each with its score and the evidence for and against.
    pub candidates: Value,
    /// Address that the report came from.
    pub source: Option<String>,
    /// When the machine's first report arrived.
    pub received_at: Timestamp,
    /// When its last one arrived, which is the one that is kept.
    pub last_at: Timestamp,
    /// How many reports the machine has sent.
    pub count: i64,
    /// Size of the report as it arrived, in bytes.
    pub size: i64,
    /// Who decided.
    pub decided_by: Option<String>,
    /// When.
    pub decided_at: Option<Timestamp>,
    /// UUID of the node that it went to.
    pub node_uuid: Option<String>,
}
