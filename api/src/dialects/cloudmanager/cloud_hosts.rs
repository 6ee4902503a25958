//! Hosts of the cloud: emptied, switched off, decommissioned, restarted. Each is one task.

use assay_app::{App, HostOrder, HostPlan, HostWork, Ways};
use assay_domain::{Error, Result};
use rocket::serde::json::Json;
use rocket::{State, post};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::guards::{Caller, JsonBody, RawBody};
use crate::query::{Query, protection};
use crate::reply::Answer;

use super::servers::TaskStarted;

/// How the work is asked for.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "describes the query, which is read by name")]
pub(super) struct HostParams {
    /// Whether only the plan is wanted: nothing is changed.
    dry_run: Option<bool>,
    /// Whether protected nodes are interrupted all the same; for administrators.
    force: Option<bool>,
}

/// How instances may leave a host that is shut down.
#[derive(Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct ShutdownOptions {
    /// Whether an instance that runs is stopped and moved when it cannot be moved while it runs.
    allow_off_vm: bool,
    /// Whether it is built again elsewhere when it cannot be moved: the host is switched off first.
    allow_evacuate: bool,
}

/// How instances may leave a host for good.
#[derive(Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[expect(clippy::struct_field_names, reason = "they are CloudManager's names")]
pub(super) struct DecommissionOptions {
    /// Whether an instance is moved while it runs; true when absent.
    allow_live_migrate: Option<bool>,
    /// Whether an instance that runs is stopped and moved when it cannot be moved while it runs.
    allow_migrate: bool,
    /// Whether it is built again elsewhere when it cannot be moved: the host is switched off first.
    allow_evacuate: bool,
}

/// Which hosts are restarted, and how instances may leave them.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RestartOptions {
    /// Names of compute hosts.
    #[schema(example = json!(["mnode1.example.com", "mnode2.example.com"]))]
    hosts: Vec<String>,
    /// Whether a host is begun with only when the one before it is back.
    #[serde(default)]
    in_sequence: bool,
    /// Whether an instance that runs is stopped and moved when it cannot be moved while it runs.
    #[serde(default)]
    allow_off_vm: bool,
    /// Whether it is built again elsewhere when it cannot be moved: the host is switched off first.
    #[serde(default)]
    allow_evacuate: bool,
}

/// What would become of an instance.
#[derive(Serialize, ToSchema)]
#[schema(as = PlannedMove)]
pub(super) struct PlannedMoveWire {
    /// Its UUID.
    uuid: String,
    /// Its name.
    name: String,
    /// What it is now, in the cloud's words.
    #[schema(example = "ACTIVE")]
    status: String,
    /// How it is moved, what is tried first being first: live, cold, evacuate.
    #[schema(value_type = Vec<String>)]
    methods: Vec<&'static str>,
    /// The host that it is likely to go to; the cloud's scheduler decides.
    target: Option<String>,
    /// Why it stays, or is likely to.
    obstacle: Option<String>,
}

/// What would be done with a host.
#[derive(Serialize, ToSchema)]
#[schema(as = HostPlan)]
pub(super) struct HostPlanWire {
    /// Its name.
    host: String,
    /// Whether its compute service reports in; if not, its node is switched off before instances are
    /// built again elsewhere.
    is_up: bool,
    /// What would become of its instances, in this order.
    instances: Vec<PlannedMoveWire>,
}

impl From<HostPlan> for HostPlanWire {
    fn from(plan: HostPlan) -> Self {
        let instances = plan.moves.into_iter().map(|one| PlannedMoveWire {
            uuid: one.instance_uuid,
            name: one.instance_name,
            status: one.status,
            methods: one.methods.iter().map(|method| method.as_str()).collect(),
            target: one.target,
            obstacle: one.obstacle,
        });
        Self {
            host: plan.host,
            is_up: plan.is_up,
            instances: instances.collect(),
        }
    }
}

/// The task that was begun or, with `dry_run`, the plan.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
pub(super) enum HostAnswer {
    /// It was begun.
    Started(TaskStarted),
    /// It would be done so.
    Planned {
        /// The hosts.
        hosts: Vec<HostPlanWire>,
    },
}

/// Has all instances leave a host, which the scheduler gives nothing more: while they run, or while they
/// are off. A host whose compute service does not report in is switched off through its BMC, and when it
/// is off its instances are built again elsewhere.
#[utoipa::path(
    tag = "cloud",
    params(HostParams, ("host_name" = String, Path, description = "Name of the compute host")),
    responses(
        (status = 200, description = "Its task, or the plan", body = HostAnswer),
        (status = 404, description = "The cloud has no such host"),
        (status = 409, description = "A task is at work on it, or its node is protected"),
        (status = 503, description = "No cloud is configured, or it does not answer"),
    ),
)]
#[post("/v1/hosts/<host_name>/actions/evacuate")]
pub(crate) async fn evacuate_host(
    app: &State<App>,
    caller: Caller,
    host_name: &str,
    query: Query<'_>,
) -> Answer<HostAnswer> {
    let ways = Ways {
        live: true,
        cold: false,
        evacuate: false,
    };
    let order = order(HostWork::Evacuate, ways);
    work(app, &caller, &[host_name.to_owned()], &order, &query).await
}

