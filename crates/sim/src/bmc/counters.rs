//! What a BMC has seen.

use std::collections::BTreeMap;
use std::time::SystemTime;

use super::ResetType;

/// Counts since the BMC started.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counters {
    /// Requests by method and resource: `GET /redfish/v1/Systems/1`.
    pub requests: BTreeMap<String, u64>,
    /// Every reset that was asked for, in order.
    pub resets: Vec<ResetSeen>,
    /// Sessions opened.
    pub logins: u64,
    /// Wrong names or passwords, and right ones for a locked account.
    pub failed_logins: u64,
    /// Sessions refused because the table was full.
    pub refused_sessions: u64,
    /// Sessions open now.
    pub open_sessions: usize,
    /// The most sessions that were ever open at once.
    pub most_sessions: usize,
    /// Power changes that the machine did not obey.
    pub disobeyed: u64,
}

/// A reset that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ResetSeen {
    /// Its type.
    pub kind: ResetType,
    /// When it arrived.
    pub at: SystemTime,
    /// Whether the BMC answered it with success.
    pub accepted: bool,
}

impl Counters {
    /// All requests together.
    pub fn total(&self) -> u64 {
        self.requests.values().sum()
    }

    /// How many resets of this type were accepted.
    pub fn accepted(&self, kind: ResetType) -> usize {
        self.resets
            .iter()
            .filter(|reset| reset.kind == kind && reset.accepted)
            .count()
    }
}
