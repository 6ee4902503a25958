//! Nodes: enrolment, change, reservation, lists.

use std::collections::HashSet;

use assay_domain::fleet::Hold;
use assay_domain::node::NodeField;
use assay_domain::{
    Filter, NewNode, Node, NodePatch, Page, Port, PowerState, Result, TaskKind, Timestamp,
};

use crate::Store;
use crate::types::{NodeNames, NodeSurroundings};

impl Store {
    /// Enrols a node with its ports; `new.uuid` is set. Image, class and type that are not given
    /// get their defaults.
    ///
    /// # Errors
    /// `Conflict` when name, UUID or a port's address is taken; `Invalid` for an image, class or
    /// type that does not exist.
    pub async fn create_node(&self, new: NewNode, now: Timestamp) -> Result<Node> {
        write!(self, nodes::create(&new, now))
    }

    /// Changes a node. A new class without a type gets the class's first type.
    ///
    /// # Errors
    /// `NotFound`; `Conflict` when the name is taken; `Invalid` for an image, class or type that
    /// does not exist, and for a type of another class.
    pub async fn update_node(&self, id: i64, patch: NodePatch, now: Timestamp) -> Result<Node> {
        write!(self, nodes::update(id, &patch, now))
    }

    /// Removes a node with its ports, assignments, introspections, reports and power actions.
    ///
    /// # Errors
    /// `NotFound`; `Conflict` while its introspection runs or somebody holds it.
    pub async fn delete_node(&self, id: i64, now: Timestamp) -> Result<()> {
        write!(self, nodes::delete(id, now))
    }

    /// The node with that key.
    pub async fn node(&self, id: i64) -> Result<Option<Node>> {
        read!(self, nodes::find(id))
    }

    /// The node with that UUID.
    pub async fn node_by_uuid(&self, uuid: &str) -> Result<Option<Node>> {
        let uuid = uuid.to_owned();
        read!(self, nodes::by_uuid(&uuid))
    }

    /// The nodes whose `hypervisor_id`, or else name, is one of these.
    pub async fn nodes_of_hypervisors(&self, ids: &[String]) -> Result<Vec<Node>> {
        let ids = ids.to_vec();
        read!(self, nodes::of_hypervisors(&ids))
    }

    /// The node with that name.
    pub async fn node_by_name(&self, name: &str) -> Result<Option<Node>> {
        let name = name.to_owned();
        read!(self, nodes::by_name(&name))
    }

    /// The nodes that have one of these keys, UUIDs or names, in no order.
    pub async fn node_names(
        &self,
        ids: &[i64],
        uuids: &[String],
        names: &[String],
    ) -> Result<Vec<NodeNames>> {
        let (ids, uuids, names) = (ids.to_vec(), uuids.to_vec(), names.to_vec());
        read!(self, nodes::names_of(&ids, &uuids, &names))
    }

    /// The nodes for which all filters hold, in order of their keys. A filter on the MAC address
    /// compares the text as it was given.
    ///
    /// # Errors
    /// `Invalid` for a filter with the wrong kind or number of values.
    pub async fn list_nodes(
        &self,
        filters: Vec<Filter<NodeField>>,
        page: Page,
    ) -> Result<Vec<Node>> {
        read!(self, nodes::list(&filters, page))
    }

    /// How many nodes there are for which all filters hold.
    ///
    /// # Errors
    /// `Invalid` for a filter with the wrong kind or number of values.
    pub async fn count_nodes(&self, filters: Vec<Filter<NodeField>>) -> Result<i64> {
        read!(self, nodes::count(&filters))
    }

    /// Which of these nodes are protected.
    pub async fn protected_nodes(&self, ids: &[i64]) -> Result<HashSet<i64>> {
        let ids = ids.to_vec();
        read!(self, nodes::protected(&ids))
    }

    /// Keeps a power state that was read from the machine.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn set_power_state(
        &self,
        id: i64,
        state: Option<PowerState>,
        now: Timestamp,
    ) -> Result<()> {
        write!(self, power_observations::reached(id, state, now))
    }

    /// What hangs on these nodes, read on one connection.
    pub async fn node_surroundings(&self, ids: &[i64]) -> Result<NodeSurroundings> {
        let ids = ids.to_vec();
        let (around, controls) = read!(self, surroundings::of(&ids))?;
        Ok(NodeSurroundings {
            controls: self.open_all(controls).await?,
            ..around
        })
    }

    /// The ports of a node.
    pub async fn ports(&self, node_id: i64) -> Result<Vec<Port>> {
        read!(self, ports::of_node(node_id))
    }

    /// The ports of these nodes.
    pub async fn ports_of(&self, node_ids: &[i64]) -> Result<Vec<Port>> {
        let node_ids = node_ids.to_vec();
        read!(self, ports::of_nodes(&node_ids))
    }

    /// Takes a node for a task, named by its UUID, alone until `expires`; a hold of the same task is
    /// renewed. While another task holds the node, or has waited for it longer, this one gets its
    /// place in the queue.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn reserve_node(
        &self,
        id: i64,
        owner: &str,
        purpose: &str,
        now: Timestamp,
        expires: Timestamp,
    ) -> Result<Hold> {
        let (owner, purpose) = (owner.to_owned(), purpose.to_owned());
        write!(
            self,
            reservations::reserve(id, &owner, &purpose, now, expires)
        )
    }

    /// Lengthens a hold; false when the owner does not hold the node any more.
    pub async fn extend_reservation(
        &self,
        id: i64,
        owner: &str,
        expires: Timestamp,
    ) -> Result<bool> {
        let owner = owner.to_owned();
        write!(self, reservations::extend(id, &owner, expires))
    }

    /// Gives a node back, and has the task run that has waited for it longest; gives the kind of
    /// that task. Nothing happens when the owner does not hold the node.
    pub async fn release_reservation(
        &self,
        id: i64,
        owner: &str,
        now: Timestamp,
    ) -> Result<Option<TaskKind>> {
        let owner = owner.to_owned();
        write!(self, reservations::release(id, &owner, now))
    }
}
