//! One loop per class of work: takes as many tasks as it has free slots, and runs them.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use assay_app::App;
use assay_domain::{Error, Task};
use assay_queue::{Delivery, Receipt, Want};
use futures::FutureExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::dispatch::{self, End};
use crate::held::Held;
use crate::recorder::Recorder;

/// How long to wait for tasks before looking again: delayed tasks and lost bells show up then.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long running tasks may go on after a stop is asked for.
const GRACE: Duration = Duration::from_secs(10);

/// What the loops of one worker share; cheap to clone.
#[derive(Clone)]
pub(crate) struct Worker {
    pub(crate) app: App,
    pub(crate) owner: String,
    pub(crate) held: Held,
    pub(crate) recorder: Recorder,
    pub(crate) stop: CancellationToken,
}

/// Works on one class until the worker is stopped.
pub(crate) async fn run(worker: Worker, class: &'static str) {
    let slots = Arc::new(Semaphore::new(worker.app.settings().worker_slots.max(1)));
    let mut running: JoinSet<()> = JoinSet::new();
    let mut failing = false;
    while !worker.stop.is_cancelled() {
        while running.try_join_next().is_some() {}
        let Some(first) = free_slot(&slots, &worker.stop).await else {
            break;
        };
        let mut permit = Some(first);
        let free = 1 + slots.available_permits();
        for delivery in take(&worker, class, free, &mut failing).await {
            let slot = match permit.take() {
                Some(permit) => Some(permit),
                None => slots.clone().acquire_owned().await.ok(),
            };
            let id = delivery.task.id;
            let work = work(worker.clone(), delivery, slot);
            worker.held.add(id, || running.spawn(work));
        }
    }
    worker.app.queue().leave(class).await;
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

/// Takes tasks; `failing` keeps from one time to the next whether none could be taken, which is told
/// once.
async fn take(
    worker: &Worker,
    class: &'static str,
    free: usize,
    failing: &mut bool,
) -> Vec<Delivery> {
    let want = Want {
        owner: &worker.owner,
        class,
        limit: free,
        patience: PATIENCE,
        lease: worker.app.settings().lease,
        stop: &worker.stop,
    };
    match worker.app.queue().take(want).await {
        Ok(deliveries) => {
            *failing = false;
            deliveries
        }
        Err(error) => {
            if !std::mem::replace(failing, true) {
                tracing::error!(%error, class, "no tasks can be claimed for now");
            }
            tokio::time::sleep(PATIENCE).await;
            Vec::new()
        }
    }
}

/// One attempt at a task. The message that told of it is settled when the end is in the database.
fn work(
    worker: Worker,
    delivery: Delivery,
    slot: Option<OwnedSemaphorePermit>,
) -> impl Future<Output = ()> {
    let Delivery { task, receipt } = delivery;
    // Made before the work is polled for the first time: a stop may come before that.
    let mut hold = HandBack {
        worker: worker.clone(),
        task: Some(task.clone()),
    };
    async move {
        let _slot = slot;
        let run = AssertUnwindSafe(dispatch::run(&worker.app, &task)).catch_unwind();
        let end = run
            .await
            .unwrap_or_else(|_| End::Outcome(Err(Error::internal("the task's code panicked"))));
        hold.disarm();
        let id = task.id;
        settle(&worker, task, receipt, end).await;
        worker.held.remove(id);
    }
}

async fn settle(worker: &Worker, task: Task, receipt: Receipt, end: End) {
    match end {
        End::Outcome(outcome) => {
            worker.recorder.end(task, outcome).await;
            receipt.done().await;
        }
        End::GivenUp(reason) => {
            let given_up = worker.app.dead_letters();
            if let Err(error) = given_up.give_up(&task, &worker.owner, &reason).await {
                tracing::error!(task = task.uuid, %error, "a task was not given up; it is tried once more");
            }
            receipt.dead().await;
        }
        End::Unknown(error) => {
            tracing::error!(task = task.uuid, %error, "a task cannot be given up now; its lease runs out");
            receipt.done().await;
        }
    }
}

/// Hands a task back when its work is cut off by a stop.
struct HandBack {
    worker: Worker,
    task: Option<Task>,
}

impl HandBack {
    /// The attempt has ended by itself: there is nothing to hand back.
    fn disarm(&mut self) {
        self.task = None;
    }
}

impl Drop for HandBack {
    fn drop(&mut self) {
        let Some(task) = self.task.take() else {
            return;
        };
        let worker = self.worker.clone();
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                if let Err(error) = worker.app.tasks().hand_back(&task, &worker.owner).await {
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
