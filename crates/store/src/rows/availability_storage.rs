//! Rows of the tables of availability storages and of the nodes that can reach them.

use assay_domain::AvailabilityStorage;
use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use crate::schema::{availability_storages, node_availability_storages};

/// An availability storage as it is stored.
#[derive(Queryable, Selectable, Insertable, Serialize, Deserialize)]
#[diesel(table_name = availability_storages)]
pub(crate) struct AvailabilityStorageRow {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) compute_path: String,
    pub(crate) controller_path: String,
}

impl From<AvailabilityStorageRow> for AvailabilityStorage {
    fn from(row: AvailabilityStorageRow) -> Self {
        Self {
            id: row.id,
            name: row.name,
            compute_path: row.compute_path,
            controller_path: row.controller_path,
        }
    }
}

/// That a node can reach a storage, as it is stored.
#[derive(Queryable, Selectable, Insertable, Serialize, Deserialize)]
#[diesel(table_name = node_availability_storages)]
pub(crate) struct NodeStorageRow {
    pub(crate) id: i64,
    pub(crate) node_id: i64,
    pub(crate) availability_storage_id: i64,
}
