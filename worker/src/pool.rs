//! One loop per class of work: claims as many tasks as it has free slots, and runs them.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use assay_app::App;
use assay_domain::{Error, Task};
use futures::FutureExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::dispatch;
use crate::held::Held;

/// How long to wait for a bell before looking again: delayed tasks and lost bells show up then.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long running tasks may go on after a stop is asked for.
const GRACE: Duration = Duration::from_secs(10);

/// Works on one class until `stop` is cancelled.
pub(crate) async fn run(
    app: App,
    owner: String,
    class: &'static str,
    held: Held,
    stop: CancellationToken,
) {
    let slots = Arc::new(Semaphore::new(app.settings().worker_slots.max(1)));
    let mut running: JoinSet<()> = JoinSet::new();
    while !stop.is_cancelled() {
        while running.try_join_next().is_some() {}
        let Some(first) = free_slot(&slots, &stop).await else {
            break;
        };
        let tasks = claim(&app, &owner, class, 1 + slots.available_permits()).await;
        if tasks.is_empty() {
            drop(first);
            tokio::select! {
                () = app.queue().wait(class, PATIENCE) => {}
                () = stop.cancelled() => {}
            }
            continue;
        }
        let mut permit = Some(first);
        for task in tasks {
            let slot = match permit.take() {
                Some(permit) => Some(permit),
                None => slots.clone().acquire_owned().await.ok(),
            };
            let id = task.id;
            let work = work(app.clone(), owner.clone(), task, held.clone(), slot);
            held.add(id, running.spawn(work));
        }
    }
    finish(running).await;
}

async fn free_slot(
    slots: &Arc<Semaphore>,
    stop: &CancellationToken,
) -> Option<OwnedSemaphorePermit> {
    tokio::select! {
        permit = slots.clone().acquire_owned() => permit.ok(),
        () = stop.cancelled() => None,
    }
}

async fn claim(app: &App, owner: &str, class: &'static str, free: usize) -> Vec<Task> {
    let now = app.clock().now();
    let lease_until = app.clock().later(app.settings().lease);
    let limit = i64::try_from(free).unwrap_or(1);
    let claimed = app
        .queue()
        .claim(owner, class, limit, now, lease_until)
        .await;
    match claimed {
        Ok(tasks) => tasks,
        Err(error) => {
            tracing::error!(%error, class, "no tasks could be claimed");
            tokio::time::sleep(PATIENCE).await;
            Vec::new()
        }
    }
}

async fn work(
    app: App,
    owner: String,
    task: Task,
    held: Held,
    _slot: Option<OwnedSemaphorePermit>,
) {
    let mut hold = HandBack {
        app: app.clone(),
        owner: owner.clone(),
        task: Some(task.clone()),
    };
    let run = AssertUnwindSafe(dispatch::run(&app, &task)).catch_unwind();
    let outcome = match run.await {
        Ok(outcome) => outcome,
        Err(_) => Err(Error::internal("the task's code panicked")),
    };
    hold.task = None;
    if let Err(error) = app.tasks().record(&task, &owner, outcome).await {
        tracing::error!(task = task.uuid, %error, "a task's end was not recorded");
    }
    held.remove(task.id);
}

/// Hands a task back when its work is cut off by a stop.
struct HandBack {
    app: App,
    owner: String,
    task: Option<Task>,
}

impl Drop for HandBack {
    fn drop(&mut self) {
        let Some(task) = self.task.take() else {
            return;
        };
        let (app, owner) = (self.app.clone(), std::mem::take(&mut self.owner));
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                if let Err(error) = app.tasks().hand_back(&task, &owner).await {
                    tracing::warn!(task = task.uuid, %error, "a task was not handed back; its lease runs out");
                }
            });
        }
    }
}

async fn finish(mut running: JoinSet<()>) {
    let all_done = async { while running.join_next().await.is_some() {} };
    if tokio::time::timeout(GRACE, all_done).await.is_err() {
        running.abort_all();
        while running.join_next().await.is_some() {}
        // The hand-backs that the aborted tasks began.
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}
