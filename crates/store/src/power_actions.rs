//! The history of power actions.

use assay_domain::{Page, PowerAction, PowerActionState, PowerCommand, Result, Timestamp};

use crate::Store;
use crate::types::NewPowerAction;

impl Store {
    /// Stores wanted power actions, in the state `Intended`, each with its task, all in one
    /// transaction; gives them in their order.
    ///
    /// # Errors
    /// `NotFound` for a node; then none is stored.
    pub async fn create_power_actions(
        &self,
        new: Vec<NewPowerAction>,
        now: Timestamp,
    ) -> Result<Vec<PowerAction>> {
        write!(self, power_actions::create(&new, now))
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

    /// Ends the power actions whose task has ended without them: as `Unknown` what may have been
    /// sent, as `Failed` what was not.
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
        read!(self, power_actions::of_node(node_id, page))
    }

    /// The power actions of a power control's single outputs, newest first.
    pub async fn power_actions_of_control(
        &self,
        control_id: i64,
        page: Page,
    ) -> Result<Vec<PowerAction>> {
        read!(self, power_actions::of_control(control_id, page))
    }

    /// The power actions of a request for many nodes, oldest first; only those in `state` when it
    /// is given.
    pub async fn power_actions_of_batch(
        &self,
        batch: &str,
        state: Option<PowerActionState>,
        page: Page,
    ) -> Result<Vec<PowerAction>> {
        let batch = batch.to_owned();
        read!(self, power_actions::of_batch(&batch, state, page))
    }

    /// How many power actions of a request for many nodes are in each state; a state without any
    /// is left out.
    pub async fn count_power_actions_of_batch(
        &self,
        batch: &str,
    ) -> Result<Vec<(PowerActionState, i64)>> {
        let batch = batch.to_owned();
        read!(self, power_actions::count_of_batch(&batch))
    }

    /// The power actions of these nodes that have not ended, oldest first.
    pub async fn open_power_actions(&self, nodes: &[i64]) -> Result<Vec<PowerAction>> {
        let nodes = nodes.to_vec();
        read!(self, power_actions::open_of(&nodes))
    }
}
