//! Which use case each kind of task runs, and how long it may take.

use std::time::{Duration, Instant};

use assay_app::{App, Outcome};
use assay_domain::{Error, Result, Task, TaskKind};
use futures::FutureExt;
use futures::future::BoxFuture;

/// Longest time for one attempt at a task.
const LIMIT: Duration = Duration::from_secs(900);
/// When a task looks again that waits for a node, or for what Assay stands on. The one whose turn it
/// is at a node is woken at once; this is what takes over a node whose holder has died.
const LOOK_AGAIN: Duration = Duration::from_secs(5);

/// How an attempt at a task ended.
pub(crate) enum End {
    /// The use case came to its end; also when the task ran over its time limit.
    Outcome(Result<Outcome>),
    /// The task has used up its attempts, each of which ended with the death of its worker.
    GivenUp(String),
    /// The task is to be given up, and what it worked on could not be ended now.
    Unknown(Error),
}

/// Runs one attempt at a task.
pub(crate) async fn run(app: &App, task: &Task) -> End {
    if task.attempts > task.max_attempts {
        return match give_up(app, task).await {
            Err(error) if error.is_passing() => End::Unknown(error),
            ended => {
                if let Err(error) = ended {
                    tracing::error!(task = task.uuid, %error, "what a given-up task worked on was not ended");
                }
                End::GivenUp(format!(
                    "given up after {} attempts: the worker died each time",
                    task.max_attempts
                ))
            }
        };
    }
    End::Outcome(attempt(app, task).await)
}

async fn attempt(app: &App, task: &Task) -> Result<Outcome> {
    let begun = Instant::now();
    let outcome = tokio::time::timeout(LIMIT, dispatch(app, task))
        .await
        .unwrap_or_else(|_| out_of_time(task));
    let outcome = match outcome {
        Err(error) if error.is_passing() => Ok(Outcome::Postponed(LOOK_AGAIN, error.to_string())),
        outcome => outcome,
    };
    let kind = task.kind.as_str();
    metrics::histogram!("assay_task_seconds", "kind" => kind).record(begun.elapsed());
    let end = if outcome.is_ok() { "ok" } else { "error" };
    metrics::counter!("assay_tasks_total", "kind" => kind, "end" => end).increment(1);
    outcome
}

/// What becomes of a task that has used up the time of an attempt. One that records its steps goes on
/// from there, and ends by limits of its own.
fn out_of_time(task: &Task) -> Result<Outcome> {
    let seconds = LIMIT.as_secs();
    if task.kind.records_steps() {
        let text = format!("goes on after {seconds} s");
        return Ok(Outcome::Postponed(Duration::ZERO, text));
    }
    Err(Error::conflict(format!(
        "the task ran over its limit of {seconds} s"
    )))
}

async fn give_up(app: &App, task: &Task) -> Result<()> {
    match task.kind {
        TaskKind::IntrospectionStart
        | TaskKind::IntrospectionProcess
        | TaskKind::IntrospectionLeave => app.introspections().given_up(task).await,
        TaskKind::NodePower | TaskKind::OutputPower => app.power().given_up(task).await,
        TaskKind::Ping
        | TaskKind::IntrospectionDiagnose
        | TaskKind::DeviceRead
        | TaskKind::DeviceCommand
        | TaskKind::HostAction
        | TaskKind::HostKeep
        | TaskKind::VolumeAction
        | TaskKind::ServerAction
        | TaskKind::NodesBind
        | TaskKind::CloudHosts => Ok(()),
        TaskKind::ServerClone => app.servers().clones_given_up(task).await,
        TaskKind::CloudAudit | TaskKind::CloudAuditApply => app.audits().given_up(task).await,
        TaskKind::RulesDryRun => app.dry_runs().given_up(task).await,
    }
}

/// Each use case has a future of its own on the heap: laid out within each other they are deeper than
/// the compiler follows.
fn dispatch<'a>(app: &'a App, task: &'a Task) -> BoxFuture<'a, Result<Outcome>> {
    match task.kind {
        TaskKind::IntrospectionStart => {
            async move { app.introspections().run_start(task).await }.boxed()
        }
        TaskKind::IntrospectionProcess => {
            async move { app.introspections().run_process(task).await }.boxed()
        }
        TaskKind::IntrospectionLeave => {
            async move { app.introspections().run_leave(task).await }.boxed()
        }
        TaskKind::IntrospectionDiagnose => async move { app.diagnoses().run(task).await }.boxed(),
        TaskKind::NodePower | TaskKind::OutputPower => {
            async move { app.power().run(task).await }.boxed()
        }
        TaskKind::DeviceRead => async move { app.devices().run_read(task).await }.boxed(),
        TaskKind::DeviceCommand => async move { app.devices().run_command(task).await }.boxed(),
        TaskKind::HostAction => async move { app.hosts().run(task).await }.boxed(),
        TaskKind::HostKeep => async move { app.hosts().run_keep(task).await }.boxed(),
        TaskKind::VolumeAction => async move { app.volumes().run(task).await }.boxed(),
        TaskKind::ServerAction => async move { app.servers().run(task).await }.boxed(),
        TaskKind::ServerClone => async move { app.servers().run_clones(task).await }.boxed(),
        TaskKind::NodesBind => async move { app.virtual_controllers().run(task).await }.boxed(),
        TaskKind::CloudHosts => async move { app.cloud_hosts().run(task).await }.boxed(),
        TaskKind::CloudAudit => async move { app.audits().run(task).await }.boxed(),
        TaskKind::CloudAuditApply => async move { app.audits().run_apply(task).await }.boxed(),
        TaskKind::Ping => std::future::ready(Ok(app.tasks().run_ping(task))).boxed(),
        TaskKind::RulesDryRun => async move { app.dry_runs().run(task).await }.boxed(),
    }
}
