//! The gate's shared state in memory, for tests and benches without a store (feature `testing`).

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};

use assay_domain::gate::{Entry, GateRecord, GateRules, GateState};
use assay_domain::{Error, Result};
use async_trait::async_trait;
use chrono::Utc;
use parking_lot::Mutex;

/// The only caller.
const CALLER: &str = "this process";

/// The gates of all power controls, as the store would keep them for one process.
#[derive(Debug, Default)]
pub struct MemoryState {
    gates: Mutex<HashMap<i64, GateRecord>>,
    unreadable: AtomicBool,
    unwritable: AtomicBool,
}

impl MemoryState {
    /// The gate of a power control as it is.
    pub fn gate(&self, id: i64) -> GateRecord {
        self.gates.lock().get(&id).cloned().unwrap_or_default()
    }

    /// How many gates are shut because credentials were refused.
    pub fn shut_gates(&self) -> usize {
        let gates = self.gates.lock();
        gates.values().filter(|gate| gate.refused.is_some()).count()
    }

    /// Opens all gates, as new credentials do.
    pub fn reopen(&self) {
        self.gates.lock().clear();
    }

    /// Changes the gate of a power control.
    pub fn change<T>(&self, id: i64, change: impl FnOnce(&mut GateRecord) -> T) -> T {
        change(self.gates.lock().entry(id).or_default())
    }

    /// While it is unreadable, nobody is let in and no pass is extended.
    pub fn set_unreadable(&self, unreadable: bool) {
        self.unreadable.store(unreadable, Ordering::SeqCst);
    }

    /// While it is unwritable, it does not keep that credentials were refused.
    pub fn set_unwritable(&self, unwritable: bool) {
        self.unwritable.store(unwritable, Ordering::SeqCst);
    }
}

/// An error while the store is set to be away.
fn away(flag: &AtomicBool) -> Result<()> {
    if flag.load(Ordering::SeqCst) {
        return Err(Error::internal("the store is away"));
    }
    Ok(())
}

#[async_trait]
impl GateState for MemoryState {
    async fn enter(&self, id: i64, rules: &GateRules) -> Result<Entry> {
        away(&self.unreadable)?;
        Ok(self.change(id, |gate| gate.enter(CALLER, rules, Utc::now())))
    }

    async fn extend(&self, id: i64, rules: &GateRules) -> Result<bool> {
        away(&self.unreadable)?;
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
        away(&self.unwritable)?;
        self.change(id, |gate| gate.refused = Some(reason.to_owned()));
        Ok(())
    }
}
