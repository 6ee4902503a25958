//! What is known of the signs of life that nodes' hosts write to their availability storages.

use assay_domain::{Heartbeat, Page, Result, WatchedHost};

use crate::Store;

impl Store {
    /// A page of the hosts that are set to write signs of life, in the order of their nodes' keys.
    pub async fn watched_hosts(&self, page: Page) -> Result<Vec<WatchedHost>> {
        read!(self, heartbeats::watched(page))
    }

    /// How many hosts are being evacuated because of their silence.
    pub async fn count_heartbeat_evacuations(&self) -> Result<i64> {
        read!(self, heartbeats::evacuations())
    }

    /// Keeps what is known of a host's signs of life; nothing is kept of a node that is gone.
    pub async fn keep_heartbeat(&self, node_id: i64, heartbeat: Heartbeat) -> Result<()> {
        write!(self, heartbeats::keep(node_id, &heartbeat))
    }
}
