//! The ping: whether the way from a request over the database and the queue to a worker is open.

use assay_app::App;
use rocket::http::Status;
use rocket::serde::json::Json;
use rocket::{State, post};

use crate::guards::Caller;
use crate::reply::{Reply, with_status};

use super::tasks::TaskRecord;

/// Stores a task that does nothing. Its result names the worker that took it and how long it had
/// waited, in milliseconds.
#[utoipa::path(
    tag = "tasks",
    responses((status = 202, description = "The task; ask for it until it has ended", body = TaskRecord)),
)]
#[post("/assay/v1/ping")]
pub(crate) async fn ping(app: &State<App>, caller: Caller) -> Reply<(Status, Json<TaskRecord>)> {
    let task = app.tasks().ping(&caller.0).await?;
    Ok(with_status(Status::Accepted, task.into()))
}
