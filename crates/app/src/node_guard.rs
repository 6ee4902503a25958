//! The hold on a node while a task changes its machine: compare-and-set, heartbeat, release. Tasks
//! that find the node held wait in order, without occupying a worker.

use assay_domain::fleet::Hold;
use assay_domain::{Error, Result, Task};
use tokio_util::task::AbortOnDropHandle;

use crate::App;

/// A held node. The hold is renewed until it is released; if the process dies, it runs out.
pub(crate) struct NodeGuard {
    app: App,
    node_id: i64,
    owner: String,
    _heartbeat: AbortOnDropHandle<()>,
}

impl NodeGuard {
    /// Takes the node for a task.
    ///
    /// # Errors
    /// [`Error::Locked`] while another task holds it or comes first: the task keeps its place in
    /// the queue and is to be put off. [`Error::Conflict`] when it has waited
    /// longer than `reservation_wait`.
    pub(crate) async fn take(app: &App, node_id: i64, task: &Task, purpose: &str) -> Result<Self> {
        let owner = task.uuid.clone();
        let lease = app.settings().lease;
        let now = app.clock().now();
        let until = app.clock().later(lease);
        let store = app.store();
        let hold = store
            .reserve_node(node_id, &owner, purpose, now, until)
            .await?;
        if let Hold::Waiting { since, reason } = hold {
            let waited = (now - since).to_std().unwrap_or_default();
            return Err(if waited > app.settings().reservation_wait {
                let seconds = waited.as_secs();
                Error::Conflict(format!(
                    "the node was not free within {seconds} s: {reason}"
                ))
            } else {
                Error::Locked(reason)
            });
        }
        let heartbeat = tokio::spawn(renew(app.clone(), node_id, owner.clone()));
        Ok(Self {
            app: app.clone(),
            node_id,
            owner,
            _heartbeat: AbortOnDropHandle::new(heartbeat),
        })
    }

    /// Gives the node free, and wakes the task that has waited for it longest.
    pub(crate) async fn release(self) -> Result<()> {
        let now = self.app.clock().now();
        let store = self.app.store();
        let next = store
            .release_reservation(self.node_id, &self.owner, now)
            .await?;
        if let Some(kind) = next {
            self.app.announce(kind).await;
        }
        Ok(())
    }
}

async fn renew(app: App, node_id: i64, owner: String) {
    let lease = app.settings().lease;
    loop {
        tokio::time::sleep(lease / 3).await;
        let until = app.clock().later(lease);
        match app.store().extend_reservation(node_id, &owner, until).await {
            Ok(true) => {}
            Ok(false) => {
                tracing::warn!(node = node_id, "the hold on the node was lost");
                return;
            }
            Err(error) => {
                tracing::warn!(node = node_id, %error, "the hold on the node was not renewed");
            }
        }
    }
}
