//! What a worker does with a task: the one entry, and what can come of it.

use std::time::Duration;

use assay_domain::{Error, Result, Task};
use serde::de::DeserializeOwned;
use serde_json::Value;
use tokio::time::Instant;

use crate::App;

/// How an attempt at a task ended well; a failure is an [`Error`].
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// Done, with a result.
    Done(Value),
    /// Stopped because somebody asked for it, with what there is; the task is revoked.
    Cancelled(Value),
    /// Failed for good, with what there is.
    Failed(Error, Value),
    /// Not now: try again after the delay, for the reason.
    Later(Duration, String),
    /// Not its turn: wait for the delay, for the reason, without having used up an attempt.
    Postponed(Duration, String),
}

/// The pause before what was not written down is tried again.
const PAUSE: Duration = Duration::from_millis(500);

/// Writes down what has happened; while the database is away, tries as long as a task is held.
///
/// # Errors
/// What `write` fails with in the end.
pub async fn insist<T, Writing>(app: &App, write: impl Fn() -> Writing) -> Result<T>
where
    Writing: Future<Output = Result<T>>,
{
    let give_up = Instant::now() + app.settings().lease;
    loop {
        match write().await {
            Err(Error::Unavailable { .. }) if Instant::now() < give_up => {
                tokio::time::sleep(PAUSE).await;
            }
            written => return written,
        }
    }
}

/// The text of an error as it is recorded: with the operator's detail, which never holds a secret.
pub(crate) fn error_text(error: &Error) -> String {
    match error {
        Error::Internal { detail } => format!("internal error: {detail}"),
        other => other.to_string(),
    }
}

/// A number from a task's payload.
pub(crate) fn payload_id(task: &Task, key: &str) -> Result<i64> {
    task.payload
        .get(key)
        .and_then(Value::as_i64)
        .ok_or_else(|| Error::internal(format!("task {} has no {key}", task.uuid)))
}

/// Any value from a task's payload.
pub(crate) fn payload<T: DeserializeOwned>(task: &Task, key: &str) -> Result<T> {
    let value = task.payload.get(key).cloned().unwrap_or_default();
    serde_json::from_value(value)
        .map_err(|error| Error::internal(format!("{key} of task {}: {error}", task.uuid)))
}

/// The node that a task works on.
///
/// # Errors
/// [`Error::NotFound`] when it is gone.
pub(crate) fn node_of(task: &Task) -> Result<i64> {
    task.node_id
        .ok_or_else(|| Error::not_found("Node of task", &task.uuid))
}
