//! The gates of devices as this process sees them: it is the caller, and its clock counts.

use std::time::Duration;

use assay_domain::Result;
use assay_domain::gate::{Entry, GateRules, GateState};
use assay_drivers::GateLimits;
use assay_store::Store;
use async_trait::async_trait;
use serde::Deserialize;

use crate::Clock;
use crate::settings::seconds;

/// What devices are spared when processes die at them.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GateSettings {
    /// How long devices keep the session of a process that died: within this time no second dead one is
    /// taken over at a device.
    #[serde(deserialize_with = "seconds")]
    pub session_life: Duration,
    /// The window for which devices count failed logins: within it two may end without a word.
    #[serde(deserialize_with = "seconds")]
    pub lockout: Duration,
}

impl Default for GateSettings {
    fn default() -> Self {
        let GateLimits {
            session_life,
            lockout,
            ..
        } = GateLimits::default();
        Self {
            session_life,
            lockout,
        }
    }
}

impl GateSettings {
    /// The gate's limits; a process holds a device as long as it holds a task.
    pub(crate) fn limits(&self, lease: Duration) -> GateLimits {
        GateLimits {
            hold: lease,
            session_life: self.session_life,
            lockout: self.lockout,
            ..GateLimits::default()
        }
    }
}

/// The gates in the store, entered in the name of one process.
pub(crate) struct SharedGate {
    pub(crate) store: Store,
    pub(crate) clock: Clock,
    pub(crate) process_id: String,
}

#[async_trait]
impl GateState for SharedGate {
    async fn enter(&self, id: i64, rules: &GateRules) -> Result<Entry> {
        let now = self.clock.now();
        self.store
            .enter_gate(id, &self.process_id, rules, now)
            .await
    }

    async fn extend(&self, id: i64, rules: &GateRules) -> Result<bool> {
        let now = self.clock.now();
        self.store
            .extend_gate(id, &self.process_id, rules, now)
            .await
    }

    async fn accepted(&self, id: i64) -> Result<()> {
        self.store.accepted_at_gate(id, &self.process_id).await
    }

    async fn leave(&self, id: i64, rules: &GateRules) -> Result<()> {
        let now = self.clock.now();
        self.store
            .leave_gate(id, &self.process_id, rules, now)
            .await
    }

    async fn refuse(&self, id: i64, reason: &str) -> Result<()> {
        self.store.shut_gate(id, reason).await
    }
}
