//! What a node is used for: its class, its type within the class, and its boot image.

use crate::Timestamp;

/// A class of nodes, e.g. `hypervisor` or `Server`, with the types that it knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeClass {
    /// Key in the store.
    pub id: i64,
    /// Name, unique.
    pub name: String,
    /// Whether a new node gets this class when none is given; one class is the default.
    pub is_default: bool,
    /// The types of this class, in order of their keys; the first is a new node's type.
    pub types: Vec<NodeType>,
}

/// A type of nodes within a class, e.g. `KVM`; the first type of each built-in class has no name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeType {
    /// Key in the store.
    pub id: i64,
    /// Name, unique within its class.
    pub name: String,
}

/// A boot image that can be assigned to nodes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeImage {
    /// Key in the store.
    pub id: i64,
    /// Name, unique.
    pub name: String,
}

/// A boot image with what it boots.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BootImage {
    /// Key in the store.
    pub id: i64,
    /// Name, unique.
    pub name: String,
    /// A PXELINUX configuration or an iPXE script; a machine boots from its next device when it is
    /// empty.
    pub content: String,
    /// When it was stored.
    pub created_at: Timestamp,
}

/// The fields by which a list of node classes can be filtered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "each field is described at NodeClass")]
pub enum NodeClassField {
    Id,
    Name,
}

/// The fields by which a list of boot images can be filtered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "each field is described at BootImage")]
pub enum BootImageField {
    Id,
    Name,
    CreatedAt,
}
