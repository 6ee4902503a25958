//! Use cases of power: of nodes, of single outputs, and of many nodes at once. The intent is stored
//! before anything is sent to a device.

mod batch;
mod feeds;
mod run;
mod shown;

use std::time::Duration;

use assay_domain::{
    Actor, DriverError, Error, OutputRef, Page, PowerAction, PowerActionState, PowerCommand,
    PowerState, Result, Role, Task, TaskKind,
};
use assay_store::NewPowerAction;
use serde_json::json;

pub use batch::{AcceptedPower, BatchEnds, BatchStatus, NodeRef, PowerBatch, RefusedPower};
pub(crate) use shown::changed_by;
pub use shown::{NodePower, UnderWay};

use crate::App;
use crate::protection::Protection;
use crate::target::{self, NodeTarget};
use crate::work::payload_id;

const POLL: Duration = Duration::from_millis(50);

/// Power of nodes and outputs.
pub struct Power<'a> {
    app: &'a App,
}

impl<'a> Power<'a> {
    pub(crate) fn new(app: &'a App) -> Self {
        Self { app }
    }

    /// Records a power command and a task for it, and waits a while for its end.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a node without a power control; [`Error::Device`] when the task has
    /// failed within the wait, and a task that still runs then is no error; [`Error::Conflict`] for
    /// a protected node.
    pub async fn command(
        &self,
        actor: &Actor,
        node_id: i64,
        command: PowerCommand,
        protection: Protection,
    ) -> Result<()> {
        actor.require(Role::Operator)?;
        let node = self.app.nodes().by_id(node_id).await?;
        if command.interrupts() {
            protection.check(actor, &node)?;
        }
        target::of_node(self.app, node_id).await?;
        let id = self.intend(actor, Some(node_id), None, command).await?;
        tracing::info!(user = actor.name, dialect = %actor.dialect, node = node.uuid, command = command.as_str(), "power command accepted");
        self.wait(id).await
    }

    /// Records that one output is to be switched, whatever hangs on it, and waits a while for the
    /// end. A node that has no other feed than this output is switched as a whole.
    ///
    /// # Errors
    /// As of [`Self::command`].
    pub(crate) async fn command_output(
        &self,
        actor: &Actor,
        output: OutputRef,
        node_id: Option<i64>,
        command: PowerCommand,
        protection: Protection,
    ) -> Result<()> {
        if let Some(node_id) = node_id {
            if command.interrupts() {
                actor.require(Role::Operator)?;
                protection.check(actor, &self.app.nodes().by_id(node_id).await?)?;
            }
            let node = target::of_node(self.app, node_id).await?;
            let is_only =
                node.feeds.len() == 1 && node.target.power_control_id == output.power_control_id;
            if is_only {
                return self.command(actor, node_id, command, protection).await;
            }
        }
        actor.require(Role::Operator)?;
        let (control, port) = (output.power_control_id, output.port.clone());
        let id = self.intend(actor, node_id, Some(output), command).await?;
        tracing::info!(user = actor.name, dialect = %actor.dialect, power_control = control, output = port, command = command.as_str(), "output command accepted");
        self.wait(id).await
    }

    /// A page of a node's power actions, newest first.
    pub async fn history(
        &self,
        actor: &Actor,
        node_id: i64,
        page: Page,
    ) -> Result<Vec<PowerAction>> {
        actor.require(Role::Observer)?;
        self.app.nodes().by_id(node_id).await?;
        self.app.store().power_actions(node_id, page).await
    }

    /// A page of the power actions of a power control's single outputs, newest first.
    pub async fn history_of_control(
        &self,
        actor: &Actor,
        control_id: i64,
        page: Page,
    ) -> Result<Vec<PowerAction>> {
        actor.require(Role::Observer)?;
        self.app.power_controls().by_id(control_id).await?;
        let store = self.app.store();
        store.power_actions_of_control(control_id, page).await
    }

