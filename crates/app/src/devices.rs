//! Use cases of what nodes' devices say and are told beside power. A node's device is that of its
//! default power control. Only workers reach it: a reading or a command is a task.

use assay_domain::{
    Actor, Aspect, DeviceCommand, DeviceFacts, Error, Result, Role, Task, TaskKind, Timestamp,
};
use serde_json::{Value, json};

use crate::target;
use crate::tasks::Waited;
use crate::work::{Outcome, error_text, insist, node_of, payload};
use crate::{App, Protection};

/// What is said of a log that is not cleared a second time: entries of the time between would be lost.
const MAYBE_CLEARED: &str = "outcome unknown: the log may have been cleared before a restart, and is not cleared again unasked";

/// Devices of nodes.
pub struct Devices<'a> {
    app: &'a App,
}

/// What is known of one aspect of a node's device.
#[derive(Debug, Clone, PartialEq)]
pub struct DeviceView {
    /// What the device said last.
    pub facts: DeviceFacts,
    /// When it said so.
    pub observed_at: Timestamp,
    /// Why it could not be asked again since, if that was tried.
    pub error: Option<String>,
}

impl<'a> Devices<'a> {
    pub(crate) fn new(app: &'a App) -> Self {
        Self { app }
    }

    /// What a node's device said last of one of its aspects, by the node's UUID or name. The device is
    /// asked now when `refresh` says so, or when it was never asked.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a node without a power control. When the device has never said anything:
    /// [`Error::Device`] tells why, [`Error::Unavailable`] that nobody has asked it in time.
    pub async fn show(
        &self,
        actor: &Actor,
        reference: &str,
        aspect: Aspect,
        refresh: bool,
    ) -> Result<DeviceView> {
        actor.require(Role::Observer)?;
        let node_id = self.app.nodes().by_ref(reference).await?.id;
        target::of_node(self.app, node_id).await?;
        let known = self.known(node_id, aspect).await?;
        if let (Some(known), false) = (&known, refresh) {
            return Ok(known.clone());
        }
        match (self.ask(actor, node_id, aspect).await, known) {
            (Ok(()), _) => self.known(node_id, aspect).await?.ok_or_else(|| {
                Error::conflict(format!(
                    "the device of node {node_id} was changed meanwhile"
                ))
            }),
            (Err(error @ (Error::Device(_) | Error::Unavailable { .. })), Some(known)) => {
                Ok(DeviceView {
                    error: Some(error_text(&error)),
                    ..known
                })
            }
            (Err(error), _) => Err(error),
        }
    }

    /// Gives a node's device a command, by the node's UUID or name, and waits a while for its end.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a node without a power control; [`Error::Conflict`] for the boot override
    /// of a protected node; what the device fails with within the wait.
    pub async fn command(
        &self,
        actor: &Actor,
        reference: &str,
        command: DeviceCommand,
        protection: Protection,
    ) -> Result<Waited> {
        actor.require(Role::Operator)?;
        protection.authorise(actor)?;
        let node = self.app.nodes().by_ref(reference).await?;
        if matches!(command, DeviceCommand::SetBootOverride(_)) {
            protection.check(actor, &node)?;
        }
        target::of_node(self.app, node.id).await?;
        let payload = serde_json::to_value(command).map_err(Error::internal)?;
        let payload = json!({ "command": payload });
        let kind = TaskKind::DeviceCommand;
        let task = self
            .app
            .tasks()
            .new_task(actor, kind, Some(node.id), payload);
        let uuid = task.uuid.clone();
        let now = self.app.clock().now();
        self.app.store().enqueue_task(task, now).await?;
        self.app.announce(kind).await;
        tracing::info!(user = actor.name, dialect = %actor.dialect, node = node.uuid, ?command, "device command accepted");
        let limit = self.app.settings().device_answer_wait;
        self.app.tasks().wait(&uuid, limit).await
    }

    /// A worker's part of [`Self::show`].
    pub async fn run_read(&self, task: &Task) -> Result<Outcome> {
        let node_id = node_of(task)?;
        let aspect: Aspect = payload::<String>(task, "aspect")?.parse()?;
        let node = target::of_node(self.app, node_id).await?;
        let gate = self.app.gate();
        let facts = gate.facts(&node.target, &node.protocol, aspect).await?;
        let (store, now) = (self.app.store(), self.app.clock().now());
        let write = || store.keep_device_facts(node_id, aspect, facts.clone(), &task.uuid, now);
        insist(self.app, write).await?;
        Ok(Outcome::Done(json!({ "aspect": aspect.as_str() })))
    }

    /// A worker's part of [`Self::command`].
    pub async fn run_command(&self, task: &Task) -> Result<Outcome> {
        let node_id = node_of(task)?;
        let command: DeviceCommand = payload(task, "command")?;
        if command == DeviceCommand::ClearEventLog && task.attempts > 1 {
            return Err(Error::conflict(MAYBE_CLEARED));
        }
        let node = target::of_node(self.app, node_id).await?;
        let gate = self.app.gate();
        gate.tell(&node.target, &node.protocol, command).await?;
        if let Some(aspect) = command.changes() {
            let store = self.app.store();
            insist(self.app, || store.forget_device_facts(node_id, aspect)).await?;
        }
        Ok(Outcome::Done(Value::Null))
    }

    async fn known(&self, node_id: i64, aspect: Aspect) -> Result<Option<DeviceView>> {
        let store = self.app.store();
        let Some(reading) = store.device_reading(node_id, aspect).await? else {
            return Ok(None);
        };
        let (Some(facts), Some(observed_at)) = (reading.facts, reading.observed_at) else {
            return Ok(None);
        };
        let asked = store.task(&reading.task).await?;
        let failed = asked.filter(|task| task.finished_at.is_some_and(|at| at > observed_at));
        Ok(Some(DeviceView {
            facts,
            observed_at,
            error: failed.and_then(|task| task.error),
        }))
    }

    /// Has a worker ask a device, and waits for it; whoever asks for the same meanwhile waits for the
    /// same task.
    async fn ask(&self, actor: &Actor, node_id: i64, aspect: Aspect) -> Result<()> {
        let kind = TaskKind::DeviceRead;
        let payload = json!({ "aspect": aspect.as_str() });
        let task = self
            .app
            .tasks()
            .new_task(actor, kind, Some(node_id), payload);
        let now = self.app.clock().now();
        let (uuid, is_new) = self
            .app
            .store()
            .ask_device(node_id, aspect, task, now)
            .await?;
        if is_new {
            self.app.announce(kind).await;
        }
        let limit = self.app.settings().device_answer_wait;
        match self.app.tasks().wait(&uuid, limit).await? {
            Waited::Done(_) => Ok(()),
            Waited::UnderWay(uuid) => Err(Error::Unavailable {
                message: format!(
                    "the device of node {node_id} is still being asked by task {uuid}"
                ),
                retry_after: 5,
            }),
        }
    }
}
