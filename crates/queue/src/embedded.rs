//! The embedded engine: tasks are claimed from the database, and waiting workers of the same
//! process are woken at once. Nothing is kept in memory, so a kill loses nothing.

use std::collections::HashMap;
use std::time::Duration;

use assay_domain::{Result, Task, TaskKind, Timestamp};
use assay_store::Store;
use async_trait::async_trait;
use tokio::sync::Notify;

use crate::Queue;

/// The engine without a broker.
pub struct EmbeddedQueue {
    store: Store,
    bells: HashMap<&'static str, Notify>,
}

impl EmbeddedQueue {
    /// An engine over the tasks of this store.
    pub fn new(store: Store) -> Self {
        let bells = TaskKind::ALL
            .into_iter()
            .map(|kind| (kind.queue(), Notify::new()))
            .collect();
        Self { store, bells }
    }
}

#[async_trait]
impl Queue for EmbeddedQueue {
    async fn announce(&self, class: &'static str) {
        if let Some(bell) = self.bells.get(class) {
            bell.notify_one();
        }
    }

    async fn wait(&self, class: &'static str, patience: Duration) {
        match self.bells.get(class) {
            Some(bell) => {
                let _ = tokio::time::timeout(patience, bell.notified()).await;
            }
            None => tokio::time::sleep(patience).await,
        }
    }

    async fn claim(
        &self,
        owner: &str,
        class: &'static str,
        limit: i64,
        now: Timestamp,
        lease_until: Timestamp,
    ) -> Result<Vec<Task>> {
        self.store
            .claim_tasks(owner, &[class], limit, now, lease_until)
            .await
    }
}
