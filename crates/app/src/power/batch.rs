//! Commands to many nodes at once: each node has an action and a task of its own, stored in one
//! transaction.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use assay_domain::{
    Actor, Error, Page, PowerAction, PowerActionState, PowerCommand, Result, Role, TaskKind,
    Timestamp,
};
use assay_store::{NewPowerAction, NodeNames};
use serde_json::json;
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use super::Power;
use crate::protection::{self, Protection};
use crate::target;

/// How often a batch is looked at whose end is waited for.
const POLL: Duration = Duration::from_millis(100);
/// The most nodes of one request.
const MOST: usize = 10_000;
/// All actions of a batch.
const ALL: Page = Page {
    offset: 0,
    limit: i64::MAX,
};

/// How a caller names a node.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum NodeRef {
    /// By its key.
    Id(i64),
    /// By its UUID or its name.
    Text(String),
}

impl std::fmt::Display for NodeRef {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Id(id) => id.fmt(f),
            Self::Text(text) => text.fmt(f),
        }
    }
}

/// A node whose command was recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AcceptedPower {
    /// The node.
    pub node: NodeNames,
    /// The power action's key.
    pub action: i64,
    /// The task's UUID.
    pub task: String,
}

/// A node that gets no command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedPower {
    /// The node as the caller named it.
    pub node: NodeRef,
    /// Why.
    pub reason: String,
}

/// What was recorded of a request for many nodes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PowerBatch {
    /// The request's UUID.
    pub id: String,
    /// The nodes with a command, in the order of the request.
    pub accepted: Vec<AcceptedPower>,
    /// The others.
    pub refused: Vec<RefusedPower>,
}

/// How a request for many nodes stands.
#[derive(Debug, Clone, PartialEq)]
pub struct BatchStatus {
    /// What was asked.
    pub command: PowerCommand,
    /// Who asked.
    pub user_name: String,
    /// When it was asked for.
    pub start_time: Timestamp,
    /// How many of its actions are in each state.
    pub counts: Vec<(PowerActionState, i64)>,
    /// A page of its actions, each with its node.
    pub actions: Vec<(PowerAction, NodeNames)>,
}

/// How a request for many nodes ended, by the nodes' keys.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BatchEnds {
    /// Those at which it was done.
    pub success: Vec<i64>,
    /// The others, with the reason.
    pub failed: Vec<(i64, String)>,
}

/// A node, and how the caller named it.
type Named = (NodeRef, NodeNames);

