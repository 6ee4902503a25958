//! Use cases of the cloud's instances. What is done with one is a task of the class `cloud`; a
//! request looks only whether the instance exists.

mod balance;
mod clone_job;
mod clone_removal;
mod clones;
mod job;
mod metadata;
mod steps;

use std::time::Duration;

use assay_domain::cloud::{Instance, InstanceCommand, InstanceStatus};
use assay_domain::{Actor, Error, Result, Role, Task, TaskKind};
use serde::{Deserialize, Serialize};
use serde_json::json;
use uuid::Uuid;

use crate::App;
use crate::cloud_settings::CloudSettings;
use crate::tasks::Waited;
use crate::work::{Outcome, payload};

use job::Job;

/// What is done with an instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ServerAction {
    /// Has it run again that is suspended, paused or off.
    Wakeup,
    /// Has the cloud believe it active.
    Reset,
    /// Has the cloud believe it active, and resets it.
    ResetReboot,
    /// Resets it and waits until it runs, whatever state it is in.
    Repair,
    /// As [`Self::Repair`], after the cloud was told to believe it active.
    Recover,
    /// Moves it while it runs to the first host that has room for it.
    Balance,
}

/// Instances of the cloud.
pub struct Servers<'a> {
    app: &'a App,
}

impl<'a> Servers<'a> {
    pub(crate) fn new(app: &'a App) -> Self {
        Self { app }
    }

    /// Has something done with an instance; gives the UUID of the task that does it.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an unknown instance; [`Error::Unavailable`] when no cloud is
    /// configured, or it does not answer.
    pub async fn begin(&self, actor: &Actor, uuid: &str, action: ServerAction) -> Result<String> {
        actor.require(Role::Operator)?;
        let cloud = self.app.cloud()?;
        let uuid = Uuid::parse_str(uuid).map_err(|_| Error::not_found("Instance", uuid))?;
        let instance = cloud.instances().get(&uuid.to_string()).await?;
        let payload = json!({
            "server": instance.uuid, "action": json!(action), "from": instance.host,
        });
        let kind = TaskKind::ServerAction;
        let task = self.app.tasks().new_task(actor, kind, None, payload);
        let (task_uuid, now) = (task.uuid.clone(), self.app.clock().now());
        self.app.store().enqueue_task(task, now).await?;
        self.app.announce(kind).await;
        tracing::info!(user = actor.name, dialect = %actor.dialect, instance = instance.uuid, ?action, task = task_uuid, "action on an instance accepted");
        Ok(task_uuid)
    }

    /// As [`Self::begin`], and waits a while for its end.
    ///
    /// # Errors
    /// As of [`Self::begin`], and what the task fails with within the wait.
    pub async fn act(&self, actor: &Actor, uuid: &str, action: ServerAction) -> Result<Waited> {
        let task = self.begin(actor, uuid, action).await?;
        self.app
            .tasks()
            .wait(&task, self.settings().answer_wait)
            .await
    }

    /// A worker's part of [`Self::begin`]. A cloud that is away is waited for, as long as an instance
    /// may take.
    ///
    /// # Errors
    /// [`Error::Conflict`] when it did not come to its end; what passes is to be tried again.
    pub async fn run(&self, task: &Task) -> Result<Outcome> {
        match self.attempt(task).await {
            Err(error) if error.is_passing() && self.is_late(task) => {
                Err(Error::conflict(format!("given up: {error}")))
            }
            ended => ended,
        }
    }

    fn is_late(&self, task: &Task) -> bool {
        let age = (self.app.clock().now() - task.created_at).to_std();
        age.is_ok_and(|age| age > self.settings().instance_limit)
    }

    async fn attempt(&self, task: &Task) -> Result<Outcome> {
        let uuid: String = payload(task, "server")?;
        let job = Job {
            app: self.app,
            cloud: &**self.app.cloud()?,
            task,
            uuid: &uuid,
            settings: self.settings(),
        };
        let action: ServerAction = payload(task, "action")?;
        let instance = match action {
            ServerAction::Wakeup => wake_up(&job).await?,
            ServerAction::Reset => reset(&job).await?,
            ServerAction::ResetReboot | ServerAction::Recover => {
                // The reset of the state would hide a restart that is under way.
                if !job.has_begun_restart().await? {
                    reset(&job).await?;
                }
                restart(&job).await?
            }
            ServerAction::Repair => restart(&job).await?,
            ServerAction::Balance => balance::run(&job, payload(task, "from")?).await?,
        };
        Ok(Outcome::Done(json!({
            "server": instance.uuid, "status": instance.status, "host": instance.host,
        })))
    }

    fn settings(&self) -> CloudSettings {
        self.app.settings().cloud.clone().unwrap_or_default()
    }
}

async fn wake_up(job: &Job<'_>) -> Result<Instance> {
    let instance = job.at_rest().await?;
    let command = match instance.status {
        InstanceStatus::Active => return Ok(instance),
        InstanceStatus::Suspended => InstanceCommand::Resume,
        InstanceStatus::Paused => InstanceCommand::Unpause,
        InstanceStatus::Shutoff => InstanceCommand::Start,
        other => {
            return Err(Error::conflict(format!(
                "instance {} is {other}: only one that is SUSPENDED, PAUSED or SHUTOFF can be woken up",
                job.uuid
            )));
        }
    };
    job.say(&format!("the instance is {}", instance.status))
        .await?;
    job.command(command).await?;
    job.running().await
}

async fn reset(job: &Job<'_>) -> Result<Instance> {
    job.command(InstanceCommand::ResetToActive).await?;
    let instance = job.look().await?;
    if instance.status == InstanceStatus::Active {
        return Ok(instance);
    }
    Err(job.is_not(&instance, "ACTIVE"))
}

async fn restart(job: &Job<'_>) -> Result<Instance> {
    job.restart_once().await?;
    job.running().await
}

/// How often it is looked, at least.
const SHORTEST_PAUSE: Duration = Duration::from_millis(20);
