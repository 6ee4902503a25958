//! Use cases of a cloud's hosts: emptying them, switching them off, restarting them. Each is a task
//! whose steps are recorded before they are done; a worker that takes it over goes on from there.

mod fence;
mod host;
mod moves;
mod shown;
mod view;

use assay_domain::cloud::{HostProgress, HostStage, InstanceMove};
use assay_domain::{Actor, Error, Node, Result, Role, Task, TaskKind};
use assay_moves::{Board, PlannedMove, Ways, empty};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::work::{Outcome, payload};
use crate::{App, Protection};

pub(crate) use moves::Mover;
pub(crate) use shown::of_move as shown_move;
pub(crate) use view::read as read_cloud;

/// What becomes of a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HostWork {
    /// All instances leave it; it stays on, and the scheduler gives it nothing more.
    Evacuate,
    /// It is emptied and switched off.
    Shutdown,
    /// It is emptied and switched off for good.
    Decommission,
    /// It is emptied, switched off and on, and gets instances again.
    Restart,
}

impl HostWork {
    /// Its name in texts.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Evacuate => "evacuate",
            Self::Shutdown => "shutdown",
            Self::Decommission => "decommission",
            Self::Restart => "restart",
        }
    }

    fn ends_power(self) -> bool {
        self != Self::Evacuate
    }
}

/// What is asked for of hosts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostOrder {
    /// What becomes of them.
    pub work: HostWork,
    /// The ways in which instances may leave.
    pub ways: Ways,
    /// One after the other, each when the one before is done; else all at once.
    pub in_sequence: bool,
}

/// What would be done with a host.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HostPlan {
    /// The host.
    pub host: String,
    /// Whether its compute service reports in; if not, its node is switched off before anything else.
    pub is_up: bool,
    /// What would become of its instances.
    pub moves: Vec<PlannedMove>,
}

/// Hosts of the cloud.
pub struct CloudHosts<'a> {
    app: &'a App,
}

impl<'a> CloudHosts<'a> {
    pub(crate) fn new(app: &'a App) -> Self {
        Self { app }
    }

    /// What would be done with hosts, without doing it.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an unknown host; [`Error::Unavailable`] when no cloud is configured, or
    /// it does not answer.
    pub async fn plan(
        &self,
        actor: &Actor,
        hosts: &[String],
        order: &HostOrder,
    ) -> Result<Vec<HostPlan>> {
        actor.require(Role::Observer)?;
        let mut board = Board::new(read_cloud(self.app).await?);
        let plans = hosts.iter().map(|host| {
            let service = board.service(host);
            let service = service.ok_or_else(|| Error::not_found("Host", host))?;
            let is_up = service.is_up && !service.is_forced_down;
            board.close(host);
            let moves = empty(&mut board, host, host::state(is_up), order.ways);
            Ok(HostPlan {
                host: host.clone(),
                is_up,
                moves: moves.map_err(|obstacle| Error::Conflict(obstacle.to_string()))?,
            })
        });
        plans.collect()
    }