    /// One power action of a node.
    pub async fn action(&self, actor: &Actor, node_id: i64, id: i64) -> Result<PowerAction> {
        actor.require(Role::Observer)?;
        self.app
            .store()
            .power_action(id)
            .await?
            .filter(|action| action.node_id == Some(node_id))
            .ok_or_else(|| Error::not_found("Power action", id))
    }

    /// Records what is known of the action of a task that is given up, because its worker died each
    /// time.
    pub async fn given_up(&self, task: &Task) -> Result<()> {
        let id = payload_id(task, "power_action_id")?;
        let Some(action) = self.app.store().power_action(id).await? else {
            return Ok(());
        };
        let (state, text) = match action.state {
            PowerActionState::Intended => (PowerActionState::Failed, "its worker died each time"),
            PowerActionState::Sent => (
                PowerActionState::Unknown,
                "outcome unknown: its worker died each time",
            ),
            PowerActionState::Done | PowerActionState::Failed | PowerActionState::Unknown => {
                return Ok(());
            }
        };
        self.set(&action, state, Some(text)).await
    }

    /// Ends the records of power commands whose task has ended without saying how they went, because
    /// its worker died or it was revoked.
    pub async fn tidy(&self) -> Result<()> {
        let now = self.app.clock().now();
        self.app.store().end_orphaned_power_actions(now).await
    }

    /// The power of a node as its device, or all of its feeds, say now.
    ///
    /// # Errors
    /// What a driver says; of several feeds, when none is on and one cannot be read.
    pub(crate) async fn read(&self, node: &NodeTarget) -> Result<PowerState, DriverError> {
        feeds::read(self.app, node).await
    }

    /// Stores an intent with its task and tells the workers; gives the action's key.
    async fn intend(
        &self,
        actor: &Actor,
        node_id: Option<i64>,
        output: Option<OutputRef>,
        command: PowerCommand,
    ) -> Result<i64> {
        let kind = match output {
            Some(_) => TaskKind::OutputPower,
            None => TaskKind::NodePower,
        };
        let new = NewPowerAction {
            node_id,
            output,
            command,
            user_name: actor.name.clone(),
            batch: None,
            task: self.app.tasks().new_task(actor, kind, node_id, json!({})),
        };
        let now = self.app.clock().now();
        let stored = self
            .app
            .store()
            .create_power_actions(vec![new], now)
            .await?;
        let action = stored
            .first()
            .ok_or_else(|| Error::internal("a power action was not stored"))?;
        self.app.announce(kind).await;
        Ok(action.id)
    }

    /// Has a node's power changed for a task of Assay's own, and returns when the device has shown that
    /// it is so. Safe to ask for again, but for a reset.
    ///
    /// # Errors
    /// As of [`Self::command`], whenever the task fails.
    pub(crate) async fn carry_out(
        &self,
        actor: &Actor,
        node_id: i64,
        command: PowerCommand,
    ) -> Result<()> {
        target::of_node(self.app, node_id).await?;
        let id = self.intend(actor, Some(node_id), None, command).await?;
        self.end_of(id).await
    }

    async fn wait(&self, id: i64) -> Result<()> {
        let limit = self.app.settings().power_answer_wait;
        let waited = tokio::time::timeout(limit, self.end_of(id));
        waited.await.unwrap_or(Ok(()))
    }

    async fn end_of(&self, id: i64) -> Result<()> {
        loop {
            let action = self.app.store().power_action(id).await?;
            let action = action.ok_or_else(|| Error::not_found("Power action", id))?;
            match action.state {
                PowerActionState::Intended | PowerActionState::Sent => {
                    tokio::time::sleep(POLL).await;
                }
                PowerActionState::Done => return Ok(()),
                PowerActionState::Failed | PowerActionState::Unknown => {
                    return Err(Error::Device(DriverError::Failed {
                        endpoint: format!("the power action {id} of {}", action.subject()),
                        cause: action.error.unwrap_or_default(),
                    }));
                }
            }
        }
    }
}
