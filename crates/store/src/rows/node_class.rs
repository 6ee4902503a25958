//! Rows of the tables of node classes, types and boot images.

use assay_domain::{NodeImage, NodeType};
use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use crate::schema::{node_classes, node_images, node_types};

/// A boot image as it is stored.
#[derive(Queryable, Selectable, Insertable, Serialize, Deserialize)]
#[diesel(table_name = node_images)]
pub(crate) struct NodeImageRow {
    pub(crate) id: i64,
    pub(crate) name: String,
}

impl From<NodeImageRow> for NodeImage {
    fn from(row: NodeImageRow) -> Self {
        Self {
            id: row.id,
            name: row.name,
        }
    }
}

/// A class of nodes as it is stored.
#[derive(Queryable, Selectable, Insertable, Serialize, Deserialize)]
#[diesel(table_name = node_classes)]
pub(crate) struct NodeClassRow {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) is_default: bool,
}

/// A type of nodes as it is stored.
#[derive(Queryable, Selectable, Insertable, Serialize, Deserialize)]
#[diesel(table_name = node_types)]
pub(crate) struct NodeTypeRow {
    pub(crate) id: i64,
    pub(crate) node_class_id: i64,
    pub(crate) name: String,
}

impl From<NodeTypeRow> for NodeType {
    fn from(row: NodeTypeRow) -> Self {
        Self {
            id: row.id,
            name: row.name,
        }
    }
}
