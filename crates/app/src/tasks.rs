//! Use cases of tasks: what users see, and what workers hold.

use std::time::Duration;

use assay_domain::{
    Actor, DriverError, Error, NewTask, Page, Result, Role, Task, TaskKind, TaskMessage,
    TaskStatus, Timestamp,
};
use assay_store::TaskEnd;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::App;
use crate::work::Outcome;

/// Attempts that any task has: the first, and two more when a worker dies over it.
const ATTEMPTS: i32 = 3;

/// What is logged when a worker ends a task that it has lost.
const TAKEN_OVER: &str = "the task was taken over by another worker meanwhile";

/// How often it is looked whether a task has ended that somebody waits for.
const POLL: Duration = Duration::from_millis(50);

/// What has become of a task within the time that is waited for it.
#[derive(Debug, Clone, PartialEq)]
pub enum Waited {
    /// It has ended well, with this.
    Done(Value),
    /// The task with this UUID goes on.
    UnderWay(String),
}

/// Tasks.
pub struct Tasks<'a> {
    pub(crate) app: &'a App,
}

impl<'a> Tasks<'a> {
    pub(crate) fn new(app: &'a App) -> Self {
        Self { app }
    }

    /// One task with its progress.
    pub async fn get(&self, actor: &Actor, uuid: &str) -> Result<(Task, Vec<TaskMessage>)> {
        actor.require(Role::Observer)?;
        let task = self.by_uuid(uuid).await?;
        let messages = self.app.store().task_messages(task.id).await?;
        Ok((task, messages))
    }

    /// A page of all tasks, newest first.
    pub async fn list(&self, actor: &Actor, page: Page) -> Result<Vec<Task>> {
        actor.require(Role::Observer)?;
        self.app.store().list_tasks(page).await
    }

    /// Cancels a task that no worker holds yet. One that records its steps is told to stop at any time:
    /// what it has begun is followed to its end, and nothing else is begun. One that moves
    /// a volume is broken off.
    ///
    /// # Errors
    /// [`Error::Conflict`] when it has begun or ended.
    pub async fn revoke(&self, actor: &Actor, uuid: &str) -> Result<()> {
        actor.require(Role::Operator)?;
        let task = self.by_uuid(uuid).await?;
        let (store, now) = (self.app.store(), self.app.clock().now());
        // What it has begun is followed to its end, even when no worker is at it right now.
        let has_begun = task.started_at.is_some();
        if has_begun && self.stop(actor, &task).await? {
            return Ok(());
        }
        if store.revoke_task(uuid, now).await? {
            tracing::info!(user = actor.name, dialect = %actor.dialect, task = uuid, "task revoked");
            return Ok(());
        }
        // A worker may have taken it since it was looked at.
        if !has_begun && self.stop(actor, &self.by_uuid(uuid).await?).await? {
            return Ok(());
        }
        Err(Error::conflict(format!(
            "task {uuid} is {} and cannot be revoked",
            task.status.as_str()
        )))
    }

    /// Tells a task that has begun to begin nothing new; false for one that cannot be told.
    async fn stop(&self, actor: &Actor, task: &Task) -> Result<bool> {
        let (store, user, uuid) = (self.app.store(), actor.name.as_str(), &task.uuid);
        if task.status.is_final() {
            return Ok(false);
        }
        match task.kind {
            TaskKind::CloudHosts | TaskKind::CloudAuditApply => {
                let now = self.app.clock().now();
                store.cancel_cloud_job(uuid, user, now).await?;
            }
            TaskKind::ServerClone => store.cancel_clones(uuid, user).await?,
            TaskKind::VolumeAction if self.app.volumes().stop(actor, task).await? => {}
            _ => return Ok(false),
        }
        tracing::info!(user, dialect = %actor.dialect, task = uuid, "task told to stop");
        Ok(true)
    }

    /// Records the ends of a worker's attempts at tasks; those that are final in one transaction.
    /// Safe to call again: an end that was recorded is not recorded twice.
    ///
    /// # Errors
    /// When the database does not take them.
    pub async fn record_all(&self, owner: &str, ends: &[(Task, Result<Outcome>)]) -> Result<()> {
        let now = self.app.clock().now();
        let mut finals = Vec::with_capacity(ends.len());
        for (task, outcome) in ends {
            match outcome {
                Ok(Outcome::Done(result)) => finals.push(TaskEnd {
                    id: task.id,
                    status: TaskStatus::Success,
                    result: Some(result.clone()),
                    error: None,
                }),
                Ok(Outcome::Cancelled(result)) => finals.push(TaskEnd {
                    id: task.id,
                    status: TaskStatus::Revoked,
                    result: Some(result.clone()),
                    error: None,
                }),
                Ok(Outcome::Later(..) | Outcome::Postponed(..)) => {}
                Ok(Outcome::Failed(error, result)) => finals.push(TaskEnd {
                    result: Some(result.clone()),
                    ..failure(task, error)
                }),
                Err(error) => finals.push(failure(task, error)),
            }
        }
        if !finals.is_empty() {
            let ended = finals.iter().map(|end| end.id).collect::<Vec<_>>();
            let held = self.app.store().finish_tasks(owner, finals, now).await?;
            for id in ended.iter().filter(|id| !held.contains(id)) {
                tracing::warn!(task = id, owner, "{TAKEN_OVER}");
            }
        }
        for (task, outcome) in ends {
            self.put_off(task, owner, outcome, now).await?;
        }
        Ok(())
    }

