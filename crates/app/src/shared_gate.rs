//! The gates of devices as this process sees them: it is the caller, and its clock counts.

use assay_domain::Result;
use assay_domain::gate::{Entry, GateRules, GateState};
use assay_store::Store;
use async_trait::async_trait;

use crate::Clock;

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
