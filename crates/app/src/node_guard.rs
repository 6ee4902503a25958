//! The hold on a node while a task changes its machine: compare-and-set, heartbeat, release.

use std::time::Duration;

use assay_domain::{Error, Result, Task};
use tokio_util::task::AbortOnDropHandle;

use crate::App;

const PATIENCE: Duration = Duration::from_secs(120);
const POLL: Duration = Duration::from_millis(250);

/// A held node. The hold is renewed until it is released; if the process dies, it runs out.
pub(crate) struct NodeGuard {
    app: App,
    node_id: i64,
    owner: String,
    _heartbeat: AbortOnDropHandle<()>,
}

impl NodeGuard {
    /// Takes the node for a task; `None` when somebody else holds it now.
    async fn take(app: &App, node_id: i64, task: &Task, purpose: &str) -> Result<Option<Self>> {
        let owner = task.uuid.clone();
        let lease = app.settings().lease;
        let now = app.clock().now();
        let taken = app
            .store()
            .reserve_node(node_id, &owner, purpose, now, app.clock().later(lease))
            .await;
        match taken {
            Ok(()) => {}
            Err(Error::Locked(_)) => return Ok(None),
            Err(other) => return Err(other),
        }
        let heartbeat = tokio::spawn(renew(app.clone(), node_id, owner.clone()));
        Ok(Some(Self {
            app: app.clone(),
            node_id,
            owner,
            _heartbeat: AbortOnDropHandle::new(heartbeat),
        }))
    }

    /// Takes the node as soon as it is free.
    ///
    /// # Errors
    /// [`Error::Locked`] when it is not free within [`PATIENCE`].
    pub(crate) async fn wait(app: &App, node_id: i64, task: &Task, purpose: &str) -> Result<Self> {
        let give_up = tokio::time::Instant::now() + PATIENCE;
        loop {
            if let Some(guard) = Self::take(app, node_id, task, purpose).await? {
                return Ok(guard);
            }
            if tokio::time::Instant::now() >= give_up {
                return Err(Error::Locked(format!(
                    "node {node_id} is still held by another task"
                )));
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// Gives the node free.
    pub(crate) async fn release(self) -> Result<()> {
        self.app
            .store()
            .release_reservation(self.node_id, &self.owner)
            .await
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
