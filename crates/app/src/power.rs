//! Use cases of a node's power. The intent is stored before anything is sent to a device.

use std::time::Duration;

use assay_domain::{
    Actor, DriverError, Error, Page, PowerAction, PowerActionState, PowerCommand, PowerState,
    Result, Role, Task, TaskKind,
};
use assay_drivers::ResetOutcome;
use serde_json::json;

use crate::App;
use crate::node_guard::NodeGuard;
use crate::target::{self, NodeTarget};
use crate::work::{Outcome, error_text, insist, payload_id};

const POLL: Duration = Duration::from_millis(50);

/// Power of nodes.
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
    /// failed within the wait. A task that still runs then is no error.
    pub async fn command(&self, actor: &Actor, node_id: i64, command: PowerCommand) -> Result<()> {
        actor.require(Role::Operator)?;
        let node = self.app.nodes().by_id(node_id).await?;
        target::of_node(self.app, node_id).await?;
        let task = self
            .app
            .tasks()
            .new_task(actor, TaskKind::NodePower, Some(node_id), json!({}));
        let now = self.app.clock().now();
        let action = self
            .app
            .store()
            .create_power_action(node_id, command, &actor.name, task, now)
            .await?;
        tracing::info!(user = actor.name, dialect = %actor.dialect, node = node.uuid, command = command.as_str(), "power command accepted");
        self.app.announce(TaskKind::NodePower).await;
        self.wait(action.id).await
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

    /// One power action of a node.
    pub async fn action(&self, actor: &Actor, node_id: i64, id: i64) -> Result<PowerAction> {
        actor.require(Role::Observer)?;
        self.app
            .store()
            .power_action(id)
            .await?
            .filter(|action| action.node_id == node_id)
            .ok_or_else(|| Error::not_found("Power action", id))
    }

    /// A worker's part: does one recorded power action. Safe to run again: on and off are
    /// reconciled by reading, and a reset that may have been sent is never repeated.
    pub async fn run(&self, task: &Task) -> Result<Outcome> {
        let id = payload_id(task, "power_action_id")?;
        let action = self
            .app
            .store()
            .power_action(id)
            .await?
            .ok_or_else(|| Error::not_found("Power action", id))?;
        match action.state {
            PowerActionState::Intended | PowerActionState::Sent => {}
            PowerActionState::Done => return Ok(Outcome::Done(json!({"state": "done"}))),
            PowerActionState::Failed | PowerActionState::Unknown => {
                return Err(Error::conflict(action.error.unwrap_or_default()));
            }
        }
        let node = target::of_node(self.app, action.node_id).await;
        let node = match node {
            Ok(node) => node,
            Err(error) if error.is_passing() => return Err(error),
            Err(error) => return self.fail(&action, error).await,
        };
        let guard = match NodeGuard::take(self.app, action.node_id, task, "power action").await {
            Ok(guard) => guard,
            Err(error) if error.is_passing() => return Err(error),
            Err(error) => return self.fail(&action, error).await,
        };
        let result = self.perform(&action, &node).await;
        guard.release().await?;
        result.map(|()| Outcome::Done(json!({"state": "done"})))
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
    /// its worker died: nobody knows.
    pub async fn tidy(&self) -> Result<()> {
        let now = self.app.clock().now();
        self.app.store().end_orphaned_power_actions(now).await
    }

    /// Changes a node's power as a part of another task, with a record of its own.
    pub(crate) async fn change(
        &self,
        task: &Task,
        node: &NodeTarget,
        command: PowerCommand,
    ) -> Result<()> {
        let now = self.app.clock().now();
        let (node_id, user) = (node.assignment.node_id, &task.requested_by);
        let store = self.app.store();
        let action = store
            .begin_power_action(node_id, command, user, &task.uuid, now)
            .await?;
        match self.perform(&action, node).await {
            // The next attempt has a record of its own.
            Err(error @ Error::Device(DriverError::NotAsked { .. })) => {
                self.fail(&action, error).await
            }
            done => done,
        }
    }

    async fn perform(&self, action: &PowerAction, node: &NodeTarget) -> Result<()> {
        if action.command == PowerCommand::Reset && action.state == PowerActionState::Sent {
            let text = "outcome unknown: the reset may have been sent before a restart, and a reset is never repeated";
            self.set(action, PowerActionState::Unknown, Some(text))
                .await?;
            return Err(Error::conflict(text));
        }
        if action.state == PowerActionState::Intended {
            self.set(action, PowerActionState::Sent, None).await?;
        }
        let limit = self.app.settings().power_state_limit;
        let gate = self.app.gate();
        let (protocol, target) = (node.protocol.as_str(), &node.target);
        let done = match action.command {
            PowerCommand::On => {
                gate.ensure_power(target, protocol, PowerState::On, limit)
                    .await
            }
            PowerCommand::Off => {
                gate.ensure_power(target, protocol, PowerState::Off, limit)
                    .await
            }
            PowerCommand::Shutdown => gate.shut_down_machine(target, protocol, limit).await,
            PowerCommand::Reset => match gate.reset_once(target, protocol).await {
                ResetOutcome::Done => Ok(()),
                ResetOutcome::NotSent(error) => Err(error),
                ResetOutcome::Unknown(error) => {
                    let text = format!("outcome unknown: {error}");
                    self.set(action, PowerActionState::Unknown, Some(&text))
                        .await?;
                    return Err(Error::conflict(text));
                }
            },
        };
        match done {
            Ok(()) => {}
            Err(error @ DriverError::NotAsked { .. }) => {
                // As it was before this attempt; the task is tried again.
                self.set(action, action.state, None).await?;
                return Err(error.into());
            }
            Err(error) => return self.fail(action, error.into()).await,
        }
        self.done(action, node).await
    }

    async fn done(&self, action: &PowerAction, node: &NodeTarget) -> Result<()> {
        let store = self.app.store();
        let assignment = &node.assignment;
        self.set(action, PowerActionState::Done, None).await?;
        let state = action.command.wanted_state().unwrap_or(PowerState::On);
        store
            .set_power_state(action.node_id, Some(state), self.app.clock().now())
            .await?;
        if !assignment.is_initialized {
            store
                .mark_initialized(assignment.node_id, assignment.power_control_id)
                .await?;
        }
        Ok(())
    }

    async fn fail<T>(&self, action: &PowerAction, error: Error) -> Result<T> {
        self.set(action, PowerActionState::Failed, Some(&error_text(&error)))
            .await?;
        Err(error)
    }

    async fn set(
        &self,
        action: &PowerAction,
        state: PowerActionState,
        error: Option<&str>,
    ) -> Result<()> {
        let (store, now) = (self.app.store(), self.app.clock().now());
        let error = error.map(str::to_owned);
        let write = || store.set_power_action(action.id, state, error.clone(), now);
        insist(self.app, write).await
    }

    async fn wait(&self, id: i64) -> Result<()> {
        let waited = tokio::time::timeout(self.app.settings().power_answer_wait, async {
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
                            endpoint: format!("the power action {id} of node {}", action.node_id),
                            cause: action.error.unwrap_or_default(),
                        }));
                    }
                }
            }
        });
        waited.await.unwrap_or(Ok(()))
    }
}
