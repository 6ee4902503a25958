//! The history of power actions.

use assay_domain::{NewTask, Page, PowerAction, PowerActionState, PowerCommand, Result, Timestamp};

use crate::Store;

impl Store {
    /// Stores a wanted power action, in the state `Intended`, and its task with `power_action_id`
    /// added to the payload.
    ///
    /// # Errors
    /// `NotFound` for the node.
    pub async fn create_power_action(
        &self,
        node_id: i64,
        command: PowerCommand,
        user: &str,
        task: NewTask,
        now: Timestamp,
    ) -> Result<PowerAction> {
        let user = user.to_owned();
        write!(
            self,
            power_actions::create(node_id, command, &user, &task, now)
        )
    }

    /// Stores a power action that is a part of a task, in the state `Sent`: it may be sent from now on.
    ///
    /// # Errors
    /// `NotFound` for the node.
    pub async fn begin_power_action(
        &self,
        node_id: i64,
        command: PowerCommand,
        user: &str,
        task_uuid: &str,
        now: Timestamp,
    ) -> Result<PowerAction> {
        let (user, task_uuid) = (user.to_owned(), task_uuid.to_owned());
        write!(
            self,
            power_actions::begin(node_id, command, &user, &task_uuid, now)
        )
    }

    /// Ends, as `Unknown`, the power actions that are part of a task which has ended without them.
    pub async fn end_orphaned_power_actions(&self, now: Timestamp) -> Result<()> {
        write!(self, power_actions::end_orphans(now))
    }

    /// Keeps how far a power action has come, and why it failed; it has ended, at `now`, when it
    /// is done, failed or unknown.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn set_power_action(
        &self,
        id: i64,
        state: PowerActionState,
        error: Option<String>,
        now: Timestamp,
    ) -> Result<()> {
        write!(
            self,
            power_actions::set_state(id, state, error.as_deref(), now)
        )
    }

    /// The power action with that key.
    pub async fn power_action(&self, id: i64) -> Result<Option<PowerAction>> {
        read!(self, power_actions::find(id))
    }

    /// The power actions of a node, newest first.
    pub async fn power_actions(&self, node_id: i64, page: Page) -> Result<Vec<PowerAction>> {
        read!(self, power_actions::list(node_id, page))
    }
}
