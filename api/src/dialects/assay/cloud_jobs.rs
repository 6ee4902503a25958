//! Work on the cloud in full: what audits have found, and what became of each instance.

use assay_app::{App, Audit, AuditEnd, Imbalance, ProposedMove};
use assay_domain::cloud::{AuditRecord, InstanceMove};
use rocket::serde::json::Json;
use rocket::{State, get};
use serde::Serialize;
use utoipa::ToSchema;

use crate::guards::Caller;
use crate::query::Query;
use crate::reply::Answer;

use super::iso;
use super::page::page;

/// A move that levels load.
#[derive(Serialize, ToSchema)]
pub(super) struct AuditMove {
    /// UUID of the instance.
    uuid: String,
    /// Its name.
    name: String,
    /// The host that it leaves.
    source: String,
    /// The host that it goes to.
    target: String,
    /// Why it is proposed.
    #[schema(
        example = "relieves a (processors 100 to 88 %, memory 100 to 88 %) in favour of b (processors 0 to 13 %, memory 0 to 13 %)"
    )]
    reason: String,
    /// planned, sent, moved, stayed or gone, once the audit is being applied.
    #[schema(value_type = Option<String>)]
    state: Option<&'static str>,
    /// Where it is now, or why it stays.
    detail: Option<String>,
}

/// How different the loads of hosts are.
#[derive(Serialize, ToSchema)]
pub(super) struct ImbalanceWire {
    /// Standard deviation of the shares of processors that are given away.
    cpu: f64,
    /// The same of memory.
    memory: f64,
}

/// An audit of an aggregate.
#[derive(Serialize, ToSchema)]
pub(super) struct AuditRecordWire {
    /// Its number.
    id: i64,
    /// The aggregate's number in the cloud.
    aggregate_id: i64,
    /// PENDING, DONE, APPLYING, APPLIED or FAILED.
    #[schema(value_type = String, example = "DONE")]
    status: &'static str,
    /// UUID of the task that makes it or, later, its moves.
    task_id: String,
    /// Why it failed.
    error: Option<String>,
    /// How different the hosts' loads were.
    before: Option<ImbalanceWire>,
    /// How different they are after all moves.
    after: Option<ImbalanceWire>,
    /// level, budget_spent or nothing_helps: why there are no more moves.
    #[schema(value_type = Option<String>)]
    end: Option<&'static str>,
    /// The moves, in the order in which they are made.
    moves: Vec<AuditMove>,
    /// Who asked for it.
    requested_by: String,
    /// When, UTC.
    created_at: String,
}

impl AuditRecordWire {
    fn new(record: AuditRecord, found: Option<Audit>, made: &[InstanceMove]) -> Self {
        let proposed = found.as_ref().map(|found| found.moves.as_slice());
        let proposed = proposed.unwrap_or_default().iter();
        Self {
            id: record.id,
            aggregate_id: record.aggregate_id,
            status: record.status.as_str(),
            task_id: record.task_uuid,
            error: record.error,
            before: found.as_ref().map(|found| found.before.into()),
            after: found.as_ref().map(|found| found.after.into()),
            end: found.as_ref().map(|found| end(found.end)),
            moves: proposed.map(|one| AuditMove::new(one, made)).collect(),
            requested_by: record.requested_by,
            created_at: iso(record.created_at),
        }
    }
}

impl From<Imbalance> for ImbalanceWire {
    fn from(imbalance: Imbalance) -> Self {
        Self {
            cpu: imbalance.cpu,
            memory: imbalance.memory,
        }
    }
}

impl AuditMove {
    fn new(one: &ProposedMove, made: &[InstanceMove]) -> Self {
        let is_it = |made: &&InstanceMove| made.instance_uuid == one.instance_uuid;
        let made = made.iter().find(is_it);
        Self {
            uuid: one.instance_uuid.clone(),
            name: one.instance_name.clone(),
            source: one.source.clone(),
            target: one.target.clone(),
            reason: one.reason(),
            state: made.map(|made| made.state.as_str()),
            detail: made.and_then(|made| made.detail.clone()),
        }
    }
}

fn end(end: AuditEnd) -> &'static str {
    match end {
        AuditEnd::Level => "level",
        AuditEnd::BudgetSpent => "budget_spent",
        AuditEnd::NothingHelps => "nothing_helps",
    }
}

