//! The state of gates in memory, for runs without a store.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use assay_domain::Result;
use assay_domain::gate::{Entry, GateRecord, GateRules, GateState};
use async_trait::async_trait;
use chrono::Utc;

/// The only caller.
const CALLER: &str = "this process";

/// Gates by power control.
#[derive(Debug, Default)]
pub struct MemoryState {
    gates: Mutex<HashMap<i64, GateRecord>>,
}

impl MemoryState {
    fn change<T>(&self, id: i64, change: impl FnOnce(&mut GateRecord) -> T) -> T {
        let mut gates = self.gates.lock().unwrap_or_else(PoisonError::into_inner);
        change(gates.entry(id).or_default())
    }
}

#[async_trait]
impl GateState for MemoryState {
    async fn enter(&self, id: i64, rules: &GateRules) -> Result<Entry> {
        Ok(self.change(id, |gate| gate.enter(CALLER, rules, Utc::now())))
    }

    async fn extend(&self, id: i64, rules: &GateRules) -> Result<bool> {
        Ok(self.change(id, |gate| gate.extend(CALLER, rules, Utc::now())))
    }

    async fn accepted(&self, id: i64) -> Result<()> {
        self.change(id, |gate| gate.accepted(CALLER));
        Ok(())
    }

    async fn leave(&self, id: i64, rules: &GateRules) -> Result<()> {
        self.change(id, |gate| gate.leave(CALLER, rules.pace, Utc::now()));
        Ok(())
    }

    async fn refuse(&self, id: i64, reason: &str) -> Result<()> {
        self.change(id, |gate| gate.refused = Some(reason.to_owned()));
        Ok(())
    }
}
