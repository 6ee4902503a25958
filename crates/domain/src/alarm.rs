//! Alarms: what an operator has to look at, until somebody says that it was seen.

use std::str::FromStr;

use serde_json::Value;

use crate::Timestamp;
use crate::error::{Error, Result};

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AlarmKind {
    /// Another machine asked for the boot script of a running introspection, or reported for it.
    SecondClaimant,
    /// Discovery has no room for a further unknown machine.
    DiscoveryFull,
    /// A machine has the MAC address of a card that another node is known by.
    MacConflict,
    /// A report fits no node for certain and is held for a decision.
    AmbiguousReport,
    /// A host writes to none of its availability storages and cannot be reached.
    HostSilent,
}

impl AlarmKind {
    /// All kinds.
    pub const ALL: [Self; 5] = [
        Self::SecondClaimant,
        Self::DiscoveryFull,
        Self::MacConflict,
        Self::AmbiguousReport,
        Self::HostSilent,
    ];

    /// The kind's name in the store, in APIs and in metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SecondClaimant => "second_claimant",
            Self::DiscoveryFull => "discovery_full",
            Self::MacConflict => "mac_conflict",
            Self::AmbiguousReport => "ambiguous_report",
            Self::HostSilent => "host_silent",
        }
    }
}

impl FromStr for AlarmKind {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::ALL
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or_else(|| Error::internal(format!("unknown kind of alarm '{text}'")))
    }
}

/// An alarm to be raised.
#[derive(Debug, Clone, PartialEq)]
pub struct NewAlarm {
    /// What is wrong.
    pub kind: AlarmKind,
    /// With what: as long as an alarm of this kind and subject is open, it is counted up, and no
    /// second one is raised.
    pub subject: String,
    /// The node that it is about.
    pub node_id: Option<i64>,
    /// In words for an operator.
    pub text: String,
    /// What it was told from; never holds a secret.
    pub evidence: Value,
}

/// A raised alarm; open until it is acknowledged.
#[derive(Debug, Clone, PartialEq)]
pub struct Alarm {
    /// Key in the store.
    pub id: i64,
    /// What is wrong.
    pub kind: AlarmKind,
    /// With what.
    pub subject: String,
    /// The node that it is about; none as well when that node was deleted.
    pub node_id: Option<i64>,
    /// In words for an operator, as of the last time.
    pub text: String,
    /// What it was told from, as of the last time.
    pub evidence: Value,
    /// When it was raised.
    pub first_at: Timestamp,
    /// When it happened last.
    pub last_at: Timestamp,
    /// How often it happened, at least 1.
    pub count: i64,
    /// Who has seen it.
    pub acknowledged_by: Option<String>,
    /// When it was seen.
    pub acknowledged_at: Option<Timestamp>,
}

#[cfg(test)]
mod tests {
    use super::AlarmKind;

    #[test]
    fn names_round_trip() {
        for kind in AlarmKind::ALL {
            assert_eq!(kind.as_str().parse::<AlarmKind>().unwrap(), kind);
        }
    }
}
