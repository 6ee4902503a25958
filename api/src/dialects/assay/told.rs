//! The answer to a command that a task carries out, and that the request waited for a while.

use assay_app::Waited;
use rocket::Either;
use rocket::http::Status;
use rocket::serde::json::Json;
use serde::Serialize;
use utoipa::ToSchema;

use crate::reply::{Nothing, with_status};

/// A command that goes on.
#[derive(Serialize, ToSchema)]
pub(super) struct OngoingTask {
    /// UUID of its task.
    task: String,
}

/// 204 for what is done, 202 for what its task is still about.
pub(super) type Told = Either<Nothing, (Status, Json<OngoingTask>)>;

/// The answer after the wait.
pub(super) fn told(waited: Waited) -> Told {
    match waited {
        Waited::Done(_) => Either::Left(Nothing),
        Waited::UnderWay(task) => {
            Either::Right(with_status(Status::Accepted, OngoingTask { task }))
        }
    }
}
