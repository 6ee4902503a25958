//! Node classes and types as CloudManager shows and takes them.

use assay_domain::{NodeClass, NodeType};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A type within a class.
#[derive(Serialize, ToSchema)]
#[schema(as = NodeType)]
pub(super) struct NodeTypeWire {
    /// Key.
    #[schema(example = 27)]
    id: i64,
    /// Name; the first type of each built-in class has an empty one.
    #[schema(example = "type1")]
    name: String,
}

impl From<NodeType> for NodeTypeWire {
    fn from(kind: NodeType) -> Self {
        Self {
            id: kind.id,
            name: kind.name,
        }
    }
}

/// A class of nodes with its types.
#[derive(Serialize, ToSchema)]
#[schema(as = NodeClassWithTypes)]
pub(super) struct NodeClassWire {
    /// Key.
    #[schema(example = 8)]
    id: i64,
    /// Whether new nodes get it.
    is_default: bool,
    /// Name.
    #[schema(example = "test_class")]
    name: String,
    /// Its types, by key.
    node_types: Vec<NodeTypeWire>,
}

impl From<NodeClass> for NodeClassWire {
    fn from(class: NodeClass) -> Self {
        Self {
            id: class.id,
            is_default: class.is_default,
            name: class.name,
            node_types: class.types.into_iter().map(NodeTypeWire::from).collect(),
        }
    }
}

/// A list of node classes.
#[derive(Serialize, ToSchema)]
pub(super) struct NodeClassList {
    /// The classes, by key.
    pub(super) node_classes: Vec<NodeClassWire>,
}

/// One node class.
#[derive(Serialize, ToSchema)]
pub(super) struct OneNodeClass {
    /// The class.
    pub(super) node_class: NodeClassWire,
}

/// The types of a class.
#[derive(Serialize, ToSchema)]
pub(super) struct NodeTypeList {
    /// The types, by key.
    pub(super) node_types: Vec<NodeTypeWire>,
}

/// One type of a class.
#[derive(Serialize, ToSchema)]
pub(super) struct OneNodeType {
    /// The type.
    pub(super) node_type: NodeTypeWire,
}

/// A node class to create.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewNodeClassBody {
    /// Its fields.
    pub(super) node_class: NewNodeClass,
}

/// Fields of a new node class.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NewNodeClass {
    /// Name, unique, 1 to 255 bytes.
    #[schema(example = "test_class")]
    pub(super) name: String,
    /// Names of its types, each once.
    #[serde(default)]
    #[schema(value_type = Option<Vec<String>>, example = json!(["type1", "type2"]))]
    pub(super) node_types: Vec<String>,
}

/// A change of a node class.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NodeClassPatchBody {
    /// The fields to change.
    pub(super) node_class: NodeClassPatch,
}

/// Fields of a node class to change; what is not given stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NodeClassPatch {
    /// Name, unique, 1 to 255 bytes.
    #[schema(example = "test_class_renamed")]
    pub(super) name: Option<String>,
    /// Names of all its types from now on: a type that it has keeps its key, and one that is not
    /// named is deleted.
    #[schema(example = json!(["type1", "type3"]))]
    pub(super) node_types: Option<Vec<String>>,
}

/// A type to create or change.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NodeTypeBody {
    /// Its fields.
    pub(super) node_type: NodeTypeFields,
}

/// Fields of a type.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NodeTypeFields {
    /// Name, unique within the class, at most 255 bytes; a new type without one has an empty one.
    #[schema(example = "new_type")]
    pub(super) name: Option<String>,
}
