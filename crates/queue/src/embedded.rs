//! The embedded engine: tasks are claimed from the database, and waiting workers of the same
//! process are woken at once. Nothing is kept in memory, so a kill loses nothing.

use std::collections::BTreeMap;

use assay_domain::{Result, TaskKind, Timestamp};
use assay_store::Store;
use async_trait::async_trait;
use tokio::sync::Notify;

use crate::delivery::{Delivery, Receipt, Want};
use crate::state::{LinkState, QueueState};
use crate::{Queue, later, now};

/// The engine without a broker.
pub struct EmbeddedQueue {
    store: Store,
    bells: BTreeMap<&'static str, Notify>,
    since: Timestamp,
}

impl EmbeddedQueue {
    /// An engine over the tasks of this store.
    pub fn new(store: Store) -> Self {
        let bells = TaskKind::ALL
            .into_iter()
            .map(|kind| (kind.queue(), Notify::new()))
            .collect();
        Self {
            store,
            bells,
            since: now(),
        }
    }

    async fn claim(&self, want: Want<'_>) -> Result<Vec<Delivery>> {
        let limit = i64::try_from(want.limit).unwrap_or(i64::MAX);
        let tasks = self
            .store
            .claim_tasks(want.owner, &[want.class], limit, now(), later(want.lease))
            .await?;
        let delivery = |task| Delivery {
            task,
            receipt: Receipt::none(),
        };
        Ok(tasks.into_iter().map(delivery).collect())
    }

    async fn wait(&self, want: Want<'_>) {
        let rung = async {
            match self.bells.get(want.class) {
                Some(bell) => bell.notified().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = rung => {}
            () = tokio::time::sleep(want.patience) => {}
            () = want.stop.cancelled() => {}
        }
    }
}

#[async_trait]
impl Queue for EmbeddedQueue {
    async fn announce(&self, class: &str) {
        if let Some(bell) = self.bells.get(class) {
            bell.notify_one();
        }
    }

    async fn take(&self, want: Want<'_>) -> Result<Vec<Delivery>> {
        let claimed = self.claim(want).await?;
        if !claimed.is_empty() {
            return Ok(claimed);
        }
        self.wait(want).await;
        if want.stop.is_cancelled() {
            return Ok(Vec::new());
        }
        self.claim(want).await
    }

    async fn leave(&self, _class: &str) {}

    fn link(&self) -> LinkState {
        LinkState {
            engine: "embedded",
            connected: true,
            since: self.since,
            problem: None,
        }
    }

    async fn state(&self) -> QueueState {
        QueueState::new(self.link(), &self.store).await
    }

    async fn shutdown(&self) {}
}