    /// Has hosts emptied, and what comes after; gives the UUID of the task that does it.
    ///
    /// # Errors
    /// [`Error::Invalid`] for no host or one that is named twice; [`Error::NotFound`] for an unknown
    /// one; [`Error::Conflict`] for one that a task is at work on, whose node is protected, or which is
    /// to be switched off and has no node; [`Error::Unavailable`] when no cloud is configured, or it
    /// does not answer.
    pub async fn begin(
        &self,
        actor: &Actor,
        hosts: &[String],
        order: &HostOrder,
        protection: Protection,
    ) -> Result<String> {
        actor.require(Role::Operator)?;
        protection.authorise(actor)?;
        let services = self.app.cloud()?.hosts().hosts().await?;
        let nodes = fence::nodes_of(self.app, hosts).await?;
        let now = self.app.clock().now();
        let payload = json!({ "order": order });
        let kind = TaskKind::CloudHosts;
        let task = self.app.tasks().new_task(actor, kind, None, payload);
        let mut rows: Vec<HostProgress> = Vec::with_capacity(hosts.len());
        for (position, host) in hosts.iter().enumerate() {
            if rows.iter().any(|row| row.host == *host) {
                return Err(Error::invalid(format!("hosts: {host} is named twice")));
            }
            let service = services.iter().find(|service| service.name == *host);
            let service = service.ok_or_else(|| Error::not_found("Host", host))?;
            check_node(actor, host, nodes.get(host), order, protection)?;
            rows.push(HostProgress {
                task_uuid: task.uuid.clone(),
                position: i32::try_from(position).map_err(Error::internal)?,
                host: host.clone(),
                stage: HostStage::Waiting,
                was_enabled: service.is_enabled,
                cancelled_by: None,
                detail: None,
                changed_at: now,
            });
        }
        if rows.is_empty() {
            return Err(Error::invalid("hosts: name at least one"));
        }
        let uuid = task.uuid.clone();
        self.app.store().create_host_job(task, rows, now).await?;
        self.app.announce(kind).await;
        let work = order.work.as_str();
        tracing::info!(user = actor.name, dialect = %actor.dialect, hosts = hosts.join(","), work, task = uuid, "work on hosts of the cloud accepted");
        Ok(uuid)
    }

    /// A worker's part of [`Self::begin`].
    ///
    /// When a host is given up the task fails; the other hosts are done all the same, unless they come
    /// after it in sequence.
    ///
    /// # Errors
    /// What passes: the task goes on later.
    pub async fn run(&self, task: &Task) -> Result<Outcome> {
        let order: HostOrder = payload(task, "order")?;
        let hosts = self.app.store().job_hosts(&task.uuid).await?;
        let each = hosts
            .into_iter()
            .map(|row| host::run(self.app, task, &order, row));
        let mut ends = Vec::new();
        if order.in_sequence {
            for one in each {
                let end = one.await?;
                let is_done = end.stage == HostStage::Done;
                ends.push(end);
                if !is_done {
                    break;
                }
            }
        } else {
            ends = futures::future::try_join_all(each).await?;
        }
        let (hosts, moves) = self.recorded(&task.uuid).await?;
        let result = shown::progress(&hosts, &moves);
        let failed = ends.iter().find(|end| end.stage == HostStage::Failed);
        match failed {
            None => Ok(Outcome::Done(result)),
            Some(end) => {
                let why = end.detail.as_deref().unwrap_or("it was given up");
                let error = Error::Conflict(format!("host {}: {why}", end.host));
                Ok(Outcome::Failed(error, result))
            }
        }
    }

    /// What a task has done with its hosts and their instances so far.
    ///
    /// # Errors
    /// [`Error::NotFound`] for a task that does not work on hosts.
    pub async fn progress(
        &self,
        actor: &Actor,
        task_uuid: &str,
    ) -> Result<(Vec<HostProgress>, Vec<InstanceMove>)> {
        actor.require(Role::Observer)?;
        self.app.tasks().by_uuid(task_uuid).await?;
        let (hosts, moves) = self.recorded(task_uuid).await?;
        if hosts.is_empty() {
            return Err(Error::not_found("Task on hosts", task_uuid));
        }
        Ok((hosts, moves))
    }

    async fn recorded(&self, task_uuid: &str) -> Result<(Vec<HostProgress>, Vec<InstanceMove>)> {
        let hosts = self.app.store().job_hosts(task_uuid).await?;
        Ok((hosts, self.app.store().instance_moves(task_uuid).await?))
    }
}

fn check_node(
    actor: &Actor,
    host: &str,
    node: Option<&Node>,
    order: &HostOrder,
    protection: Protection,
) -> Result<()> {
    match node {
        Some(node) => protection.check(actor, node),
        None if order.work.ends_power() => Err(Error::Conflict(format!(
            "no node is known to be host {host}, so it cannot be switched off: set the node's hypervisor_id"
        ))),
        None => Ok(()),
    }
}
