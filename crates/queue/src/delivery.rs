//! What a worker asks of a queue, and what it gets: a claimed task with a receipt for its message.

use std::time::Duration;

use assay_domain::Task;
use async_trait::async_trait;
use tokio_util::sync::CancellationToken;

/// What a worker wants.
#[derive(Clone, Copy)]
pub struct Want<'a> {
    /// The worker.
    pub owner: &'a str,
    /// The class of work.
    pub class: &'a str,
    /// How many tasks at most, at least 1.
    pub limit: usize,
    /// How long to wait for the first one.
    pub patience: Duration,
    /// For how long the tasks are claimed.
    pub lease: Duration,
    /// Ends the waiting.
    pub stop: &'a CancellationToken,
}

/// A task that the worker holds now.
pub struct Delivery {
    /// The task.
    pub task: Task,
    /// The receipt for the message that told of it.
    pub receipt: Receipt,
}

/// What settles a message with a broker.
#[async_trait]
pub(crate) trait Settle: Send {
    /// The message has had its effect.
    async fn done(&self);
    /// The message will never have one.
    async fn dead(&self);
}

/// The receipt for a message; settled once the task's end is in the database. One that is dropped
/// counts as done, because the task row decides what happens next.
pub struct Receipt(Option<Box<dyn Settle>>);

impl Receipt {
    /// The receipt of an engine without messages.
    pub(crate) fn none() -> Self {
        Self(None)
    }

    pub(crate) fn of(message: impl Settle + 'static) -> Self {
        Self(Some(Box::new(message)))
    }

    /// The task's end is recorded, or somebody else holds the task.
    pub async fn done(mut self) {
        if let Some(message) = self.0.take() {
            message.done().await;
        }
    }

    /// The task is given up.
    pub async fn dead(mut self) {
        if let Some(message) = self.0.take() {
            message.dead().await;
        }
    }
}

impl Drop for Receipt {
    fn drop(&mut self) {
        if let Some(message) = self.0.take()
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            runtime.spawn(async move { message.done().await });
        }
    }
}
