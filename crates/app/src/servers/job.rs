//! A task's work on one instance: looking, telling and waiting.

use std::time::Instant;

use assay_domain::cloud::{Cloud, CloudError, Instance, InstanceCommand, InstanceStatus};
use assay_domain::{Error, Result, Task};

use crate::App;
use crate::cloud_settings::CloudSettings;

use super::SHORTEST_PAUSE;
use super::steps::Step;

/// The step that resets a machine, which is never done twice.
const RESTART: &str = "restart of the instance";

/// A task's work on one instance.
pub(super) struct Job<'a> {
    pub(super) app: &'a App,
    pub(super) cloud: &'a dyn Cloud,
    pub(super) task: &'a Task,
    pub(super) uuid: &'a str,
    pub(super) settings: CloudSettings,
}

impl Job<'_> {
    /// Adds a line to the task's progress.
    pub(super) async fn say(&self, text: &str) -> Result<()> {
        self.app.tasks().message(self.task, text).await
    }

    /// The instance as it is now.
    pub(super) async fn look(&self) -> Result<Instance> {
        Ok(self.cloud.instances().get(self.uuid).await?)
    }

    /// The instance once nothing is being done with it.
    ///
    /// # Errors
    /// [`Error::Conflict`] when that takes too long.
    pub(super) async fn at_rest(&self) -> Result<Instance> {
        let give_up = Instant::now() + self.settings.instance_limit;
        loop {
            let instance = self.look().await?;
            if is_at_rest(&instance) {
                return Ok(instance);
            }
            if Instant::now() > give_up {
                let doing = instance.task_state.as_deref().unwrap_or("changing");
                return Err(Error::conflict(format!(
                    "instance {} is {} and still {doing} after {} s",
                    self.uuid,
                    instance.status,
                    self.settings.instance_limit.as_secs()
                )));
            }
            tokio::time::sleep(self.settings.poll_interval.max(SHORTEST_PAUSE)).await;
        }
    }

    /// The instance once it runs.
    ///
    /// # Errors
    /// [`Error::Conflict`] when it comes to rest in another state, or not in time.
    pub(super) async fn running(&self) -> Result<Instance> {
        let instance = self.at_rest().await?;
        if instance.status == InstanceStatus::Active {
            return Ok(instance);
        }
        Err(self.is_not(&instance, "ACTIVE"))
    }

    /// Says that an instance is not what it was to be.
    pub(super) fn is_not(&self, instance: &Instance, wanted: &str) -> Error {
        let why = instance.fault.as_ref();
        let why = why.map_or_else(String::new, |fault| format!(": {fault}"));
        Error::conflict(format!(
            "instance {} is {} and not {wanted}{why}",
            self.uuid, instance.status
        ))
    }

    /// Tells the instance something whose doing shows in its state. A lost answer is no failure: the
    /// caller looks.
    pub(super) async fn command(&self, command: InstanceCommand) -> Result<()> {
        match self.cloud.instances().command(self.uuid, command).await {
            Err(error @ CloudError::OutcomeUnknown { .. }) => self.say(&error.to_string()).await,
            told => Ok(told?),
        }
    }

    /// Whether the task has restarted the instance, or was about to.
    pub(super) async fn has_begun_restart(&self) -> Result<bool> {
        Ok(self.step(RESTART).await? != Step::Open)
    }

    /// Resets the instance unless this task has done so already.
    ///
    /// # Errors
    /// [`Error::Conflict`] when nobody knows whether it was done.
    pub(super) async fn restart_once(&self) -> Result<()> {
        match self.step(RESTART).await? {
            Step::Accepted => return Ok(()),
            Step::Intended => return self.find_restart("a worker was lost over it").await,
            Step::Open => {}
        }
        self.intend(RESTART).await?;
        let instances = self.cloud.instances();
        let told = instances.command(self.uuid, InstanceCommand::HardReboot);
        match told.await {
            Ok(()) => self.accepted(RESTART).await,
            Err(error @ CloudError::OutcomeUnknown { .. }) => {
                self.find_restart(&error.to_string()).await
            }
            Err(error) => {
                self.not_done(RESTART, &error.to_string()).await?;
                Err(error.into())
            }
        }
    }

    /// Looks whether a restart that may have been asked for is under way.
    async fn find_restart(&self, why: &str) -> Result<()> {
        let instance = self.look().await?;
        let doing = instance.task_state.as_deref().unwrap_or_default();
        if instance.status == InstanceStatus::HardReboot || doing.starts_with("reboot") {
            return self.accepted(RESTART).await;
        }
        Err(Error::conflict(format!(
            "outcome unknown: instance {} may have been restarted, and is not restarted again unasked: {why}",
            self.uuid
        )))
    }
}

/// Whether nothing is being done with an instance.
fn is_at_rest(instance: &Instance) -> bool {
    instance.task_state.is_none()
        && !matches!(
            instance.status,
            InstanceStatus::Build
                | InstanceStatus::HardReboot
                | InstanceStatus::Migrating
                | InstanceStatus::Password
                | InstanceStatus::Reboot
                | InstanceStatus::Rebuild
                | InstanceStatus::Resize
                | InstanceStatus::RevertResize
        )
}
