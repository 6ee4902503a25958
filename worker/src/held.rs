//! The tasks that this worker holds, and the heartbeat that keeps its hold on them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use assay_app::App;
use tokio::task::AbortHandle;

/// Running tasks by key; cheap to clone.
#[derive(Clone, Default)]
pub(crate) struct Held {
    running: Arc<Mutex<HashMap<i64, AbortHandle>>>,
}

impl Held {
    /// Starts work on a task and keeps its handle; work that ends at once finds it kept.
    pub(crate) fn add(&self, id: i64, start: impl FnOnce() -> AbortHandle) {
        let mut running = self.lock();
        running.insert(id, start());
    }

    pub(crate) fn remove(&self, id: i64) {
        self.lock().remove(&id);
    }

    fn ids(&self) -> Vec<i64> {
        self.lock().keys().copied().collect()
    }

    /// Stops work on tasks that are no longer ours: their new holder does them.
    fn keep_only(&self, asked: &[i64], still_held: &[i64]) {
        for id in asked.iter().filter(|id| !still_held.contains(id)) {
            if let Some(handle) = self.lock().remove(id) {
                tracing::warn!(
                    task = id,
                    "the hold on a task was lost; its work is stopped"
                );
                handle.abort();
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<i64, AbortHandle>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Renews the hold on all running tasks, three times per lease.
pub(crate) async fn beat(app: App, owner: String, held: Held) {
    loop {
        tokio::time::sleep(app.settings().lease / 3).await;
        let ids = held.ids();
        if ids.is_empty() {
            continue;
        }
        match app.tasks().heartbeat(&owner, &ids).await {
            Ok(still_held) => held.keep_only(&ids, &still_held),
            Err(error) => tracing::warn!(%error, "the hold on tasks was not renewed"),
        }
    }
}
