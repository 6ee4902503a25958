//! What a node is used for: its class, its type within the class, and its boot image.

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