impl Power<'_> {
    /// Records a command to many nodes, each with an action and a task of its own, all in one
    /// transaction. A node that is named twice gets one command.
    ///
    /// # Errors
    /// [`Error::Invalid`] for more than 10,000 nodes. A node that is not known, that is protected, or
    /// that cannot be switched, is refused with a reason, and the others go on.
    pub async fn command_many(
        &self,
        actor: &Actor,
        nodes: Vec<NodeRef>,
        command: PowerCommand,
        protection: Protection,
    ) -> Result<PowerBatch> {
        actor.require(Role::Operator)?;
        protection.authorise(actor)?;
        if nodes.len() > MOST {
            return Err(Error::invalid(format!(
                "nodes: {} are more than {MOST} at once",
                nodes.len()
            )));
        }
        let (mut found, mut refused) = self.resolve(nodes).await?;
        if command.interrupts() && protection == Protection::Respected {
            found = self.unprotected(found, &mut refused).await?;
        }
        let able = self.able(found, command, &mut refused).await?;
        let batch = Uuid::new_v4().to_string();
        let new: Vec<NewPowerAction> = able
            .iter()
            .map(|node| self.part(actor, node.id, command, &batch))
            .collect();
        let tasks: Vec<String> = new.iter().map(|new| new.task.uuid.clone()).collect();
        let mut actions = Vec::new();
        if !new.is_empty() {
            let now = self.app.clock().now();
            actions = self.app.store().create_power_actions(new, now).await?;
            self.app.announce(TaskKind::NodePower).await;
        }
        tracing::info!(user = actor.name, dialect = %actor.dialect, batch, command = command.as_str(), nodes = actions.len(), refused = refused.len(), "power commands accepted");
        let accepted = able.into_iter().zip(&actions).zip(tasks);
        Ok(PowerBatch {
            id: batch,
            accepted: accepted
                .map(|((node, action), task)| AcceptedPower {
                    node,
                    action: action.id,
                    task,
                })
                .collect(),
            refused,
        })
    }

    /// Records a command to many nodes and waits for its end, at most `power_batch_wait`. A node at
    /// which it has not ended by then is among the failed ones, and its task goes on.
    ///
    /// # Errors
    /// As of [`Self::command_many`].
    pub async fn command_many_and_wait(
        &self,
        actor: &Actor,
        nodes: Vec<i64>,
        command: PowerCommand,
        protection: Protection,
    ) -> Result<BatchEnds> {
        let nodes = nodes.into_iter().map(NodeRef::Id).collect();
        let batch = self.command_many(actor, nodes, command, protection).await?;
        let mut ends = BatchEnds::default();
        for refused in batch.refused {
            if let NodeRef::Id(id) = refused.node {
                ends.failed.push((id, refused.reason));
            }
        }
        if batch.accepted.is_empty() {
            return Ok(ends);
        }
        self.wait_for_batch(&batch.id).await?;
        let store = self.app.store();
        for action in store.power_actions_of_batch(&batch.id, None, ALL).await? {
            let Some(node) = action.node_id else { continue };
            match action.state {
                PowerActionState::Done => ends.success.push(node),
                PowerActionState::Failed | PowerActionState::Unknown => {
                    ends.failed.push((node, action.error.unwrap_or_default()));
                }
                PowerActionState::Intended | PowerActionState::Sent => ends.failed.push((
                    node,
                    format!(
                        "not done within {} s; power action {} goes on",
                        self.app.settings().power_batch_wait.as_secs(),
                        action.id
                    ),
                )),
            }
        }
        Ok(ends)
    }

    /// How a request for many nodes stands, with a page of its actions, or of those in one state.
    ///
    /// # Errors
    /// [`Error::NotFound`] for a request that is not known, or that had no node.
    pub async fn batch(
        &self,
        actor: &Actor,
        batch: &str,
        state: Option<PowerActionState>,
        page: Page,
    ) -> Result<BatchStatus> {
        actor.require(Role::Observer)?;
        let store = self.app.store();
        let first = Page {
            offset: 0,
            limit: 1,
        };
        let first = store.power_actions_of_batch(batch, None, first).await?;
        let first = first
            .into_iter()
            .next()
            .ok_or_else(|| Error::not_found("Request for many nodes", batch))?;
        let actions = store.power_actions_of_batch(batch, state, page).await?;
        let ids: Vec<i64> = actions.iter().filter_map(|action| action.node_id).collect();
        let mut names: HashMap<i64, NodeNames> = HashMap::new();
        for node in store.node_names(&ids, &[], &[]).await? {
            names.insert(node.id, node);
        }
        let named = actions.into_iter().filter_map(|action| {
            let node = names.get(&action.node_id?)?.clone();
            Some((action, node))
        });
        Ok(BatchStatus {
            command: first.command,
            user_name: first.user_name,
            start_time: first.start_time,
            counts: store.count_power_actions_of_batch(batch).await?,
            actions: named.collect(),
        })
    }

    fn part(&self, actor: &Actor, node: i64, command: PowerCommand, batch: &str) -> NewPowerAction {
        let kind = TaskKind::NodePower;
        NewPowerAction {
            node_id: Some(node),
            output: None,
            command,
            user_name: actor.name.clone(),
            batch: Some(batch.to_owned()),
            task: self
                .app
                .tasks()
                .new_task(actor, kind, Some(node), json!({})),
        }
    }

    /// The nodes that are named, each once and in that order, and the names that are no node's.
    async fn resolve(&self, wanted: Vec<NodeRef>) -> Result<(Vec<Named>, Vec<RefusedPower>)> {
        let (mut ids, mut uuids, mut names) = (Vec::new(), Vec::new(), Vec::new());
        for node in &wanted {
            match (node, uuid_of(node)) {
                (NodeRef::Id(id), _) => ids.push(*id),
                (NodeRef::Text(_), Some(uuid)) => uuids.push(uuid),
                (NodeRef::Text(text), None) => names.push(text.clone()),
            }
        }
        let known = self.app.store().node_names(&ids, &uuids, &names).await?;
        let by_id: HashMap<i64, &NodeNames> = known.iter().map(|node| (node.id, node)).collect();
        let by_text: HashMap<&str, &NodeNames> = known
            .iter()
            .flat_map(|node| {
                let name = node.name.as_deref().map(|name| (name, node));
                name.into_iter().chain([(node.uuid.as_str(), node)])
            })
            .collect();
        let (mut found, mut refused, mut seen) = (Vec::new(), Vec::new(), HashSet::new());
        for node in wanted {
            let hit = match &node {
                NodeRef::Id(id) => by_id.get(id),
                NodeRef::Text(text) => {
                    by_text.get(uuid_of(&node).as_ref().unwrap_or(text).as_str())
                }
            };
            match hit {
                Some(hit) if seen.insert(hit.id) => {
                    let hit = (*hit).clone();
                    found.push((node, hit));
                }
                Some(_) => {}
                None => refused.push(RefusedPower {
                    reason: Error::not_found("Node", &node).to_string(),
                    node,
                }),
            }
        }
        Ok((found, refused))
    }

    /// Those of the nodes that are not protected.
    async fn unprotected(
        &self,
        nodes: Vec<Named>,
        refused: &mut Vec<RefusedPower>,
    ) -> Result<Vec<Named>> {
        let ids: Vec<i64> = nodes.iter().map(|(_, node)| node.id).collect();
        let protected: HashSet<i64> = self.app.store().protected_nodes(&ids).await?;
        let (kept, others) = nodes
            .into_iter()
            .partition(|(_, node)| !protected.contains(&node.id));
        let others: Vec<Named> = others;
        refused.extend(others.into_iter().map(|(named, node)| RefusedPower {
            reason: protection::refusal(node.name.as_deref().unwrap_or(&node.uuid)),
            node: named,
        }));
        Ok(kept)
    }

    /// Those of the nodes that have a power control which may do the command.
    async fn able(
        &self,
        nodes: Vec<Named>,
        command: PowerCommand,
        refused: &mut Vec<RefusedPower>,
    ) -> Result<Vec<NodeNames>> {
        let ids: Vec<i64> = nodes.iter().map(|(_, node)| node.id).collect();
        let mut kinds = self.default_kinds(&ids).await?;
        let mut able = Vec::with_capacity(nodes.len());
        for (named, node) in nodes {
            let reason = match kinds.remove(&node.id) {
                None => target::no_control(&format!("node {}", node.uuid)).to_string(),
                Some(true) if command == PowerCommand::Shutdown => {
                    "what feeds a machine cannot ask its operating system to shut down".to_owned()
                }
                Some(_) => {
                    able.push(node);
                    continue;
                }
            };
            refused.push(RefusedPower {
                node: named,
                reason,
            });
        }
        Ok(able)
    }

    /// Whether the default power control of each of these nodes feeds it; those without are left out.
    async fn default_kinds(&self, ids: &[i64]) -> Result<HashMap<i64, bool>> {
        let store = self.app.store();
        let mut of_node: HashMap<i64, Vec<_>> = HashMap::new();
        for assignment in store.assignments_of_nodes(ids).await? {
            let node = assignment.node_id;
            of_node.entry(node).or_default().push(assignment);
        }
        let defaults: HashMap<i64, i64> = of_node
            .iter()
            .filter_map(|(node, all)| Some((*node, target::default_of(all)?.power_control_id)))
            .collect();
        let controls: Vec<i64> = defaults.values().copied().collect();
        let controls = store.power_controls_of(&controls).await?;
        let feeds: HashMap<i64, bool> = controls
            .iter()
            .map(|control| (control.id, target::is_feed(control)))
            .collect();
        Ok(defaults
            .into_iter()
            .filter_map(|(node, control)| Some((node, *feeds.get(&control)?)))
            .collect())
    }

    async fn wait_for_batch(&self, batch: &str) -> Result<()> {
        let deadline = Instant::now() + self.app.settings().power_batch_wait;
        loop {
            let counts = self.app.store().count_power_actions_of_batch(batch).await?;
            if counts.iter().all(|(state, _)| state.is_final()) || Instant::now() >= deadline {
                return Ok(());
            }
            sleep(POLL).await;
        }
    }
}

/// The UUID that a text is, in the one spelling that is stored.
fn uuid_of(node: &NodeRef) -> Option<String> {
    let NodeRef::Text(text) = node else {
        return None;
    };
    let uuid = Uuid::try_parse(text).ok()?;
    Some(uuid.hyphenated().to_string())
}
