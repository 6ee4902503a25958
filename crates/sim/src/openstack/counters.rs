//! What a simulated cloud has seen, and what must never happen in one.

use std::collections::BTreeMap;

use serde::Serialize;

/// Counts since the cloud was started.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct OpenStackCounters {
    /// Calls by operation, those that a fault hit among them: `compute GET /servers/detail`, `compute POST
    /// /servers/{id}/action os-migrateLive`.
    pub requests: BTreeMap<String, u64>,
    /// Actions that were taken, by the id of instance or volume and by action, and `create` and `delete`.
    pub accepted: BTreeMap<String, BTreeMap<String, u64>>,
    /// Instances that were built anew elsewhere while they were still running on their old host.
    pub evacuated_while_running: Vec<TwoHosts>,
    /// Instances that ran on two hosts at once.
    pub running_twice: Vec<TwoHosts>,
}

/// An instance with two hosts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TwoHosts {
    /// Its id.
    pub instance: String,
    /// Where it was left running.
    pub old_host: String,
    /// Where the cloud has it.
    pub new_host: String,
}

impl OpenStackCounters {
    /// How often an operation was called.
    pub fn requests_of(&self, operation: &str) -> u64 {
        self.requests.get(operation).copied().unwrap_or_default()
    }

    /// How often an action on an instance was taken.
    pub fn accepted_of(&self, instance: &str, action: &str) -> u64 {
        let of_instance = self.accepted.get(instance);
        of_instance
            .and_then(|actions| actions.get(action))
            .copied()
            .unwrap_or_default()
    }

    pub(super) fn accept(&mut self, instance: &str, action: &str) {
        let actions = self.accepted.entry(instance.to_owned()).or_default();
        *actions.entry(action.to_owned()).or_default() += 1;
    }
}
