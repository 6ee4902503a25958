//! The recorder: writes the ends of tasks down, many in one transaction when many end at a time.

use assay_app::{App, Outcome};
use assay_domain::{Result, Task};
use tokio::sync::{mpsc, oneshot};

/// How many ends one transaction takes.
const GROUP: usize = 64;

/// The end of one attempt at a task.
struct End {
    task: Task,
    outcome: Result<Outcome>,
    recorded: oneshot::Sender<()>,
}

/// Where attempts at tasks end; cheap to clone.
#[derive(Clone)]
pub(crate) struct Recorder {
    ends: mpsc::Sender<End>,
}

impl Recorder {
    /// Begins to record for a worker.
    pub(crate) fn start(app: App, owner: String) -> Self {
        let (ends, queue) = mpsc::channel(GROUP);
        tokio::spawn(record(app, owner, queue));
        Self { ends }
    }

    /// Writes an end down; returns once it is, or once it cannot be.
    pub(crate) async fn end(&self, task: Task, outcome: Result<Outcome>) {
        let (recorded, waiting) = oneshot::channel();
        let end = End {
            task,
            outcome,
            recorded,
        };
        if self.ends.send(end).await.is_ok() {
            // No answer: the recorder has gone with the process.
            let _ = waiting.await;
        }
    }
}

/// Records until nobody can end a task any more. While one group is written, the next one gathers.
async fn record(app: App, owner: String, mut queue: mpsc::Receiver<End>) {
    let mut group = Vec::with_capacity(GROUP);
    while queue.recv_many(&mut group, GROUP).await > 0 {
        let mut ends = Vec::with_capacity(group.len());
        let mut waiting = Vec::with_capacity(group.len());
        for end in group.drain(..) {
            ends.push((end.task, end.outcome));
            waiting.push(end.recorded);
        }
        write(&app, &owner, ends).await;
        for recorded in waiting {
            // Whoever waited may have been stopped.
            let _ = recorded.send(());
        }
    }
}

/// Writes a group down; while the database is away, tries as long as the tasks are held.
async fn write(app: &App, owner: &str, ends: Vec<(Task, Result<Outcome>)>) {
    let recorded =
        assay_app::insist(app, || async { app.tasks().record_all(owner, &ends).await }).await;
    if let Err(error) = recorded {
        for (task, _) in &ends {
            tracing::error!(task = task.uuid, %error, "a task's end was not recorded");
        }
    }
}
