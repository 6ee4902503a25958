//! What owners and tools note on instances: texts by keys.

use std::collections::BTreeMap;

use async_trait::async_trait;

use super::CloudResult;

/// What is noted on an instance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotedInstance {
    /// The instance's UUID.
    pub uuid: String,
    /// Its name.
    pub name: String,
    /// What is noted on it.
    pub notes: BTreeMap<String, String>,
}

/// Notes on instances (`metadata` of a server).
#[async_trait]
pub trait InstanceNotes: Send + Sync {
    /// All notes on an instance.
    ///
    /// # Errors
    /// [`CloudError::NotFound`](super::CloudError::NotFound) when the instance does not exist.
    async fn of(&self, uuid: &str) -> CloudResult<BTreeMap<String, String>>;

    /// Adds notes; those of the same keys are replaced, the others stay.
    ///
    /// # Errors
    /// [`CloudError::NotFound`](super::CloudError::NotFound) when the instance does not exist,
    /// [`CloudError::Refused`](super::CloudError::Refused) for a key or a number of notes that the
    /// cloud does not take.
    async fn add(&self, uuid: &str, notes: &BTreeMap<String, String>) -> CloudResult<()>;

    /// Removes one note.
    ///
    /// # Errors
    /// [`CloudError::NotFound`](super::CloudError::NotFound) when there is no such note, or no such
    /// instance.
    async fn remove(&self, uuid: &str, key: &str) -> CloudResult<()>;

    /// The instances of a project whose names contain a text, which is letters, digits and `-` alone.
    ///
    /// # Errors
    /// As of [`CloudError`](super::CloudError).
    async fn named(&self, project_id: &str, part: &str) -> CloudResult<Vec<NotedInstance>>;
}
