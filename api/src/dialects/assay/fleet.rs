//! The fleet: who is alive, what they hold and since when, and who waits for which node.

use assay_app::{App, ClassState, FleetStatus, Member, QueueState};
use assay_domain::fleet::{HeldTask, Lease, Reservation, Waiter};
use rocket::serde::json::Json;
use rocket::{State, get};
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

use crate::guards::Caller;
use crate::query::Query;
use crate::reply::Answer;

use super::iso;
use super::page::page;

/// A process of the fleet.
#[derive(Serialize, ToSchema)]
struct FleetProcess {
    /// Unique name: host, process id and a random part.
    #[schema(example = "rack1-4711-3f6c21aa")]
    name: String,
    /// server (API and worker), api or worker.
    #[schema(example = "worker")]
    role: String,
    /// Whether it was seen within the last 15 seconds.
    alive: bool,
    /// Host that it runs on.
    host: String,
    /// Process id on that host.
    pid: i64,
    /// Version of Assay.
    version: String,
    /// Where it listens, if it does.
    url: Option<String>,
    /// The queue engine that it uses.
    #[schema(example = "rabbitmq")]
    queue: String,
    /// Tasks that it works on at a time, per class; 0 when it does not work.
    slots: i64,
    /// How PXE admission is at the DHCP server beside it; none without one.
    #[schema(example = "dnsmasq serves 3 network cards")]
    admission: Option<String>,
    /// When it started, UTC.
    started_at: String,
    /// When it last said that it lives, UTC.
    seen_at: String,
}

impl From<&Member> for FleetProcess {
    fn from(member: &Member) -> Self {
        let process = member.process.clone();
        Self {
            name: process.name,
            role: process.role,
            alive: member.alive,
            host: process.host,
            pid: process.pid,
            version: process.version,
            url: process.url,
            queue: process.queue,
            slots: process.slots,
            admission: process.admission,
            started_at: iso(process.started_at),
            seen_at: iso(process.seen_at),
        }
    }
}

/// What only one process of the fleet does at a time.
#[derive(Serialize, ToSchema)]
struct FleetLease {
    /// What.
    #[schema(example = "sweeps")]
    name: String,
    /// Name of the process that does it.
    holder: String,
    /// Since when, UTC.
    acquired_at: String,
    /// Until when, unless it is renewed, UTC.
    expires_at: String,
}

impl From<&Lease> for FleetLease {
    fn from(lease: &Lease) -> Self {
        let lease = lease.clone();
        Self {
            name: lease.name,
            holder: lease.holder,
            acquired_at: iso(lease.acquired_at),
            expires_at: iso(lease.expires_at),
        }
    }
}

/// A task that a process works on now.
#[derive(Serialize, ToSchema)]
struct TaskAtWork {
    /// UUID of the task.
    id: String,
    /// What it does.
    #[schema(value_type = String, example = "introspection.start")]
    kind: &'static str,
    /// UUID of the node that it works on, if any.
    node: Option<String>,
    /// Name of the process that holds it.
    holder: String,
    /// Since when, UTC.
    since: Option<String>,
    /// Until when, unless the process renews its hold, UTC.
    until: Option<String>,
}

impl From<&HeldTask> for TaskAtWork {
    fn from(task: &HeldTask) -> Self {
        let task = task.clone();
        Self {
            id: task.uuid,
            kind: task.kind.as_str(),
            node: task.node_uuid,
            holder: task.holder,
            since: task.since.map(iso),
            until: task.until.map(iso),
        }
    }
}

/// The hold of a task on a node: nobody else drives the machine while it lasts.
#[derive(Serialize, ToSchema)]
struct NodeReservation {
    /// UUID of the node.
    node: String,
    /// UUID of the task that holds it.
    holder: String,
    /// What for.
    #[schema(example = "introspection")]
    purpose: String,
    /// Since when, UTC.
    since: String,
    /// Until when, unless the holder renews its hold, UTC.
    until: String,
}

impl From<&Reservation> for NodeReservation {
    fn from(held: &Reservation) -> Self {
        let held = held.clone();
        Self {
            node: held.node_uuid,
            holder: held.holder,
            purpose: held.purpose,
            since: iso(held.since),
            until: iso(held.until),
        }
    }
}

/// A task that waits for a node.
#[derive(Serialize, ToSchema)]
struct WaitingTask {
    /// Key of the node.
    node_id: i64,
    /// UUID of the task.
    task: String,
    /// What for.
    #[schema(example = "power action")]
    purpose: String,
    /// Since when, UTC.
    since: String,
}

impl From<&Waiter> for WaitingTask {
    fn from(waiter: &Waiter) -> Self {
        let waiter = waiter.clone();
        Self {
            node_id: waiter.node_id,
            task: waiter.task_uuid,
            purpose: waiter.purpose,
            since: iso(waiter.since),
        }
    }
}

