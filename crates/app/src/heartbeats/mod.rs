//! Use cases of heartbeats: signs of life that hosts write to their availability storages. A host that is
//! silent on all of them, and cannot be reached otherwise, is a candidate for evacuation.

mod settings;
mod silence;
mod storages;
mod watch;

use assay_domain::host::{HostAction, HostSetting};
use assay_domain::{Actor, Error, Page, Result, Role, WatchedHost};
use serde_json::Value;

pub use settings::HeartbeatSettings;
pub use watch::HeartbeatWatch;

use crate::tasks::Waited;
use crate::{App, Protection};

/// The lease of the one process that watches.
pub const HEARTBEATS_LEASE: &str = "heartbeats";

/// Signs of life of hosts.
pub struct Heartbeats<'a> {
    app: &'a App,
}

impl<'a> Heartbeats<'a> {
    pub(crate) fn new(app: &'a App) -> Self {
        Self { app }
    }

    /// A page of the hosts whose signs of life are watched, with what is known of them.
    pub async fn list(&self, actor: &Actor, page: Page) -> Result<Vec<WatchedHost>> {
        actor.require(Role::Observer)?;
        self.app.store().watched_hosts(page).await
    }

    /// The process that watches them now; none when nobody does.
    pub async fn watcher(&self, actor: &Actor) -> Result<Option<String>> {
        actor.require(Role::Observer)?;
        let now = self.app.clock().now();
        let leases = self.app.store().leases().await?;
        let mut leases = leases.into_iter();
        let held = leases.find(|lease| lease.name == HEARTBEATS_LEASE && lease.expires_at > now);
        Ok(held.map(|lease| lease.holder))
    }

    /// Has the signs of life of a node's host watched, or not. With `install` the host is told to write them, or
    /// not to, and this waits a while for that; without, it is left as it is.
    ///
    /// # Errors
    /// [`Error::Conflict`] for a node that can reach no storage; what [`Hosts::act`](crate::Hosts::act)
    /// fails with.
    pub async fn set(
        &self,
        actor: &Actor,
        reference: &str,
        wanted: bool,
        install: bool,
    ) -> Result<Waited> {
        actor.require(Role::Operator)?;
        let node = self.app.nodes().by_ref(reference).await?;
        let store = self.app.store();
        if wanted && store.storages_of_node(node.id).await?.is_empty() {
            return Err(Error::conflict(format!(
                "node {reference} has no availability storage to write to: assign one first"
            )));
        }
        if install {
            let action = HostAction::Set(HostSetting::Heartbeat(wanted));
            let hosts = self.app.hosts();
            let protection = Protection::default();
            return hosts.act(actor, node.id, action, protection).await;
        }
        store.watch_heartbeat(node.id, wanted).await?;
        tracing::info!(user = actor.name, dialect = %actor.dialect, node = node.uuid, wanted, "watching of a host's signs of life switched");
        Ok(Waited::Done(Value::Null))
    }
}
