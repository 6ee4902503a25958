//! A worker's part: does one recorded power action, and writes down what came of it.

use assay_domain::{
    DriverError, Error, PowerAction, PowerActionState, PowerCommand, PowerState, Result, Task,
};
use serde_json::json;

use super::Power;
use super::feeds::{self, BadEnd};
use crate::node_guard::NodeGuard;
use crate::target::{self, Feed, NodeTarget};
use crate::work::{Outcome, error_text, insist, payload_id};

const MAYBE_SENT: &str =
    "outcome unknown: the reset may have been sent before a restart, and a reset is never repeated";

impl Power<'_> {
    /// Does one recorded power action. Safe to run again: on and off are reconciled by reading, and
    /// a reset that may have been sent is never repeated.
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
        self.hold_and_perform(task, &action).await?;
        Ok(Outcome::Done(json!({"state": "done"})))
    }

    async fn hold_and_perform(&self, task: &Task, action: &PowerAction) -> Result<()> {
        let way = match self.way(action).await {
            Ok(way) => way,
            Err(error) if error.is_passing() => return Err(error),
            Err(error) => return self.fail(action, error, None).await,
        };
        let Some(node_id) = action.node_id else {
            return self.perform_on(action, &way).await;
        };
        let guard = match NodeGuard::take(self.app, node_id, task, "power action").await {
            Ok(guard) => guard,
            Err(error) if error.is_passing() => return Err(error),
            Err(error) => return self.fail(action, error, None).await,
        };
        let result = self.perform_on(action, &way).await;
        guard.release().await?;
        result
    }

    async fn way(&self, action: &PowerAction) -> Result<Way> {
        match (&action.output, action.node_id) {
            (Some(output), _) => Ok(Way::Output(target::of_output(self.app, output).await?)),
            (None, Some(node)) => Ok(Way::Node(target::of_node(self.app, node).await?)),
            (None, None) => Err(Error::internal("a power action of nothing")),
        }
    }

    async fn perform_on(&self, action: &PowerAction, way: &Way) -> Result<()> {
        match way {
            Way::Node(node) => self.perform(action, node).await,
            Way::Output(feed) => self.perform_output(action, feed).await,
        }
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
                self.fail(&action, error, None).await
            }
            done => done,
        }
    }

    async fn perform(&self, action: &PowerAction, node: &NodeTarget) -> Result<()> {
        if action.command == PowerCommand::Reset && action.state == PowerActionState::Sent {
            return self.not_again(action, node).await;
        }
        if action.state == PowerActionState::Intended {
            self.set(action, PowerActionState::Sent, None).await?;
        }
        if let Err(end) = feeds::send(self.app, node, action.command).await {
            return self.settle(action, end).await;
        }
        let state = action.command.wanted_state().unwrap_or(PowerState::On);
        self.done(action, &node.feeds, Some(state)).await
    }

    /// Writes down that a command is done, and first what was seen: whoever waits for the command's
    /// end looks at the state next.
    async fn done(
        &self,
        action: &PowerAction,
        feeds: &[Feed],
        state: Option<PowerState>,
    ) -> Result<()> {
        let seen = self.seen(action, state).await;
        let initialized = self.initialized(action.node_id, feeds).await;
        self.set(action, PowerActionState::Done, None).await?;
        seen.and(initialized)
    }

    /// Ends a reset that may have been sent before. Of several feeds each is looked at, because some
    /// may have been left off.
    async fn not_again(&self, action: &PowerAction, node: &NodeTarget) -> Result<()> {
        self.set(action, PowerActionState::Unknown, Some(MAYBE_SENT))
            .await?;
        if node.feeds.len() == 1 {
            return Err(Error::conflict(MAYBE_SENT));
        }
        let (told, state) = feeds::told_now(self.app, node).await;
        let text = format!("{MAYBE_SENT}; {told}");
        self.seen(action, state).await?;
        self.set(action, PowerActionState::Unknown, Some(&text))
            .await?;
        Err(Error::conflict(text))
    }

    /// Switches one output. The state of the node on it is judged anew.
    async fn perform_output(&self, action: &PowerAction, feed: &Feed) -> Result<()> {
        if action.state == PowerActionState::Intended {
            self.set(action, PowerActionState::Sent, None).await?;
        }
        if let Err(end) = feeds::send_to_one(self.app, feed, action.command).await {
            return self.settle(action, end).await;
        }
        let state = match action.node_id {
            Some(node_id) => self.judge(node_id).await,
            None => None,
        };
        self.done(action, std::slice::from_ref(feed), state).await
    }

    /// The state of a node one of whose outputs was switched; none when it cannot be read, or when
    /// the node was unassigned meanwhile.
    async fn judge(&self, node_id: i64) -> Option<PowerState> {
        let read = match target::of_node(self.app, node_id).await {
            Ok(node) => feeds::read(self.app, &node).await.map_err(Error::from),
            Err(error) => Err(error),
        };
        read.inspect_err(|error| {
            tracing::warn!(node = node_id, %error, "an output was switched, and the node's power cannot be read");
        })
        .ok()
    }

    /// Writes down how a command ended that was not done.
    async fn settle(&self, action: &PowerAction, end: BadEnd) -> Result<()> {
        match end {
            BadEnd::Failed(error @ DriverError::NotAsked { .. }, _) => {
                // As it was before this attempt; the task is tried again.
                self.set(action, action.state, None).await?;
                Err(error.into())
            }
            BadEnd::Failed(error, state) => self.fail(action, error.into(), state).await,
            BadEnd::Unknown(text) => {
                self.set(action, PowerActionState::Unknown, Some(&text))
                    .await?;
                Err(Error::conflict(text))
            }
        }
    }

    /// Notes that devices have answered through these assignments.
    async fn initialized(&self, node_id: Option<i64>, feeds: &[Feed]) -> Result<()> {
        let Some(node_id) = node_id else {
            return Ok(());
        };
        for feed in feeds.iter().filter(|feed| !feed.is_initialized) {
            let control = feed.target.power_control_id;
            match self.app.store().mark_initialized(node_id, control).await {
                // It was unassigned meanwhile.
                Ok(()) | Err(Error::NotFound { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Keeps a node's state as it was seen.
    async fn seen(&self, action: &PowerAction, state: Option<PowerState>) -> Result<()> {
        let (Some(node_id), Some(state)) = (action.node_id, state) else {
            return Ok(());
        };
        let (store, now) = (self.app.store(), self.app.clock().now());
        let write = || store.set_power_state(node_id, Some(state), now);
        insist(self.app, write).await
    }

    async fn fail<T>(
        &self,
        action: &PowerAction,
        error: Error,
        state: Option<PowerState>,
    ) -> Result<T> {
        self.set(action, PowerActionState::Failed, Some(&error_text(&error)))
            .await?;
        self.seen(action, state).await?;
        Err(error)
    }

    pub(super) async fn set(
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
}

/// What an action is done through.
enum Way {
    Node(NodeTarget),
    Output(Feed),
}
