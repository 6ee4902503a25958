//! Use cases of availability storages and of their assignment to nodes, from both sides.

use std::collections::HashMap;

use assay_domain::availability_storage::AvailabilityStorageField;
use assay_domain::{
    Actor, AvailabilityStorage, AvailabilityStoragePatch, Error, Filter, Page, Result, Role,
    StorageAssignment,
};

use crate::App;
use crate::text::{check_line, check_name};

/// The longest path, in bytes.
const LONGEST_PATH: usize = 4096;
/// The most things that one request assigns.
const MOST: usize = 10_000;

/// A storage with the nodes that can reach it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AvailabilityStorageDetail {
    /// The record.
    pub storage: AvailabilityStorage,
    /// Its nodes, in the order of their keys.
    pub nodes: Vec<StorageAssignment>,
}

/// Availability storages.
pub struct AvailabilityStorages<'a> {
    app: &'a App,
}

impl<'a> AvailabilityStorages<'a> {
    pub(crate) fn new(app: &'a App) -> Self {
        Self { app }
    }

    /// A page of the storages that pass all filters, in the order of their keys.
    pub async fn list(
        &self,
        actor: &Actor,
        filters: Vec<Filter<AvailabilityStorageField>>,
        page: Page,
    ) -> Result<Vec<AvailabilityStorageDetail>> {
        actor.require(Role::Observer)?;
        let store = self.app.store();
        let found = store.list_availability_storages(filters, page).await?;
        self.detail(found).await
    }

    /// How many storages pass all filters.
    pub async fn count(
        &self,
        actor: &Actor,
        filters: Vec<Filter<AvailabilityStorageField>>,
    ) -> Result<i64> {
        actor.require(Role::Observer)?;
        self.app.store().count_availability_storages(filters).await
    }

    /// One storage.
    pub async fn get(&self, actor: &Actor, id: i64) -> Result<AvailabilityStorageDetail> {
        actor.require(Role::Observer)?;
        let found = self.app.store().availability_storage(id).await?;
        let storage = found.ok_or_else(|| Error::not_found("Availability storage", id))?;
        self.detail_one(storage).await
    }

    /// Records a storage; its key is given by the store.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a bad name or a path that is not absolute; [`Error::Conflict`] when
    /// the name is taken.
    pub async fn create(
        &self,
        actor: &Actor,
        new: AvailabilityStorage,
    ) -> Result<AvailabilityStorageDetail> {
        actor.require(Role::Operator)?;
        check_name("name", &new.name)?;
        check_path("compute_path", &new.compute_path)?;
        check_path("controller_path", &new.controller_path)?;
        let storage = self.app.store().create_availability_storage(new).await?;
        tracing::info!(user = actor.name, dialect = %actor.dialect, availability_storage = storage.id, "availability storage created");
        self.detail_one(storage).await
    }

    /// Changes a storage.
    ///
    /// # Errors
    /// As of [`Self::create`].
    pub async fn update(
        &self,
        actor: &Actor,
        id: i64,
        patch: AvailabilityStoragePatch,
    ) -> Result<AvailabilityStorageDetail> {
        actor.require(Role::Operator)?;
        if let Some(name) = &patch.name {
            check_name("name", name)?;
        }
        for (what, path) in [
            ("compute_path", &patch.compute_path),
            ("controller_path", &patch.controller_path),
        ] {
            if let Some(path) = path {
                check_path(what, path)?;
            }
        }
        let store = self.app.store();
        let storage = store.update_availability_storage(id, patch).await?;
        tracing::info!(user = actor.name, dialect = %actor.dialect, availability_storage = id, "availability storage changed");
        self.detail_one(storage).await
    }

    /// Deletes a storage that is assigned to no node.
    pub async fn delete(&self, actor: &Actor, id: i64) -> Result<()> {
        actor.require(Role::Operator)?;
        self.app.store().delete_availability_storage(id).await?;
        tracing::info!(user = actor.name, dialect = %actor.dialect, availability_storage = id, "availability storage deleted");
        Ok(())
    }