/// Has all instances leave a host, and switches it off when it is empty.
#[utoipa::path(
    tag = "cloud",
    params(HostParams, ("host_name" = String, Path, description = "Name of the compute host")),
    request_body = Option<ShutdownOptions>,
    responses(
        (status = 200, description = "Its task, or the plan", body = HostAnswer),
        (status = 404, description = "The cloud has no such host"),
        (status = 409, description = "A task is at work on it, its node is protected, or it is no known node"),
        (status = 503, description = "No cloud is configured, or it does not answer"),
    ),
)]
#[post("/v1/hosts/<host_name>/actions/shutdown", data = "<body>")]
pub(crate) async fn shut_host_down(
    app: &State<App>,
    caller: Caller,
    host_name: &str,
    query: Query<'_>,
    body: RawBody,
) -> Answer<HostAnswer> {
    let options: ShutdownOptions = options(&body.0)?;
    let ways = Ways {
        live: true,
        cold: options.allow_off_vm,
        evacuate: options.allow_evacuate,
    };
    let order = order(HostWork::Shutdown, ways);
    work(app, &caller, &[host_name.to_owned()], &order, &query).await
}

/// Has all instances leave a host for good, and switches it off when it is empty.
#[utoipa::path(
    tag = "cloud",
    params(HostParams, ("host_name" = String, Path, description = "Name of the compute host")),
    request_body = Option<DecommissionOptions>,
    responses(
        (status = 200, description = "Its task, or the plan", body = HostAnswer),
        (status = 404, description = "The cloud has no such host"),
        (status = 409, description = "A task is at work on it, its node is protected, or it is no known node"),
        (status = 503, description = "No cloud is configured, or it does not answer"),
    ),
)]
#[post("/v1/hosts/<host_name>/actions/decommission", data = "<body>")]
pub(crate) async fn decommission_host(
    app: &State<App>,
    caller: Caller,
    host_name: &str,
    query: Query<'_>,
    body: RawBody,
) -> Answer<HostAnswer> {
    let options: DecommissionOptions = options(&body.0)?;
    let ways = Ways {
        live: options.allow_live_migrate.unwrap_or(true),
        cold: options.allow_migrate,
        evacuate: options.allow_evacuate,
    };
    let order = order(HostWork::Decommission, ways);
    work(app, &caller, &[host_name.to_owned()], &order, &query).await
}

/// Has all instances leave hosts, switches each off and on when it is empty, and has the scheduler give
/// it instances again, if it did before. All are done at once, or one after the other: then the first one
/// that cannot be restarted ends the task.
#[utoipa::path(
    tag = "cloud",
    params(HostParams),
    request_body = RestartOptions,
    responses(
        (status = 200, description = "The one task, or the plan", body = HostAnswer),
        (status = 404, description = "The cloud has no such host"),
        (status = 409, description = "A task is at work on one, its node is protected, or it is no known node"),
        (status = 503, description = "No cloud is configured, or it does not answer"),
    ),
)]
#[post("/v1/hosts/actions/restart", data = "<body>")]
pub(crate) async fn restart_hosts(
    app: &State<App>,
    caller: Caller,
    query: Query<'_>,
    body: JsonBody<RestartOptions>,
) -> Answer<HostAnswer> {
    let options = body.0;
    let ways = Ways {
        live: true,
        cold: options.allow_off_vm,
        evacuate: options.allow_evacuate,
    };
    let order = HostOrder {
        in_sequence: options.in_sequence,
        ..order(HostWork::Restart, ways)
    };
    work(app, &caller, &options.hosts, &order, &query).await
}

fn order(work: HostWork, ways: Ways) -> HostOrder {
    HostOrder {
        work,
        ways,
        in_sequence: false,
    }
}

async fn work(
    app: &App,
    caller: &Caller,
    hosts: &[String],
    order: &HostOrder,
    query: &Query<'_>,
) -> Answer<HostAnswer> {
    let protection = protection(query)?;
    let hosts_of_cloud = app.cloud_hosts();
    if query.flag("dry_run")?.unwrap_or(false) {
        let plans = hosts_of_cloud.plan(&caller.0, hosts, order).await?;
        let hosts = plans.into_iter().map(HostPlanWire::from).collect();
        return Ok(Json(HostAnswer::Planned { hosts }));
    }
    let task_id = hosts_of_cloud
        .begin(&caller.0, hosts, order, protection)
        .await?;
    Ok(Json(HostAnswer::Started(TaskStarted { task_id })))
}

/// The options of a body that may be left out.
fn options<T: Default + DeserializeOwned>(body: &[u8]) -> Result<T> {
    if body.trim_ascii().is_empty() {
        return Ok(T::default());
    }
    serde_json::from_slice(body)
        .map_err(|error| Error::invalid(format!("the body is not what is expected: {error}")))
}
