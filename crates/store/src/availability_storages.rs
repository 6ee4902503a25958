//! Availability storages, and which nodes can reach them.

use assay_domain::availability_storage::AvailabilityStorageField;
use assay_domain::{
    AvailabilityStorage, AvailabilityStoragePatch, Filter, Page, Result, StorageAssignment,
};

use crate::Store;

impl Store {
    /// The storages for which all filters hold, in order of their keys.
    ///
    /// # Errors
    /// `Invalid` for a filter with the wrong kind or number of values.
    pub async fn list_availability_storages(
        &self,
        filters: Vec<Filter<AvailabilityStorageField>>,
        page: Page,
    ) -> Result<Vec<AvailabilityStorage>> {
        read!(self, availability_storages::list(&filters, page))
    }

    /// How many storages there are for which all filters hold.
    ///
    /// # Errors
    /// `Invalid` for a filter with the wrong kind or number of values.
    pub async fn count_availability_storages(
        &self,
        filters: Vec<Filter<AvailabilityStorageField>>,
    ) -> Result<i64> {
        read!(self, availability_storages::count(&filters))
    }

    /// The storage with that key.
    pub async fn availability_storage(&self, id: i64) -> Result<Option<AvailabilityStorage>> {
        read!(self, availability_storages::find(id))
    }

    /// Adds a storage; its `id` is given by the store.
    ///
    /// # Errors
    /// `Conflict` when the name is taken.
    pub async fn create_availability_storage(
        &self,
        new: AvailabilityStorage,
    ) -> Result<AvailabilityStorage> {
        write!(self, availability_storages::create(&new))
    }

    /// Changes a storage.
    ///
    /// # Errors
    /// `NotFound`; `Conflict` when the name is taken.
    pub async fn update_availability_storage(
        &self,
        id: i64,
        patch: AvailabilityStoragePatch,
    ) -> Result<AvailabilityStorage> {
        write!(self, availability_storages::update(id, &patch))
    }

    /// Removes a storage.
    ///
    /// # Errors
    /// `NotFound`; `Conflict`, naming nodes, while it is assigned.
    pub async fn delete_availability_storage(&self, id: i64) -> Result<()> {
        write!(self, availability_storages::delete(id))
    }

    /// Assigns storages to a node; with `only` they become its only ones.
    ///
    /// # Errors
    /// `NotFound` for the node; `Invalid` for a storage that does not exist.
    pub async fn assign_storages(&self, node_id: i64, storages: &[i64], only: bool) -> Result<()> {
        let storages = storages.to_vec();
        write!(
            self,
            availability_storages::assign_to_node(node_id, &storages, only)
        )
    }

    /// Assigns a storage to nodes; with `only` they become its only ones.
    ///
    /// # Errors
    /// `NotFound` for the storage; `Invalid` for a node that does not exist.
    pub async fn assign_storage(&self, storage: i64, nodes: &[i64], only: bool) -> Result<()> {
        let nodes = nodes.to_vec();
        write!(
            self,
            availability_storages::assign_to_nodes(storage, &nodes, only)
        )
    }

    /// Takes a storage away from a node; false when it was not assigned.
    pub async fn unassign_storage(&self, node_id: i64, storage: i64) -> Result<bool> {
        write!(self, availability_storages::unassign(node_id, storage))
    }

    /// The storages that a node can reach, in the order of their keys.
    pub async fn storages_of_node(&self, node_id: i64) -> Result<Vec<AvailabilityStorage>> {
        let mut of_nodes = read!(self, availability_storages::of_nodes(&[node_id]))?;
        Ok(of_nodes.remove(&node_id).unwrap_or_default())
    }

    /// The nodes of these storages, in order of the nodes' keys.
    pub async fn nodes_of_storages(&self, ids: &[i64]) -> Result<Vec<StorageAssignment>> {
        let ids = ids.to_vec();
        read!(self, availability_storages::of_storages(&ids))
    }
}
