//! Use cases of nodes' operating systems: how they are reached, what is done on them, what is kept so.

use std::path::Path;

use assay_domain::host::{CpuMode, HostAccess, HostAction, HostSetting, KeptSettings};
use assay_domain::{Actor, Error, Node, Result, Role, Secret, Task, TaskKind};
use assay_drivers::snmp::name_of;
use assay_drivers::ssh::{HostLogin, SshHost, public_key_of};
use assay_hosts::{HeartbeatPlan, HostSettings, Outcome as Done, SnmpSettings};
use chrono::TimeDelta;
use serde_json::json;

use crate::host_targets::check_targets;
use crate::node_guard::NodeGuard;
use crate::tasks::Waited;
use crate::work::{Outcome, node_of, payload};
use crate::{App, Protection};

/// How many hosts are looked at in one round.
const ROUND: i64 = 100;

/// Operating systems of nodes.
pub struct Hosts<'a> {
    app: &'a App,
}

impl<'a> Hosts<'a> {
    pub(crate) fn new(app: &'a App) -> Self {
        Self { app }
    }

    pub(crate) fn app(&self) -> &'a App {
        self.app
    }

    /// How a node's operating system is reached, by the node's UUID or name.
    ///
    /// # Errors
    /// [`Error::NotFound`] when nothing was said of it.
    pub async fn access(&self, actor: &Actor, reference: &str) -> Result<HostAccess> {
        actor.require(Role::Observer)?;
        let node = self.app.nodes().by_ref(reference).await?;
        let access = self.app.store().host_access(node.id).await?;
        access.ok_or_else(|| Error::not_found("Host access of node", reference))
    }

    /// Says how a node's operating system is reached, and which host key it has.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a bad address, port or host key.
    pub async fn set_access(
        &self,
        actor: &Actor,
        reference: &str,
        access: impl FnOnce(i64) -> HostAccess,
    ) -> Result<HostAccess> {
        actor.require(Role::Operator)?;
        let node = self.app.nodes().by_ref(reference).await?;
        let access = access(node.id);
        if let Some(address) = &access.address {
            check_host("address", address)?;
        }
        SshHost::check_key(&access.host_key).map_err(Error::Invalid)?;
        self.app.store().set_host_access(access.clone()).await?;
        tracing::info!(user = actor.name, dialect = %actor.dialect, node = node.uuid, "host access set");
        Ok(access)
    }

    /// Forgets how a node's operating system is reached.
    ///
    /// # Errors
    /// As of [`Self::access`].
    pub async fn forget_access(&self, actor: &Actor, reference: &str) -> Result<()> {
        actor.require(Role::Operator)?;
        let node = self.app.nodes().by_ref(reference).await?;
        if !self.app.store().forget_host_access(node.id).await? {
            return Err(Error::not_found("Host access of node", reference));
        }
        tracing::info!(user = actor.name, dialect = %actor.dialect, node = node.uuid, "host access forgotten");
        Ok(())
    }

    /// What was set on a node's operating system, and whether it is kept so.
    pub async fn kept(&self, actor: &Actor, reference: &str) -> Result<KeptSettings> {
        actor.require(Role::Observer)?;
        let node = self.app.nodes().by_ref(reference).await?;
        self.app.store().kept_settings(node.id).await
    }

    /// Has what was set on a node's operating system kept so, or not.
    pub async fn keep(&self, actor: &Actor, node_id: i64, is_kept: bool) -> Result<()> {
        actor.require(Role::Operator)?;
        let node = self.app.nodes().by_id(node_id).await?;
        let store = self.app.store();
        store.keep_host_settings(node_id, is_kept).await?;
        tracing::info!(user = actor.name, dialect = %actor.dialect, node = node.uuid, is_kept, "keeping of host settings switched");
        Ok(())
    }

    /// Has an action carried out on a node's operating system, and waits a while for its end.
    ///
    /// # Errors
    /// [`Error::Invalid`] for bad values; [`Error::Conflict`] for a node without an address or a
    /// pinned host key, and for the update of a protected one; what the host fails with within the
    /// wait.
    pub async fn act(
        &self,
        actor: &Actor,
        node_id: i64,
        action: HostAction,
        protection: Protection,
    ) -> Result<Waited> {
        actor.require(Role::Operator)?;
        check(&action)?;
        let node = self.app.nodes().by_id(node_id).await?;
        if action == HostAction::UpdateSystem {
            protection.check(actor, &node)?;
        }
        self.reach(&node).await?;
        let action = serde_json::to_value(&action).map_err(Error::internal)?;
        let payload = json!({ "action": action });
        let tasks = self.app.tasks();
        let task = tasks.new_task(actor, TaskKind::HostAction, Some(node_id), payload);
        let (uuid, now) = (task.uuid.clone(), self.app.clock().now());
        self.app.store().enqueue_task(task, now).await?;
        self.app.announce(TaskKind::HostAction).await;
        tracing::info!(user = actor.name, dialect = %actor.dialect, node = node.uuid, task = uuid, "action on a host accepted");
        let limit = self.app.settings().hosts.answer_wait;
        tasks.wait(&uuid, limit).await
    }

    /// A worker's part of [`Self::act`].
    pub async fn run(&self, task: &Task) -> Result<Outcome> {
        let node_id = node_of(task)?;
        let action: HostAction = payload(task, "action")?;
        let node = self.app.nodes().by_id(node_id).await?;
        let guard = NodeGuard::take(self.app, node_id, task, "action on its host").await?;
        let done = self.carry_out(&node, &action).await;
        guard.release().await?;
        let done = done?;
        let store = self.app.store();
        if let HostAction::Set(setting) = action {
            if let HostSetting::Heartbeat(wanted) = setting {
                store.watch_heartbeat(node_id, wanted).await?;
            }
            store.record_host_setting(node_id, setting).await?;
        }
        if let Some(sessions) = &done.sessions {
            let now = self.app.clock().now();
            store
                .set_host_sessions(node_id, sessions.clone(), now)
                .await?;
        }
        for line in &done.report {
            self.app.tasks().message(task, line).await?;
        }
        if let Some(cause) = done.incomplete {
            return Err(cause.into());
        }
        let mut result = json!({ "changed": done.changed, "report": done.report });
        for (key, targets) in [("targets", &done.offered), ("sessions", &done.sessions)] {
            if let Some(targets) = targets {
                result[key] = serde_json::to_value(targets).map_err(Error::internal)?;
            }
        }
        Ok(Outcome::Done(result))
    }

    /// Sets again what was set on hosts that have changed it, or came back without it. Hosts that
    /// cannot be reached are looked at again in the next round.
    pub async fn keep_all(&self) -> Result<()> {
        let settings = &self.app.settings().hosts;
        let now = self.app.clock().now();
        let interval = TimeDelta::from_std(settings.keep_interval).map_err(Error::internal)?;
        let store = self.app.store();
        for node_id in store.claim_kept_hosts(now - interval, ROUND, now).await? {
            self.begin_keeping(node_id).await?;
        }
        Ok(())
    }

    async fn begin_keeping(&self, node_id: i64) -> Result<()> {
        let node = self.app.nodes().by_id(node_id).await?;
        if node.is_reserved || self.reach(&node).await.is_err() {
            return Ok(());
        }
        let tasks = self.app.tasks();
        let actor = Actor::system();
        let task = tasks.new_task(&actor, TaskKind::HostKeep, Some(node_id), json!({}));
        let now = self.app.clock().now();
        self.app.store().enqueue_task(task, now).await?;
        self.app.announce(TaskKind::HostKeep).await;
        Ok(())
    }

    /// A worker's part of [`Self::keep_all`].
    pub async fn run_keep(&self, task: &Task) -> Result<Outcome> {
        let node_id = node_of(task)?;
        let kept = self.app.store().kept_settings(node_id).await?;
        let node = self.app.nodes().by_id(node_id).await?;
        if !kept.is_kept || node.is_reserved {
            return Ok(Outcome::Done(json!({ "drifted": [] })));
        }
        let guard = NodeGuard::take(self.app, node_id, task, "settings of its host").await?;
        let drifted = self.keep_each(task, &node, &kept).await;
        guard.release().await?;
        Ok(Outcome::Done(json!({ "drifted": drifted? })))
    }

    async fn keep_each(
        &self,
        task: &Task,
        node: &Node,
        kept: &KeptSettings,
    ) -> Result<Vec<serde_json::Value>> {
        let mut drifted = Vec::new();
        for setting in &kept.settings {
            let action = HostAction::Set(setting.clone());
            if self.carry_out(node, &action).await?.changed {
                let setting = serde_json::to_value(setting).map_err(Error::internal)?;
                let text = format!("set again what the host had changed: {setting}");
                self.app.tasks().message(task, &text).await?;
                drifted.push(setting);
            }
        }
        Ok(drifted)
    }

    async fn carry_out(&self, node: &Node, action: &HostAction) -> Result<Done> {
        let access = self.reach(node).await?;
        let (host, settings) = self.way(node, &access).await?;
        let mut done = assay_hosts::carry_out(&host, action, &settings).await?;
        if let (HostAction::Set(HostSetting::Snmp(true)), Some(snmp)) = (action, &settings.snmp) {
            let name = self.ask_agent(node, &access, snmp).await?;
            done.report
                .push(format!("the SNMP agent of {name} answers"));
        }
        Ok(done)
    }

    /// Asks the SNMP agent that was just started, again and again for a moment.
    async fn ask_agent(
        &self,
        node: &Node,
        access: &HostAccess,
        snmp: &SnmpSettings,
    ) -> Result<String> {
        let (address, port) = (
            address_of(node, Some(access))?,
            access.snmp_port.unwrap_or(161),
        );
        let limit = self.app.settings().hosts.connect_limit;
        Ok(name_of(&address, port, &snmp.community, limit).await?)
    }

    /// The way into a node's operating system.
    ///
    /// # Errors
    /// [`Error::Conflict`] for a node without an address or a pinned host key, and without a key to log
    /// in with.
    pub(crate) async fn door(&self, node: &Node) -> Result<SshHost> {
        let access = self.reach(node).await?;
        self.door_with(node, &access, self.key().await?)
    }

    fn door_with(&self, node: &Node, access: &HostAccess, key: Secret) -> Result<SshHost> {
        let hosts = &self.app.settings().hosts;
        let login = HostLogin {
            name: hosts.login.clone(),
            key,
            limit: hosts.connect_limit,
        };
        let address = address_of(node, Some(access))?;
        let port = access.port.unwrap_or(hosts.port);
        SshHost::new(login, address, port, &access.host_key).map_err(Error::Conflict)
    }

    async fn way(&self, node: &Node, access: &HostAccess) -> Result<(SshHost, HostSettings)> {
        let hosts = &self.app.settings().hosts;
        let key = self.key().await?;
        let public_key = public_key_of(&key)
            .map_err(|error| Error::conflict(format!("hosts.ssh_key cannot be used: {error}")))?;
        let host = self.door_with(node, access, key)?;
        let settings = HostSettings {
            login: hosts.login.clone(),
            public_key,
            log_port: hosts.log_port,
            log_protocol: hosts.log_protocol,
            snmp: self.snmp().await?,
            heartbeat: self.heartbeat(node).await?,
        };
        Ok((host, settings))
    }

    async fn heartbeat(&self, node: &Node) -> Result<HeartbeatPlan> {
        let storages = self.app.store().storages_of_node(node.id).await?;
        Ok(HeartbeatPlan {
            file: node.uuid.clone(),
            paths: storages.into_iter().map(|one| one.compute_path).collect(),
            interval: self.app.settings().heartbeats.interval,
        })
    }

    async fn key(&self) -> Result<Secret> {
        let file = self.app.settings().hosts.ssh_key.as_deref();
        let file = file.ok_or_else(|| {
            Error::conflict(
                "hosts.ssh_key is not configured: Assay has no key to log in on hosts with",
            )
        })?;
        secret_of("hosts.ssh_key", file).await
    }

    async fn snmp(&self) -> Result<Option<SnmpSettings>> {
        let Some(snmp) = &self.app.settings().hosts.snmp else {
            return Ok(None);
        };
        let community = secret_of("hosts.snmp.community_file", &snmp.community_file).await?;
        let community = community.expose().trim();
        let is_word = |byte: u8| byte.is_ascii_graphic() && !b"\"\'\\#".contains(&byte);
        if community.is_empty() || !community.bytes().all(is_word) {
            return Err(Error::conflict(
                "hosts.snmp.community_file: a community is one word without quotes, backslash and #",
            ));
        }
        Ok(Some(SnmpSettings {
            community: Secret::new(community),
            networks: snmp.networks.clone(),
        }))
    }

    /// Where a node's SSH server is, be it that its host key is not pinned.
    ///
    /// # Errors
    /// [`Error::Conflict`] for a node without an address.
    pub(crate) async fn ssh_address(&self, node: &Node) -> Result<(String, u16)> {
        let access = self.app.store().host_access(node.id).await?;
        let port = access.as_ref().and_then(|access| access.port);
        let port = port.unwrap_or(self.app.settings().hosts.port);
        Ok((address_of(node, access.as_ref())?, port))
    }

    /// How a node's operating system is reached.
    async fn reach(&self, node: &Node) -> Result<HostAccess> {
        let name = node.name.as_deref().unwrap_or(&node.uuid);
        let access = self.app.store().host_access(node.id).await?;
        let access = access.ok_or_else(|| {
            Error::conflict(format!(
                "the host key of node {name} is not pinned: PUT /assay/v1/nodes/{name}/host-access says which one is believed"
            ))
        })?;
        address_of(node, Some(&access))?;
        Ok(access)
    }
}