    /// Assigns storages to a node; with `only` they become its only ones.
    ///
    /// # Errors
    /// [`Error::NotFound`] for the node; [`Error::Invalid`] for a storage that does not exist.
    pub async fn assign_to_node(
        &self,
        actor: &Actor,
        node_id: i64,
        storages: &[i64],
        only: bool,
    ) -> Result<()> {
        actor.require(Role::Operator)?;
        check_number("availability_storages", storages)?;
        let store = self.app.store();
        store.assign_storages(node_id, storages, only).await?;
        tracing::info!(user = actor.name, dialect = %actor.dialect, node = node_id, ?storages, only, "availability storages assigned");
        Ok(())
    }

    /// Assigns a storage to nodes; with `only` they become its only ones.
    ///
    /// # Errors
    /// [`Error::NotFound`] for the storage; [`Error::Invalid`] for a node that does not exist.
    pub async fn assign_to_nodes(
        &self,
        actor: &Actor,
        storage: i64,
        nodes: &[i64],
        only: bool,
    ) -> Result<()> {
        actor.require(Role::Operator)?;
        check_number("nodes", nodes)?;
        self.app
            .store()
            .assign_storage(storage, nodes, only)
            .await?;
        tracing::info!(user = actor.name, dialect = %actor.dialect, availability_storage = storage, nodes = nodes.len(), only, "availability storage assigned");
        Ok(())
    }

    /// Takes a storage away from a node.
    ///
    /// # Errors
    /// [`Error::NotFound`] when it is not assigned to the node.
    pub async fn unassign(&self, actor: &Actor, node_id: i64, storage: i64) -> Result<()> {
        actor.require(Role::Operator)?;
        self.app.nodes().by_id(node_id).await?;
        if !self.app.store().unassign_storage(node_id, storage).await? {
            let key = format!("{storage} of node {node_id}");
            return Err(Error::not_found("Availability storage", key));
        }
        tracing::info!(user = actor.name, dialect = %actor.dialect, node = node_id, availability_storage = storage, "availability storage unassigned");
        Ok(())
    }

    async fn detail(
        &self,
        storages: Vec<AvailabilityStorage>,
    ) -> Result<Vec<AvailabilityStorageDetail>> {
        let ids: Vec<i64> = storages.iter().map(|storage| storage.id).collect();
        let mut by_storage: HashMap<i64, Vec<StorageAssignment>> = HashMap::new();
        for assignment in self.app.store().nodes_of_storages(&ids).await? {
            let of_storage = by_storage.entry(assignment.storage.id).or_default();
            of_storage.push(assignment);
        }
        let details = storages
            .into_iter()
            .map(|storage| AvailabilityStorageDetail {
                nodes: by_storage.remove(&storage.id).unwrap_or_default(),
                storage,
            });
        Ok(details.collect())
    }

    async fn detail_one(&self, storage: AvailabilityStorage) -> Result<AvailabilityStorageDetail> {
        let mut details = self.detail(vec![storage]).await?;
        details
            .pop()
            .ok_or_else(|| Error::internal("a storage lost its detail"))
    }
}

fn check_number(what: &str, ids: &[i64]) -> Result<()> {
    if ids.len() > MOST {
        return Err(Error::invalid(format!(
            "{what}: {} are more than {MOST} at once",
            ids.len()
        )));
    }
    Ok(())
}

/// Checks an absolute path that means the same wherever it is read.
fn check_path(what: &str, path: &str) -> Result<()> {
    check_line(what, path, LONGEST_PATH)?;
    let climbs = path.split('/').any(|part| part == "." || part == "..");
    if !path.starts_with('/') || climbs {
        return Err(Error::invalid(format!(
            "{what}: '{path}' is not an absolute path without '.' and '..'"
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::check_path;

    #[test]
    fn paths_are_absolute() {
        for path in ["/", "/tmp/", "/var/lib/nova/instances", "/a..b/.c"] {
            assert!(check_path("compute_path", path).is_ok(), "{path}");
        }
        for path in [
            "",
            "tmp",
            "./tmp",
            "/tmp/../etc",
            "/tmp/.",
            "/a\nb",
            "C:\\x",
        ] {
            let refused = check_path("compute_path", path).unwrap_err();
            assert!(refused.to_string().starts_with("compute_path: "), "{path}");
        }
    }

    proptest! {
        #[test]
        fn what_is_taken_is_absolute(path in ".{0,20}") {
            if check_path("compute_path", &path).is_ok() {
                prop_assert!(std::path::Path::new(&path).is_absolute());
            }
        }
    }
}
