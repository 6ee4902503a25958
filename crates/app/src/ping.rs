//! Use case of the ping: a task that does nothing, and so shows that requests reach workers.

use assay_domain::{Actor, Result, Role, Task, TaskKind};
use serde_json::json;

use crate::tasks::Tasks;
use crate::work::Outcome;

impl Tasks<'_> {
    /// Stores a task that does nothing; its result names the worker that took it.
    pub async fn ping(&self, actor: &Actor) -> Result<Task> {
        actor.require(Role::Operator)?;
        let kind = TaskKind::Ping;
        let task = self.new_task(actor, kind, None, json!({}));
        let now = self.app.clock().now();
        let stored = self.app.store().enqueue_task(task, now).await?;
        self.app.announce(kind).await;
        Ok(stored)
    }

    /// A worker's part of a ping: says who it is, and how long the task had waited.
    pub fn run_ping(&self, task: &Task) -> Outcome {
        let waited = self.app.clock().now() - task.created_at;
        Outcome::Done(json!({
            "worker": task.lease_owner,
            "waited_ms": waited.num_milliseconds().max(0),
        }))
    }
}
