//! Tasks: recent ids, and the state of one in Celery's words.

use assay_app::App;
use assay_domain::{Page, Task};
use rocket::serde::json::Json;
use rocket::{State, get};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::guards::Caller;
use crate::reply::Answer;

/// How many ids the list of recent tasks shows.
const RECENT: i64 = 100;

/// Ids of tasks.
#[derive(Serialize, ToSchema)]
pub(super) struct TaskList {
    /// UUIDs, newest first.
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
    /// Why it failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    traceback: Option<String>,
    /// What it gave.
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<String>,
}

impl From<Task> for TaskWire {
    fn from(task: Task) -> Self {
        Self {
            status: task.status.as_str(),
            name: task.kind.as_str(),
            traceback: task.error,
            result: task.result.map(|result| match result {
                Value::String(text) => text,
                other => other.to_string(),
            }),
        }
    }
}

/// Lists the ids of recent tasks.
#[utoipa::path(
    tag = "tasks",
    responses((status = 200, description = "The ids", body = TaskList)),
)]
#[get("/v1/tasks")]
pub(crate) async fn list_tasks(app: &State<App>, caller: Caller) -> Answer<TaskList> {
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
    let (task, _) = app.tasks().get(&caller.0, task_id).await?;
    Ok(Json(task.into()))
}