    /// Records that a task is to be tried later.
    async fn put_off(
        &self,
        task: &Task,
        owner: &str,
        outcome: &Result<Outcome>,
        now: Timestamp,
    ) -> Result<()> {
        let store = self.app.store();
        let held = match outcome {
            Ok(Outcome::Later(delay, reason)) => {
                let run_after = self.app.clock().later(*delay);
                store
                    .retry_task(task.id, owner, run_after, reason, now)
                    .await?
            }
            Ok(Outcome::Postponed(delay, reason)) => {
                let run_after = self.app.clock().later(*delay);
                store
                    .postpone_task(task.id, owner, run_after, reason, now)
                    .await?
            }
            Ok(Outcome::Done(_) | Outcome::Cancelled(_) | Outcome::Failed(..)) | Err(_) => {
                return Ok(());
            }
        };
        if !held {
            tracing::warn!(task = task.id, owner, "{TAKEN_OVER}");
        }
        Ok(())
    }

    /// Keeps a worker's hold on its tasks; gives the ones that it still holds.
    pub async fn heartbeat(&self, owner: &str, ids: &[i64]) -> Result<Vec<i64>> {
        let until = self.app.clock().later(self.app.settings().lease);
        self.app.store().extend_leases(owner, ids, until).await
    }

    /// Hands a task back unfinished, so that another worker takes it at once.
    pub async fn hand_back(&self, task: &Task, owner: &str) -> Result<()> {
        self.app.store().release_task(task.id, owner).await?;
        self.app.announce(task.kind).await;
        Ok(())
    }

    /// Deletes ended tasks past their retention; gives how many.
    pub async fn prune(&self) -> Result<i64> {
        let keep =
            chrono::TimeDelta::from_std(self.app.settings().keep_tasks).map_err(Error::internal)?;
        let before = self.app.clock().now() - keep;
        self.app.store().prune_dead_letters(before).await?;
        self.app.store().prune_audits(before).await?;
        self.app.store().prune_tasks(before).await
    }

    /// Waits until a task has ended, for at most `limit`.
    ///
    /// # Errors
    /// What it has failed with; [`Error::Conflict`] when it was revoked.
    pub(crate) async fn wait(&self, uuid: &str, limit: Duration) -> Result<Waited> {
        let waited = tokio::time::timeout(limit, async {
            loop {
                let task = self.by_uuid(uuid).await?;
                match task.status {
                    TaskStatus::Success => {
                        return Ok(Waited::Done(task.result.unwrap_or_default()));
                    }
                    TaskStatus::Failure => return Err(failure_of(task)),
                    TaskStatus::Revoked => {
                        return Err(Error::conflict(format!("task {uuid} was revoked")));
                    }
                    TaskStatus::Pending | TaskStatus::Started | TaskStatus::Retry => {
                        tokio::time::sleep(POLL).await;
                    }
                }
            }
        });
        let under_way = Waited::UnderWay(uuid.to_owned());
        waited.await.unwrap_or(Ok(under_way))
    }

    pub(crate) async fn by_uuid(&self, uuid: &str) -> Result<Task> {
        self.app
            .store()
            .task(uuid)
            .await?
            .ok_or_else(|| Error::not_found("Task", uuid))
    }

    /// Adds a line to a task's progress.
    pub(crate) async fn message(&self, task: &Task, text: &str) -> Result<()> {
        tracing::info!(task = task.uuid, request = task.request_id, "{text}");
        self.app
            .store()
            .add_task_message(task.id, text, self.app.clock().now())
            .await
    }

    /// A task to be stored with the state that needs it.
    pub(crate) fn new_task(
        &self,
        actor: &Actor,
        kind: TaskKind,
        node_id: Option<i64>,
        payload: Value,
    ) -> NewTask {
        NewTask {
            uuid: Uuid::new_v4().to_string(),
            kind,
            payload,
            node_id,
            max_attempts: ATTEMPTS,
            run_after: self.app.clock().now(),
            requested_by: actor.name.clone(),
            dialect: actor.dialect.as_str().to_owned(),
            request_id: actor.request_id.clone(),
        }
    }
}

/// The end of a task that failed; said once, here.
fn failure(task: &Task, error: &Error) -> TaskEnd {
    let text = crate::work::error_text(error);
    tracing::warn!(
        task = task.uuid,
        kind = task.kind.as_str(),
        request = task.request_id,
        error = text,
        "task failed"
    );
    TaskEnd {
        id: task.id,
        status: TaskStatus::Failure,
        result: failure_facts(error),
        error: Some(text),
    }
}

/// The keys under which a failed task's result tells what its text alone does not.
const DEVICE_ERROR: &str = "device_error";
const UNSUPPORTED: &str = "unsupported";

/// What a failed task gives: how a device failed it, or what could not be done there at all.
fn failure_facts(error: &Error) -> Option<Value> {
    match error {
        Error::Device(cause) => Some(json!({ DEVICE_ERROR: cause })),
        Error::Unsupported(text) => Some(json!({ UNSUPPORTED: text })),
        _ => None,
    }
}

/// Why a task has failed, as its attempt had it where the result tells.
fn failure_of(task: Task) -> Error {
    let told = |key: &str| Some(task.result.as_ref()?.get(key)?.clone());
    if let Some(Ok(cause)) = told(DEVICE_ERROR).map(serde_json::from_value::<DriverError>) {
        return cause.into();
    }
    if let Some(Value::String(text)) = told(UNSUPPORTED) {
        return Error::Unsupported(text);
    }
    Error::conflict(task.error.unwrap_or_default())
}
