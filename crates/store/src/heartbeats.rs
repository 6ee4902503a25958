//! What is known of the signs of life that nodes' hosts write to their availability storages.

use assay_domain::{Heartbeat, Page, Result, WatchedHost};

use crate::Store;

impl Store {
    /// A page of the hosts whose signs of life are watched, in the order of their nodes' keys.
    pub async fn watched_hosts(&self, page: Page) -> Result<Vec<WatchedHost>> {
        read!(self, heartbeats::watched(page))
    }

    /// How many hosts are being evacuated because of their silence.
    pub async fn count_heartbeat_evacuations(&self) -> Result<i64> {
        read!(self, heartbeats::evacuations())
    }

    /// Has the signs of life of a node's host watched, or not; what was known of it stays, or is forgotten.
    ///
    /// # Errors
    /// `NotFound` for the node.
    pub async fn watch_heartbeat(&self, node_id: i64, wanted: bool) -> Result<()> {
        write!(self, heartbeats::watch(node_id, wanted))
    }

    /// Keeps what is known of a host's signs of life; nothing is kept of one that is not watched any more.
    pub async fn keep_heartbeat(&self, node_id: i64, heartbeat: Heartbeat) -> Result<()> {
        write!(self, heartbeats::keep(node_id, &heartbeat))
    }
}
