//! Tasks: storing, claiming, ending, lists.

use assay_domain::{NewTask, Page, Result, Task, TaskMessage, TaskStatus, Timestamp};
use serde_json::Value;

use crate::Store;
use crate::types::TaskEnd;

impl Store {
    /// Stores a task.
    ///
    /// # Errors
    /// `Conflict` when the UUID is taken.
    pub async fn enqueue_task(&self, task: NewTask, now: Timestamp) -> Result<Task> {
        write!(self, tasks::enqueue(&task, now))
    }

    /// Claims up to `limit` tasks of these queues for `owner` until `lease_until`, the ones that
    /// wait longest first: tasks whose time has come, and tasks whose lease has expired. Each claim
    /// is an attempt. No task is ever held twice at a time.
    pub async fn claim_tasks(
        &self,
        owner: &str,
        queues: &[&str],
        limit: i64,
        now: Timestamp,
        lease_until: Timestamp,
    ) -> Result<Vec<Task>> {
        let owner = owner.to_owned();
        let queues = queues.iter().map(ToString::to_string).collect::<Vec<_>>();
        write!(self, tasks::claim(&owner, &queues, limit, now, lease_until))
    }

    /// Claims those of these tasks that can be claimed, under the rules of [`Store::claim_tasks`].
    /// Of the others, those that can be claimed later are announced again then.
    pub async fn claim_these_tasks(
        &self,
        owner: &str,
        ids: &[i64],
        now: Timestamp,
        lease_until: Timestamp,
    ) -> Result<Vec<Task>> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let (owner, ids) = (owner.to_owned(), ids.to_vec());
        write!(self, tasks::claim_these(&owner, &ids, now, lease_until))
    }

    /// Lengthens leases; gives the keys of the tasks that `owner` still holds.
    pub async fn extend_leases(
        &self,
        owner: &str,
        ids: &[i64],
        until: Timestamp,
    ) -> Result<Vec<i64>> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let (owner, ids) = (owner.to_owned(), ids.to_vec());
        write!(self, tasks::extend(&owner, &ids, until))
    }

    /// Ends a task in a final status; false when `owner` does not hold it any more.
    pub async fn finish_task(
        &self,
        id: i64,
        owner: &str,
        status: TaskStatus,
        result: Option<Value>,
        error: Option<String>,
        now: Timestamp,
    ) -> Result<bool> {
        let owner = owner.to_owned();
        write!(
            self,
            task_ends::finish(id, &owner, status, result.as_ref(), error.as_deref(), now)
        )
    }

    /// Ends several tasks in one transaction; gives the keys of those that `owner` held.
    pub async fn finish_tasks(
        &self,
        owner: &str,
        ends: Vec<TaskEnd>,
        now: Timestamp,
    ) -> Result<Vec<i64>> {
        let owner = owner.to_owned();
        write!(self, task_ends::finish_all(&owner, &ends, now))
    }

    /// Gives a task back until `run_after`, as if it had not been tried; the message is added to
    /// its messages unless it repeats the last one. False when `owner` does not hold it any more.
    pub async fn postpone_task(
        &self,
        id: i64,
        owner: &str,
        run_after: Timestamp,
        message: &str,
        now: Timestamp,
    ) -> Result<bool> {
        let (owner, message) = (owner.to_owned(), message.to_owned());
        write!(
            self,
            task_ends::postpone(id, &owner, run_after, &message, now)
        )
    }

    /// Gives a task back for another attempt after `run_after`; the error is kept and added to its
    /// messages. False when `owner` does not hold it any more.
    pub async fn retry_task(
        &self,
        id: i64,
        owner: &str,
        run_after: Timestamp,
        error: &str,
        now: Timestamp,
    ) -> Result<bool> {
        let (owner, error) = (owner.to_owned(), error.to_owned());
        write!(self, task_ends::retry(id, &owner, run_after, &error, now))
    }

    /// Gives a task back as if it had not been claimed; false when `owner` does not hold it.
    pub async fn release_task(&self, id: i64, owner: &str) -> Result<bool> {
        let owner = owner.to_owned();
        write!(self, task_ends::release(id, &owner))
    }

    /// The task with that key.
    pub async fn task_by_id(&self, id: i64) -> Result<Option<Task>> {
        read!(self, task_ends::by_id(id))
    }

    /// The task with that public id.
    pub async fn task(&self, uuid: &str) -> Result<Option<Task>> {
        let uuid = uuid.to_owned();
        read!(self, task_ends::by_uuid(&uuid))
    }

    /// Tasks, newest first.
    pub async fn list_tasks(&self, page: Page) -> Result<Vec<Task>> {
        read!(self, task_ends::list(page))
    }

    /// The messages of a task, oldest first.
    pub async fn task_messages(&self, task_id: i64) -> Result<Vec<TaskMessage>> {
        read!(self, task_ends::messages(task_id))
    }

    /// Adds a message to a task.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn add_task_message(&self, task_id: i64, text: &str, now: Timestamp) -> Result<()> {
        let text = text.to_owned();
        write!(self, task_ends::add_message(task_id, &text, now))
    }

    /// Cancels a task that waits; false when it does not.
    pub async fn revoke_task(&self, uuid: &str, now: Timestamp) -> Result<bool> {
        let uuid = uuid.to_owned();
        write!(self, task_ends::revoke(&uuid, now))
    }

    /// How many tasks are in each status; a status without tasks is left out.
    pub async fn count_tasks_by_status(&self) -> Result<Vec<(TaskStatus, i64)>> {
        read!(self, task_ends::count_by_status())
    }

    /// Removes the tasks that ended before that time, with their messages; gives how many.
    pub async fn prune_tasks(&self, before: Timestamp) -> Result<i64> {
        write!(self, task_ends::prune(before))
    }
}
