//! Storages on which the data of virtual machines survives its host: where they are mounted, and on
//! which nodes.

/// A storage that several nodes can reach.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AvailabilityStorage {
    /// Key in the store.
    pub id: i64,
    /// Name, unique.
    pub name: String,
    /// Where the nodes have it: an absolute path.
    pub compute_path: String,
    /// Where the controller has it: an absolute path.
    pub controller_path: String,
}

/// A partial change of a storage: `None` leaves a field as it is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[allow(
    missing_docs,
    reason = "each field is described at AvailabilityStorage"
)]
pub struct AvailabilityStoragePatch {
    pub name: Option<String>,
    pub compute_path: Option<String>,
    pub controller_path: Option<String>,
}

/// That a node can reach a storage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StorageAssignment {
    /// The storage.
    pub storage: AvailabilityStorage,
    /// The node's key.
    pub node_id: i64,
    /// The node's name.
    pub node_name: Option<String>,
}

/// The fields by which a list of storages can be filtered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(
    missing_docs,
    reason = "each field is described at AvailabilityStorage"
)]
pub enum AvailabilityStorageField {
    Id,
    Name,
}
