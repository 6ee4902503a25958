//! Tasks: recent ids, the state of one in Celery's words, and taking one back.

use assay_app::App;
use assay_domain::{Page, Task, TaskMessage};
use rocket::serde::json::Json;
use rocket::{State, get, post};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::guards::Caller;
use crate::query::Query;
use crate::reply::{Answer, Nothing, Reply};

use super::iso;

/// How many ids the list of recent tasks shows, as in the sample of CloudManager's document.
const RECENT: i64 = 10;

/// Ids of tasks.
#[derive(Serialize, ToSchema)]
pub(super) struct TaskList {
    /// UUIDs of the ten newest at most, newest first.
    #[schema(example = json!(["3519adaf-7669-499e-88eb-8f05f64514e2"]))]
    tasks: Vec<String>,
}

/// How a task stands.
#[derive(Serialize, ToSchema)]
#[schema(as = Task)]
pub(super) struct TaskWire {
    /// PENDING, STARTED, RETRY, SUCCESS, FAILURE or REVOKED.
    #[schema(value_type = String, example = "SUCCESS")]
    status: &'static str,
    /// What it does.
    #[schema(value_type = String, example = "introspection.start")]
    name: &'static str,
    /// Why its last attempt failed: how far it had come, line by line, and the error last.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(
        example = "Task node.power, attempt 1 of 3\n  2018-10-25T06:31:38 asked to switch off\nError: the device did not answer"
    )]
    traceback: Option<String>,
    /// What it gave: text, or JSON as text.
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<String>,
    /// What it has said so far, oldest first (an addition of Assay).
    progress: Vec<ProgressLine>,
}

/// A line of a task's progress.
#[derive(Serialize, ToSchema)]
#[schema(as = TaskProgress)]
pub(super) struct ProgressLine {
    /// When, UTC.
    #[schema(example = "2018-10-25T06:31:36")]
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

impl From<(Task, Vec<TaskMessage>)> for TaskWire {
    fn from((task, messages): (Task, Vec<TaskMessage>)) -> Self {
        let progress: Vec<ProgressLine> = messages.into_iter().map(Into::into).collect();
        Self {
            status: task.status.as_str(),
            name: task.kind.as_str(),
            traceback: traceback(&task, &progress),
            result: task.result.and_then(|result| match result {
                Value::Null => None,
                Value::String(text) => Some(text),
                other => Some(other.to_string()),
            }),
            progress,
        }
    }
}

fn traceback(task: &Task, progress: &[ProgressLine]) -> Option<String> {
    let error = task.error.as_deref()?;
    let (kind, attempts, of) = (task.kind.as_str(), task.attempts, task.max_attempts);
    let mut lines = vec![format!("Task {kind}, attempt {attempts} of {of}")];
    lines.extend(
        progress
            .iter()
            .map(|line| format!("  {} {}", line.at, line.text)),
    );
    lines.push(format!("Error: {error}"));
    Some(lines.join("\n"))
}

/// Lists the ids of the ten newest tasks.
#[utoipa::path(
    tag = "tasks",
    responses((status = 200, description = "The ids", body = TaskList)),
)]
#[get("/v1/tasks")]
pub(crate) async fn list_tasks(
    app: &State<App>,
    caller: Caller,
    query: Query<'_>,
) -> Answer<TaskList> {
    query.only(&[])?;
    let page = Page {
        offset: 0,
        limit: RECENT,
    };
    let tasks = app.tasks().list(&caller.0, page).await?;
    Ok(Json(TaskList {
        tasks: tasks.into_iter().map(|task| task.uuid).collect(),
    }))
}

/// Shows how a task stands.
#[utoipa::path(
    tag = "tasks",
    params(("task_id" = String, Path, description = "UUID of the task")),
    responses(
        (status = 200, description = "The task", body = TaskWire),
        (status = 404, description = "The task cannot be found"),
    ),
)]
#[get("/v1/tasks/<task_id>")]
pub(crate) async fn get_task(app: &State<App>, caller: Caller, task_id: &str) -> Answer<TaskWire> {
    let found = app.tasks().get(&caller.0, task_id).await?;
    Ok(Json(found.into()))
}

/// Takes back a task that no worker holds yet (an addition of Assay). One that moves instances of the
/// cloud can be stopped at any time: what the cloud was told is followed to its end, nothing new is begun,
/// and the task fails.
#[utoipa::path(
    tag = "tasks",
    params(("task_id" = String, Path, description = "UUID of the task")),
    responses(
        (status = 204, description = "It is not done, its status being REVOKED; or goes no further"),
        (status = 404, description = "The task cannot be found"),
        (status = 409, description = "It has begun or ended"),
    ),
)]
#[post("/v1/tasks/<task_id>/actions/revoke")]
pub(crate) async fn revoke_recent_task(
    app: &State<App>,
    caller: Caller,
    task_id: &str,
) -> Reply<Nothing> {
    app.tasks().revoke(&caller.0, task_id).await?;
    Ok(Nothing)
}
