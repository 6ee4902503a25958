//! The queue: how workers learn of tasks. The task row is the truth; an engine only says "look".
//!
//! A lost or repeated announcement is therefore harmless: a task is claimed by a compare-and-set on
//! its row, whoever told the worker of it.
#![forbid(unsafe_code)]

mod embedded;

use std::time::Duration;

use assay_domain::{Result, Task, Timestamp};
use async_trait::async_trait;

pub use embedded::EmbeddedQueue;

/// An engine that brings tasks to workers. One conformance suite runs over every engine.
#[async_trait]
pub trait Queue: Send + Sync {
    /// Says that a task of this class is ready; called after the transaction that stored it.
    async fn announce(&self, class: &'static str);

    /// Waits until a task of this class may be ready, or `patience` has passed.
    async fn wait(&self, class: &'static str, patience: Duration);

    /// Claims up to `limit` tasks of this class for `owner` until `lease_until`; also those whose
    /// former owner let the lease run out.
    async fn claim(
        &self,
        owner: &str,
        class: &'static str,
        limit: i64,
        now: Timestamp,
        lease_until: Timestamp,
    ) -> Result<Vec<Task>>;
}
