//! Dead letters: what no worker could do, to be looked at, redelivered or discarded.

use assay_app::App;
use assay_domain::DeadLetter;
use rocket::http::Status;
use rocket::serde::json::Json;
use rocket::{State, delete, get, post};
use serde::Serialize;
use utoipa::ToSchema;

use crate::guards::Caller;
use crate::query::Query;
use crate::reply::{Answer, Nothing, Reply, with_status};

use super::iso;
use super::page::page;
use super::tasks::TaskRecord;

/// A dead letter.
#[derive(Serialize, ToSchema)]
#[schema(as = DeadLetter)]
pub(super) struct DeadLetterWire {
    /// Its number.
    #[schema(example = 7)]
    id: i64,
    /// UUID of the task that was given up; none for a message that named no task.
    task: Option<String>,
    /// What the task did.
    #[schema(example = "introspection.start")]
    kind: Option<String>,
    /// The class of work, or the queue that the message died in.
    #[schema(example = "power")]
    class: String,
    /// The task's payload, or what the message said.
    body: String,
    /// Why it is dead.
    reason: String,
    /// When it died, UTC.
    died_at: String,
    /// When its task was given to the workers again, UTC.
    redelivered_at: Option<String>,
}

impl From<DeadLetter> for DeadLetterWire {
    fn from(letter: DeadLetter) -> Self {
        let DeadLetter {
            id,
            task_id: _,
            task,
            kind,
            class,
            body,
            reason,
            died_at,
            redelivered_at,
        } = letter;
        Self {
            id,
            task,
            kind,
            class,
            body,
            reason,
            died_at: iso(died_at),
            redelivered_at: redelivered_at.map(iso),
        }
    }
}

/// A page of dead letters.
#[derive(Serialize, ToSchema)]
pub(super) struct DeadLetterPage {
    /// The dead letters, newest first.
    dead_letters: Vec<DeadLetterWire>,
}

/// Lists dead letters, newest first. Those that were redelivered are kept as long as ended tasks.
#[utoipa::path(
    tag = "dead letters",
    params(
        ("offset" = Option<i64>, Query, description = "How many to skip", minimum = 0),
        ("limit" = Option<i64>, Query, description = "How many at most", minimum = 0),
    ),
    responses((status = 200, description = "A page of dead letters", body = DeadLetterPage)),
)]
#[get("/assay/v1/dead-letters")]
pub(crate) async fn list_dead_letters(
    app: &State<App>,
    caller: Caller,
    query: Query<'_>,
) -> Answer<DeadLetterPage> {
    let page = page(&query, app.settings().api_max_limit)?;
    let letters = app.dead_letters().list(&caller.0, page).await?;
    Ok(Json(DeadLetterPage {
        dead_letters: letters.into_iter().map(DeadLetterWire::from).collect(),
    }))
}

/// Shows a dead letter.
#[utoipa::path(
    tag = "dead letters",
    params(("letter" = i64, Path, description = "Number of the dead letter")),
    responses(
        (status = 200, description = "The dead letter", body = DeadLetterWire),
        (status = 404, description = "The dead letter cannot be found"),
    ),
)]
#[get("/assay/v1/dead-letters/<letter>")]
pub(crate) async fn show_dead_letter(
    app: &State<App>,
    caller: Caller,
    letter: i64,
) -> Answer<DeadLetterWire> {
    let letter = app.dead_letters().get(&caller.0, letter).await?;
    Ok(Json(letter.into()))
}

/// Gives the task of a dead letter to the workers again, with all of its attempts. An introspection
/// that ended with the task is opened again, with a new time limit. A reset that may have been sent
/// is never repeated.
#[utoipa::path(
    tag = "dead letters",
    params(("letter" = i64, Path, description = "Number of the dead letter")),
    responses(
        (status = 202, description = "The task, which waits for a worker", body = TaskRecord),
        (status = 404, description = "The dead letter cannot be found"),
        (status = 409, description = "It cannot be tried again, and why"),
    ),
)]
#[post("/assay/v1/dead-letters/<letter>/redeliver")]
pub(crate) async fn redeliver_dead_letter(
    app: &State<App>,
    caller: Caller,
    letter: i64,
) -> Reply<(Status, Json<TaskRecord>)> {
    let task = app.dead_letters().redeliver(&caller.0, letter).await?;
    Ok(with_status(Status::Accepted, task.into()))
}

/// Discards a dead letter; its task stays as it is.
#[utoipa::path(
    tag = "dead letters",
    params(("letter" = i64, Path, description = "Number of the dead letter")),
    responses(
        (status = 204, description = "Discarded"),
        (status = 404, description = "The dead letter cannot be found"),
    ),
)]
#[delete("/assay/v1/dead-letters/<letter>")]
pub(crate) async fn discard_dead_letter(
    app: &State<App>,
    caller: Caller,
    letter: i64,
) -> Reply<Nothing> {
    app.dead_letters().discard(&caller.0, letter).await?;
    Ok(Nothing)
}
