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
        task: Option<NewTask>,
        now: Timestamp,
    ) -> Result<PowerAction> {
        let user = user.to_owned();
        write!(
            self,
            power_actions::create(node_id, command, &user, task.as_ref(), now)
        )
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
