//! Use cases of virtual controllers: instances of the cloud that nodes are bound to.

use assay_domain::{Actor, Error, Node, NodePatch, Result, Role, Task, TaskKind};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::App;
use crate::work::{Outcome, payload};

/// The most nodes that one request names.
const MOST: usize = 1000;

/// What becomes of the bindings of nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BindingOrder {
    /// They are bound to the controller.
    Attach,
    /// They are bound to it no more.
    Detach,
}

/// Virtual controllers.
pub struct VirtualControllers<'a> {
    app: &'a App,
}

impl<'a> VirtualControllers<'a> {
    pub(crate) fn new(app: &'a App) -> Self {
        Self { app }
    }

    /// Has nodes bound to a virtual controller, or unbound; gives the UUID of the task that does it.
    ///
    /// # Errors
    /// [`Error::Invalid`] for no name, too many, or one that is there twice; [`Error::NotFound`] for
    /// nodes that there are not, all of them named, and for an instance that there is not, unless nodes
    /// are unbound that are still bound to it; [`Error::Conflict`] for a node to be bound that is bound
    /// to another one; [`Error::Unavailable`] when no cloud is configured, or it does not answer.
    pub async fn begin(
        &self,
        actor: &Actor,
        controller: &str,
        names: &[String],
        order: BindingOrder,
    ) -> Result<String> {
        actor.require(Role::Operator)?;
        let cloud = self.app.cloud()?;
        check(names)?;
        let nodes = self.named(names).await?;
        let unknown = |_| Error::not_found("Instance", controller);
        let controller = Uuid::parse_str(controller).map_err(unknown)?.to_string();
        let is_bound = |node: &Node| node.controller_id.as_ref() == Some(&controller);
        if order == BindingOrder::Attach || !nodes.iter().any(is_bound) {
            cloud.instances().get(&controller).await?;
        }
        if order == BindingOrder::Attach {
            let mut others = nodes
                .iter()
                .filter_map(|node| bound_elsewhere(node, &controller));
            if let Some(text) = others.next() {
                return Err(Error::Conflict(text));
            }
        }
        let uuids: Vec<&String> = nodes.iter().map(|node| &node.uuid).collect();
        let kind = TaskKind::NodesBind;
        let payload = json!({
            "controller": controller, "order": order, "nodes": uuids, "names": names,
        });
        let task = self.app.tasks().new_task(actor, kind, None, payload);
        let (task_uuid, now) = (task.uuid.clone(), self.app.clock().now());
        self.app.store().enqueue_task(task, now).await?;
        self.app.announce(kind).await;
        tracing::info!(user = actor.name, dialect = %actor.dialect, controller, ?order, nodes = names.join(","), task = task_uuid, "binding of nodes accepted");
        Ok(task_uuid)
    }

    async fn named(&self, names: &[String]) -> Result<Vec<Node>> {
        let mut found = Vec::with_capacity(names.len());
        let mut missing: Vec<&str> = Vec::new();
        for name in names {
            match self.app.store().node_by_name(name).await? {
                Some(node) => found.push(node),
                None => missing.push(name),
            }
        }
        if missing.is_empty() {
            return Ok(found);
        }
        Err(Error::not_found("Node", missing.join(", ")))
    }

    /// A worker's part of [`Self::begin`]. A node that is as wanted already is left alone, so that it
    /// may be done again.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn run(&self, task: &Task) -> Result<Outcome> {
        let controller: String = payload(task, "controller")?;
        let order: BindingOrder = payload(task, "order")?;
        let uuids: Vec<String> = payload(task, "nodes")?;
        let names: Vec<String> = payload(task, "names")?;
        let mut hosts = Vec::new();
        let mut failed: Vec<String> = Vec::new();
        for (uuid, name) in uuids.iter().zip(&names) {
            let end = self.bind(uuid, &controller, order).await?;
            if let Err(why) = &end {
                failed.push(format!("{name}: {why}"));
            }
            hosts.push(shown(name, &end));
        }
        let result = json!({ "controller_uuid": controller, "hosts": hosts });
        if failed.is_empty() {
            return Ok(Outcome::Done(result));
        }
        Ok(Outcome::Failed(Error::Conflict(failed.join("; ")), result))
    }

    /// What was done with a node, or why it was not.
    async fn bind(
        &self,
        uuid: &str,
        controller: &str,
        order: BindingOrder,
    ) -> Result<std::result::Result<&'static str, String>> {
        let Some(node) = self.app.store().node_by_uuid(uuid).await? else {
            return Ok(Err("the node was deleted meanwhile".to_owned()));
        };
        let is_bound = node.controller_id.as_deref() == Some(controller);
        let (wanted, done) = match (order, is_bound) {
            (BindingOrder::Attach, true) => return Ok(Ok("was attached already")),
            (BindingOrder::Detach, false) => return Ok(Ok("was not attached to it")),
            (BindingOrder::Attach, false) => (Some(controller.to_owned()), "attached"),
            (BindingOrder::Detach, true) => (None, "detached"),
        };
        if order == BindingOrder::Attach
            && let Some(text) = bound_elsewhere(&node, controller)
        {
            return Ok(Err(text));
        }
        let patch = NodePatch {
            controller_id: Some(wanted),
            ..NodePatch::default()
        };
        let now = self.app.clock().now();
        self.app.store().update_node(node.id, patch, now).await?;
        Ok(Ok(done))
    }
}

fn check(names: &[String]) -> Result<()> {
    if names.is_empty() || names.len() > MOST {
        return Err(Error::invalid(format!("hostnames: name 1 to {MOST}")));
    }
    for (place, name) in names.iter().enumerate() {
        if names[..place].contains(name) {
            return Err(Error::invalid(format!("hostnames: {name} is named twice")));
        }
    }
    Ok(())
}

fn bound_elsewhere(node: &Node, controller: &str) -> Option<String> {
    let other = node
        .controller_id
        .as_deref()
        .filter(|id| *id != controller)?;
    let name = node.name.as_deref().unwrap_or(&node.uuid);
    Some(format!(
        "node {name} is bound to virtual controller {other}: detach it first"
    ))
}

fn shown(name: &str, end: &std::result::Result<&'static str, String>) -> Value {
    match end {
        Ok(done) => json!({ "hostname": name, "result": done }),
        Err(why) => json!({ "hostname": name, "result": "failed", "detail": why }),
    }
}
