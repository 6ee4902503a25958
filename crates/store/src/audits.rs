//! Audits of how the load of a cloud's hosts could be levelled.

use assay_domain::cloud::AuditRecord;
use assay_domain::{NewTask, Page, Result, Timestamp};
use serde_json::Value;

use crate::Store;

impl Store {
    /// Stores an audit of an aggregate and the task that makes it, whose payload gets `audit_id`.
    pub async fn create_audit(
        &self,
        aggregate_id: i64,
        task: NewTask,
        now: Timestamp,
    ) -> Result<AuditRecord> {
        write!(self, audits::create(aggregate_id, &task, now))
    }

    /// One audit.
    pub async fn audit(&self, id: i64) -> Result<Option<AuditRecord>> {
        read!(self, audits::find(id))
    }

    /// Audits, newest first.
    pub async fn list_audits(&self, page: Page) -> Result<Vec<AuditRecord>> {
        read!(self, audits::list(page))
    }

    /// Records what a pending audit has found; false when it is not pending any more.
    pub async fn finish_audit(&self, id: i64, found: Value) -> Result<bool> {
        write!(self, audits::finish(id, &found))
    }

    /// Records that the moves of a done audit are being made by this task, and stores the task; false
    /// when the audit is not done, or its moves were made.
    pub async fn apply_audit(&self, id: i64, task: NewTask, now: Timestamp) -> Result<bool> {
        write!(self, audits::apply(id, &task, now))
    }

    /// Records that the moves of an audit were made, as far as they held.
    pub async fn end_audit(&self, id: i64) -> Result<()> {
        write!(self, audits::end(id))
    }

    /// Records that an audit failed, unless it has ended.
    pub async fn fail_audit(&self, id: i64, error: &str) -> Result<()> {
        let error = error.to_owned();
        write!(self, audits::fail(id, &error))
    }

    /// Deletes audits that were asked for before `before` and have ended.
    pub async fn prune_audits(&self, before: Timestamp) -> Result<()> {
        write!(self, audits::prune(before))
    }
}
