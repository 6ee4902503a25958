//! The gates of devices, shared by all processes.

use assay_domain::gate::{Entry, GateRecord, GateRules};
use assay_domain::{Result, Timestamp};

use crate::Store;

impl Store {
    /// Lets a process through to the device of a power control, or says what it has to wait for.
    ///
    /// # Errors
    /// `NotFound`; `Unavailable`.
    pub async fn enter_gate(
        &self,
        id: i64,
        caller: &str,
        rules: &GateRules,
        now: Timestamp,
    ) -> Result<Entry> {
        let (caller, rules) = (caller.to_owned(), *rules);
        write!(self, gates::enter(id, &caller, &rules, now))
    }

    /// Keeps the gate for a process; `false` when another one has it.
    pub async fn extend_gate(
        &self,
        id: i64,
        caller: &str,
        rules: &GateRules,
        now: Timestamp,
    ) -> Result<bool> {
        let (caller, rules) = (caller.to_owned(), *rules);
        write!(self, gates::extend(id, &caller, &rules, now))
    }

    /// Notes that the device has let the holder of its gate in.
    pub async fn accepted_at_gate(&self, id: i64, caller: &str) -> Result<()> {
        let caller = caller.to_owned();
        write!(self, gates::accepted(id, &caller))
    }

    /// Frees the gate of its holder; nothing happens when another one has it.
    pub async fn leave_gate(
        &self,
        id: i64,
        caller: &str,
        rules: &GateRules,
        now: Timestamp,
    ) -> Result<()> {
        let (caller, rules) = (caller.to_owned(), *rules);
        write!(self, gates::leave(id, &caller, &rules, now))
    }

    /// Shuts the gate of a device that refused our credentials.
    pub async fn shut_gate(&self, id: i64, reason: &str) -> Result<()> {
        let reason = reason.to_owned();
        write!(self, power_controls::refuse(id, &reason))
    }

    /// The gate as it is.
    pub async fn gate(&self, id: i64) -> Result<GateRecord> {
        read!(self, gates::find(id))
    }
}
