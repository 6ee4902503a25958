//! Availability storages as CloudManager shows and takes them.

use assay_app::AvailabilityStorageDetail;
use assay_domain::{AvailabilityStorage, AvailabilityStoragePatch};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A node that can reach a storage.
#[derive(Serialize, ToSchema)]
pub(super) struct StorageNode {
    /// The node's key.
    #[schema(example = 1)]
    id: i64,
    /// The node's name.
    #[schema(example = "node1.example.org")]
    name: Option<String>,
}

/// An availability storage with its nodes.
#[derive(Serialize, ToSchema)]
#[schema(as = AvailabilityStorage)]
pub(super) struct AvailabilityStorageWire {
    /// Where the nodes have it.
    #[schema(example = "/tmp/")]
    compute_path: String,
    /// Where the controller has it.
    #[schema(example = "/tmp/")]
    controller_path: String,
    /// Key.
    #[schema(example = 1)]
    id: i64,
    /// Name.
    #[schema(example = "storage1")]
    name: String,
    /// The nodes that it is assigned to, by key.
    nodes: Vec<StorageNode>,
}

impl From<AvailabilityStorageDetail> for AvailabilityStorageWire {
    fn from(detail: AvailabilityStorageDetail) -> Self {
        let nodes = detail.nodes.into_iter().map(|assignment| StorageNode {
            id: assignment.node_id,
            name: assignment.node_name,
        });
        Self {
            compute_path: detail.storage.compute_path,
            controller_path: detail.storage.controller_path,
            id: detail.storage.id,
            name: detail.storage.name,
            nodes: nodes.collect(),
        }
    }
}

/// A storage as its node shows it.
#[derive(Serialize, ToSchema)]
pub(super) struct NodeStorage {
    /// Where the nodes have it.
    #[schema(example = "/tmp/")]
    compute_path: String,
    /// Where the controller has it.
    #[schema(example = "/tmp/")]
    controller_path: String,
    /// Key.
    #[schema(example = 1)]
    id: i64,
    /// Name.
    #[schema(example = "storage1")]
    name: String,
}

impl From<AvailabilityStorage> for NodeStorage {
    fn from(storage: AvailabilityStorage) -> Self {
        Self {
            compute_path: storage.compute_path,
            controller_path: storage.controller_path,
            id: storage.id,
            name: storage.name,
        }
    }
}

/// One availability storage.
#[derive(Serialize, ToSchema)]
pub(super) struct OneAvailabilityStorage {
    /// The storage.
    pub(super) availability_storage: AvailabilityStorageWire,
}

/// A list of availability storages.
#[derive(Serialize, ToSchema)]
pub(super) struct AvailabilityStorageList {
    /// The storages, by key.
    pub(super) availability_storages: Vec<AvailabilityStorageWire>,
}

/// An availability storage to create.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewAvailabilityStorageBody {
    /// Its fields.
    pub(super) availability_storage: NewAvailabilityStorage,
}

/// Fields of a new availability storage.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewAvailabilityStorage {
    /// Name, unique, 1 to 255 bytes.
    #[schema(example = "storage1")]
    name: String,
    /// Where the nodes have it: an absolute path without `.` and `..`.
    #[schema(example = "/tmp/")]
    compute_path: String,
    /// Where the controller has it: an absolute path without `.` and `..`.
    #[schema(example = "/tmp/")]
    controller_path: String,
}

impl From<NewAvailabilityStorage> for AvailabilityStorage {
    fn from(new: NewAvailabilityStorage) -> Self {
        Self {
            id: 0,
            name: new.name,
            compute_path: new.compute_path,
            controller_path: new.controller_path,
        }
    }
}

/// A change of an availability storage.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AvailabilityStoragePatchBody {
    /// The fields to change.
    pub(super) availability_storage: AvailabilityStorageChange,
}

/// Fields of an availability storage to change; what is not given stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AvailabilityStorageChange {
    /// Name, unique, 1 to 255 bytes.
    #[schema(example = "storage2")]
    name: Option<String>,
    /// Where the nodes have it: an absolute path without `.` and `..`.
    #[schema(example = "/tmp/")]
    compute_path: Option<String>,
    /// Where the controller has it: an absolute path without `.` and `..`.
    #[schema(example = "/tmp/")]
    controller_path: Option<String>,
}

impl From<AvailabilityStorageChange> for AvailabilityStoragePatch {
    fn from(change: AvailabilityStorageChange) -> Self {
        Self {
            name: change.name,
            compute_path: change.compute_path,
            controller_path: change.controller_path,
        }
    }
}

/// Nodes to assign a storage to.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NodesOfStorage {
    /// Their keys, 10,000 at most.
    #[schema(example = json!([1]))]
    pub(super) nodes: Vec<i64>,
}

/// Storages to assign to a node.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct StoragesOfNode {
    /// Their keys, 10,000 at most.
    #[schema(example = json!([1]))]
    pub(super) availability_storages: Vec<i64>,
}