/// A page of audits.
#[derive(Serialize, ToSchema)]
pub(super) struct AuditPage {
    /// The audits, newest first.
    audits: Vec<AuditRecordWire>,
}

/// Lists audits of the cloud's aggregates, newest first.
#[utoipa::path(
    tag = "cloud",
    params(
        ("offset" = Option<i64>, Query, description = "How many to skip", minimum = 0),
        ("limit" = Option<i64>, Query, description = "How many at most", minimum = 0),
    ),
    responses((status = 200, description = "A page of audits", body = AuditPage)),
)]
#[get("/assay/v1/audits")]
pub(crate) async fn list_audits(
    app: &State<App>,
    caller: Caller,
    query: Query<'_>,
) -> Answer<AuditPage> {
    let page = page(&query, app.settings().api_max_limit)?;
    let found = app.audits().list(&caller.0, page).await?;
    let audits = found.into_iter();
    let audits = audits.map(|(record, found)| AuditRecordWire::new(record, found, &[]));
    Ok(Json(AuditPage {
        audits: audits.collect(),
    }))
}

/// Shows an audit with its moves, why each is proposed, and what has become of it.
#[utoipa::path(
    tag = "cloud",
    params(("audit" = i64, Path, description = "Number of the audit")),
    responses(
        (status = 200, description = "The audit", body = AuditRecordWire),
        (status = 404, description = "The audit cannot be found"),
    ),
)]
#[get("/assay/v1/audits/<audit>")]
pub(crate) async fn show_audit(
    app: &State<App>,
    caller: Caller,
    audit: i64,
) -> Answer<AuditRecordWire> {
    let (record, found, made) = app.audits().show(&caller.0, audit).await?;
    Ok(Json(AuditRecordWire::new(record, found, &made)))
}

/// What became of an instance.
#[derive(Serialize, ToSchema)]
pub(super) struct JobInstance {
    /// Its UUID.
    uuid: String,
    /// Its name.
    name: String,
    /// planned, sent, moved, stayed or gone.
    #[schema(value_type = String, example = "moved")]
    state: &'static str,
    /// How it is moved: live, cold or evacuate; none when nothing that is allowed moves it.
    #[schema(value_type = Option<String>)]
    method: Option<&'static str>,
    /// Where it is now, or why it stays.
    detail: Option<String>,
}

/// How far a host is.
#[derive(Serialize, ToSchema)]
pub(super) struct JobHost {
    /// Its name.
    host: String,
    /// waiting, moving, emptied, switching_off, off, switching_on, done or failed.
    #[schema(value_type = String, example = "moving")]
    stage: &'static str,
    /// Why it was given up.
    detail: Option<String>,
    /// Who has asked for the work to stop.
    cancelled_by: Option<String>,
    /// What became of each of its instances.
    instances: Vec<JobInstance>,
}

/// How far a task is with its hosts.
#[derive(Serialize, ToSchema)]
pub(super) struct JobProgress {
    /// The hosts, in their order.
    hosts: Vec<JobHost>,
}

/// Shows how far a task is that empties, switches off or restarts hosts of the cloud.
#[utoipa::path(
    tag = "cloud",
    params(("task" = String, Path, description = "UUID of the task")),
    responses(
        (status = 200, description = "Its hosts and their instances", body = JobProgress),
        (status = 404, description = "There is no such task, or it does not work on hosts"),
    ),
)]
#[get("/assay/v1/tasks/<task>/hosts")]
pub(crate) async fn show_job_hosts(
    app: &State<App>,
    caller: Caller,
    task: &str,
) -> Answer<JobProgress> {
    let (hosts, moves) = app.cloud_hosts().progress(&caller.0, task).await?;
    let hosts = hosts.into_iter().map(|host| JobHost {
        instances: moves
            .iter()
            .filter(|one| one.source == host.host)
            .map(JobInstance::from)
            .collect(),
        stage: host.stage.as_str(),
        host: host.host,
        detail: host.detail,
        cancelled_by: host.cancelled_by,
    });
    Ok(Json(JobProgress {
        hosts: hosts.collect(),
    }))
}

impl From<&InstanceMove> for JobInstance {
    fn from(one: &InstanceMove) -> Self {
        Self {
            uuid: one.instance_uuid.clone(),
            name: one.instance_name.clone(),
            state: one.state.as_str(),
            method: one.methods.first().map(|method| method.as_str()),
            detail: one.detail.clone(),
        }
    }
}
