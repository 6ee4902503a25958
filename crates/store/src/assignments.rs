//! Which power controls feed which nodes.

use assay_domain::{NodePowerControl, Result};

use crate::Store;

impl Store {
    /// The power controls of a node.
    pub async fn assignments_of_node(&self, node_id: i64) -> Result<Vec<NodePowerControl>> {
        self.assignments_of_nodes(&[node_id]).await
    }

    /// The nodes of a power control.
    pub async fn assignments_of_control(&self, id: i64) -> Result<Vec<NodePowerControl>> {
        self.assignments_of_controls(&[id]).await
    }

    /// The power controls of these nodes.
    pub async fn assignments_of_nodes(&self, ids: &[i64]) -> Result<Vec<NodePowerControl>> {
        let ids = ids.to_vec();
        read!(self, assignments::of_nodes(&ids))
    }

    /// The nodes of these power controls.
    pub async fn assignments_of_controls(&self, ids: &[i64]) -> Result<Vec<NodePowerControl>> {
        let ids = ids.to_vec();
        read!(self, assignments::of_controls(&ids))
    }

    /// Assigns an output of a power control to a node. The first one of a node, or one that is
    /// asked to be, becomes the node's only default.
    ///
    /// # Errors
    /// `NotFound`; `Conflict` when the output is taken, naming the node, or the node has this
    /// power control already.
    pub async fn assign_power_control(
        &self,
        node_id: i64,
        control_id: i64,
        port: &str,
        is_default: bool,
    ) -> Result<NodePowerControl> {
        let port = port.to_owned();
        write!(
            self,
            assignments::assign(node_id, control_id, &port, is_default)
        )
    }

    /// Changes the output of an assignment, or whether it is the node's default.
    ///
    /// # Errors
    /// `NotFound`; `Conflict` when the output is taken.
    pub async fn update_assignment(
        &self,
        node_id: i64,
        control_id: i64,
        port: Option<String>,
        is_default: Option<bool>,
    ) -> Result<NodePowerControl> {
        write!(
            self,
            assignments::update(node_id, control_id, port.as_deref(), is_default)
        )
    }

    /// Takes an assignment away; false when there is none. When it was the default, the node's
    /// oldest other one becomes it.
    pub async fn unassign(&self, node_id: i64, control_id: i64) -> Result<bool> {
        write!(self, assignments::remove(node_id, control_id))
    }

    /// Notes that the device has answered through this assignment.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn mark_initialized(&self, node_id: i64, control_id: i64) -> Result<()> {
        write!(self, assignments::mark_initialized(node_id, control_id))
    }
}