/// How workers learn of tasks, as the process sees it that answers.
#[derive(Serialize, ToSchema)]
struct QueueReport {
    /// embedded or rabbitmq.
    #[schema(value_type = String, example = "rabbitmq")]
    engine: &'static str,
    /// Whether tasks can be announced now.
    connected: bool,
    /// Since when it is connected, or not, UTC.
    since: String,
    /// Why it is not connected.
    problem: Option<String>,
    /// Every class of work.
    classes: Vec<QueueClass>,
    /// Messages among the broker's dead letters that no worker has fetched yet.
    dead: Option<u32>,
}

/// One class of work.
#[derive(Serialize, ToSchema)]
struct QueueClass {
    /// The class.
    #[schema(example = "power")]
    class: String,
    /// Tasks that wait for a worker.
    waiting: Option<i64>,
    /// Since when the first of them waits, UTC.
    since: Option<String>,
    /// Messages that the broker holds and no worker has.
    messages: Option<u32>,
    /// Workers that the broker gives messages to.
    consumers: Option<u32>,
}

impl From<&QueueState> for QueueReport {
    fn from(state: &QueueState) -> Self {
        let QueueState {
            engine,
            connected,
            since,
            problem,
            classes,
            dead,
        } = state.clone();
        Self {
            engine,
            connected,
            since: iso(since),
            problem,
            classes: classes.into_iter().map(QueueClass::from).collect(),
            dead,
        }
    }
}

impl From<ClassState> for QueueClass {
    fn from(state: ClassState) -> Self {
        let ClassState {
            class,
            waiting,
            since,
            messages,
            consumers,
        } = state;
        Self {
            class,
            waiting,
            since: since.map(iso),
            messages,
            consumers,
        }
    }
}

/// Who is alive, and what is held.
#[derive(Serialize, ToSchema)]
pub(super) struct FleetReport {
    /// Of when this is, UTC.
    at: String,
    /// Processes in order of their start; the dead ones for an hour.
    processes: Vec<FleetProcess>,
    /// What only one process does at a time.
    leases: Vec<FleetLease>,
    /// A page of the tasks that are being worked on.
    tasks: Vec<TaskAtWork>,
    /// A page of the nodes that tasks hold.
    reservations: Vec<NodeReservation>,
    /// A page of the tasks that wait for a node, first come first.
    waiters: Vec<WaitingTask>,
    /// How workers learn of tasks.
    queue: QueueReport,
    /// How many tasks are in each status.
    task_counts: BTreeMap<&'static str, i64>,
}

impl From<&FleetStatus> for FleetReport {
    fn from(status: &FleetStatus) -> Self {
        let FleetStatus {
            at,
            processes,
            leases,
            tasks,
            reservations,
            waiters,
            queue,
            counts,
        } = status;
        let counts = counts.iter();
        Self {
            at: iso(*at),
            processes: processes.iter().map(FleetProcess::from).collect(),
            leases: leases.iter().map(FleetLease::from).collect(),
            tasks: tasks.iter().map(TaskAtWork::from).collect(),
            reservations: reservations.iter().map(NodeReservation::from).collect(),
            waiters: waiters.iter().map(WaitingTask::from).collect(),
            queue: queue.into(),
            task_counts: counts
                .map(|(status, count)| (status.as_str(), *count))
                .collect(),
        }
    }
}

/// The fleet's state as this API shows it, for the command line.
///
/// # Errors
/// A serialisation that fails.
pub fn fleet_document(status: &FleetStatus) -> serde_json::Result<serde_json::Value> {
    serde_json::to_value(FleetReport::from(status))
}

/// Who holds a node, and who waits for it.
#[derive(Serialize, ToSchema)]
pub(super) struct NodeReservations {
    /// Who holds it now.
    reservation: Option<NodeReservation>,
    /// Who waits for it, first come first.
    waiters: Vec<WaitingTask>,
}

/// Shows who is alive, what they hold and since when.
#[utoipa::path(
    tag = "fleet",
    params(
        ("offset" = Option<i64>, Query, description = "How many to skip of each long list", minimum = 0),
        ("limit" = Option<i64>, Query, description = "How many at most of each long list", minimum = 0),
    ),
    responses((status = 200, description = "The fleet", body = FleetReport)),
)]
#[get("/assay/v1/fleet")]
pub(crate) async fn show_fleet(
    app: &State<App>,
    caller: Caller,
    query: Query<'_>,
) -> Answer<FleetReport> {
    let page = page(&query, app.settings().api_max_limit)?;
    let status = app.fleet().status(&caller.0, page).await?;
    Ok(Json(FleetReport::from(&status)))
}

/// Shows which task holds a node, and which ones wait for it in order.
#[utoipa::path(
    tag = "fleet",
    params(("node" = String, Path, description = "UUID or name of the node")),
    responses(
        (status = 200, description = "Holder and waiting tasks", body = NodeReservations),
        (status = 404, description = "The node cannot be found"),
    ),
)]
#[get("/assay/v1/nodes/<node>/reservation")]
pub(crate) async fn show_reservation(
    app: &State<App>,
    caller: Caller,
    node: &str,
) -> Answer<NodeReservations> {
    let (held, waiters) = app.fleet().reservation(&caller.0, node).await?;
    Ok(Json(NodeReservations {
        reservation: held.as_ref().map(NodeReservation::from),
        waiters: waiters.iter().map(WaitingTask::from).collect(),
    }))
}