async fn secret_of(setting: &str, file: &Path) -> Result<Secret> {
    let text = tokio::fs::read_to_string(file).await;
    text.map(Secret::new)
        .map_err(|error| Error::conflict(format!("{setting}: {}: {error}", file.display())))
}

fn address_of(node: &Node, access: Option<&HostAccess>) -> Result<String> {
    let address = access.and_then(|access| access.address.as_ref());
    let address = address.or(node.ip_addresses.first());
    address.cloned().ok_or_else(|| {
        let name = node.name.as_deref().unwrap_or(&node.uuid);
        Error::conflict(format!("node {name} has no address: set its ip_addresses"))
    })
}

fn check(action: &HostAction) -> Result<()> {
    match action {
        HostAction::Set(HostSetting::LogRedirection(Some(host))) => {
            check_host("log_redirection_hostname", host)
        }
        HostAction::Set(HostSetting::CpuMode(Some(CpuMode::Custom(model)))) => check_model(model),
        HostAction::AttachTargets {
            targets,
            vendor,
            product,
        } => check_targets(targets, vendor.as_deref(), product.as_deref()),
        _ => Ok(()),
    }
}

/// A DNS name (RFC 1123, section 2.1) or an IP address.
fn check_host(field: &str, host: &str) -> Result<()> {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let is_name = host.len() <= 253 && host.split('.').all(is_label);
    if is_name || host.parse::<std::net::IpAddr>().is_ok() {
        return Ok(());
    }
    Err(Error::invalid(format!(
        "{field}: '{host}' is neither a host name nor an IP address"
    )))
}

/// A name as libvirt's models have them.
fn check_model(model: &str) -> Result<()> {
    let is_known = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.+".contains(&byte);
    if (1..=64).contains(&model.len()) && model.bytes().all(is_known) {
        return Ok(());
    }
    Err(Error::invalid(format!(
        "cpu_model: '{model}' is no name of a processor model"
    )))
}
