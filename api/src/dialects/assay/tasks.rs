//! Tasks in full: who asked, how far it is, what it said.

use assay_app::App;
use assay_domain::{Task, TaskMessage};
use rocket::serde::json::Json;
use rocket::{State, delete, get};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::guards::Caller;
use crate::query::Query;
use crate::reply::{Answer, Nothing, Reply};

use super::iso;
use super::page::page;

/// A task.
#[derive(Serialize, ToSchema)]
pub(super) struct TaskRecord {
    /// UUID.
    #[schema(example = "3519adaf-7669-499e-88eb-8f05f64514e2")]
    id: String,
    /// What it does.
    #[schema(value_type = String, example = "introspection.start")]
    kind: &'static str,
    /// PENDING, STARTED, RETRY, SUCCESS, FAILURE or REVOKED.
    #[schema(value_type = String, example = "STARTED")]
    status: &'static str,
    /// To what it is done.
    #[schema(value_type = Object)]
    payload: Value,
    /// The node that it works on.
    node_id: Option<i64>,
    /// Attempts begun.
    attempts: i32,
    /// Attempts after which it fails for good.
    max_attempts: i32,
    /// The worker that holds it.
    worker: Option<String>,
    /// What it gave.
    #[schema(value_type = Option<Object>)]
    result: Option<Value>,
    /// Why it failed.
    error: Option<String>,
    /// Who asked.
    #[schema(example = "admin")]
    requested_by: String,
    /// Through which API.
    #[schema(example = "inspector")]
    dialect: String,
    /// The id of the request that it came from.
    request_id: String,
    /// Not before this, UTC.
    run_after: String,
    /// When it was stored, UTC.
    created_at: String,
    /// When its last attempt began, UTC.
    started_at: Option<String>,
    /// When it ended, UTC.
    finished_at: Option<String>,
}

impl From<Task> for TaskRecord {
    fn from(task: Task) -> Self {
        let Task {
            id: _,
            uuid,
            kind,
            payload,
            node_id,
            status,
            attempts,
            max_attempts,
            run_after,
            lease_owner,
            lease_expires: _,
            result,
            error,
            requested_by,
            dialect,
            request_id,
            created_at,
            started_at,
            finished_at,
        } = task;
        Self {
            id: uuid,
            kind: kind.as_str(),
            status: status.as_str(),
            payload,
            node_id,
            attempts,
            max_attempts,
            worker: lease_owner,
            result,
            error,
            requested_by,
            dialect,
            request_id,
            run_after: iso(run_after),
            created_at: iso(created_at),
            started_at: started_at.map(iso),
            finished_at: finished_at.map(iso),
        }
    }
}

/// A line of a task's progress.
#[derive(Serialize, ToSchema)]
pub(super) struct ProgressLine {
    /// When, UTC.
    at: String,
    /// What.
    text: String,
}

impl From<TaskMessage> for ProgressLine {
    fn from(message: TaskMessage) -> Self {
        let TaskMessage { at, text } = message;
        Self { at: iso(at), text }
    }
}

/// A task with its progress.
#[derive(Serialize, ToSchema)]
pub(super) struct TaskWithProgress {
    /// The task.
    task: TaskRecord,
    /// Its progress, oldest first.
    progress: Vec<ProgressLine>,
}

/// A page of tasks.
#[derive(Serialize, ToSchema)]
pub(super) struct TaskPage {
    /// The tasks, newest first.
    tasks: Vec<TaskRecord>,
}

/// Lists tasks, newest first.
#[utoipa::path(
    tag = "tasks",
    params(
        ("offset" = Option<i64>, Query, description = "How many to skip", minimum = 0),
        ("limit" = Option<i64>, Query, description = "How many at most", minimum = 0),
    ),
    responses((status = 200, description = "A page of tasks", body = TaskPage)),
)]
#[get("/assay/v1/tasks")]
pub(crate) async fn list_task_records(
    app: &State<App>,
    caller: Caller,
    query: Query<'_>,
) -> Answer<TaskPage> {
    let page = page(&query, app.settings().api_max_limit)?;
    let tasks = app.tasks().list(&caller.0, page).await?;
    Ok(Json(TaskPage {
        tasks: tasks.into_iter().map(TaskRecord::from).collect(),
    }))
}

/// Shows a task with its progress.
#[utoipa::path(
    tag = "tasks",
    params(("task" = String, Path, description = "UUID of the task")),
    responses(
        (status = 200, description = "The task", body = TaskWithProgress),
        (status = 404, description = "The task cannot be found"),
    ),
)]
#[get("/assay/v1/tasks/<task>")]
pub(crate) async fn show_task_record(
    app: &State<App>,
    caller: Caller,
    task: &str,
) -> Answer<TaskWithProgress> {
    let (task, messages) = app.tasks().get(&caller.0, task).await?;
    Ok(Json(TaskWithProgress {
        task: task.into(),
        progress: messages.into_iter().map(ProgressLine::from).collect(),
    }))
}

/// Revokes a task that no worker holds yet.
#[utoipa::path(
    tag = "tasks",
    params(("task" = String, Path, description = "UUID of the task")),
    responses(
        (status = 204, description = "Revoked"),
        (status = 404, description = "The task cannot be found"),
        (status = 409, description = "It has begun or ended"),
    ),
)]
#[delete("/assay/v1/tasks/<task>")]
pub(crate) async fn revoke_task(app: &State<App>, caller: Caller, task: &str) -> Reply<Nothing> {
    app.tasks().revoke(&caller.0, task).await?;
    Ok(Nothing)
}
