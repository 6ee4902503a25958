//! Rows of the tables of node classes, types and boot images.

use assay_domain::{BootImage, NodeType};
use chrono::NaiveDateTime;
use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use crate::convert::utc;
use crate::schema::{node_classes, node_images, node_types};

/// A boot image as it is stored.
#[derive(Queryable, Selectable, Insertable, Serialize, Deserialize)]
#[diesel(table_name = node_images)]
pub(crate) struct NodeImageRow {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) file_data: String,
    pub(crate) created_at: NaiveDateTime,
}

impl From<NodeImageRow> for BootImage {
    fn from(row: NodeImageRow) -> Self {
        Self {
            id: row.id,
            name: row.name,
            content: row.file_data,
            created_at: utc(row.created_at),
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
