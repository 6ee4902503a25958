//! Rows of the table of reports.

use assay_domain::Report;
use chrono::NaiveDateTime;
use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use crate::convert::utc;
use crate::schema::reports;

/// A report as it is stored; `raw` and `processed` are JSON, compressed with zstd.
#[derive(Queryable, Selectable, Insertable, Serialize, Deserialize)]
#[diesel(table_name = reports)]
pub(crate) struct ReportRow {
    pub(crate) id: i64,
    pub(crate) introspection_id: i64,
    pub(crate) node_id: i64,
    pub(crate) received_at: NaiveDateTime,
    pub(crate) size: i64,
    #[serde(with = "super::base64::optional")]
    pub(crate) processed: Option<Vec<u8>>,
    #[serde(with = "super::base64")]
    pub(crate) raw: Vec<u8>,
}

/// A report without its data.
#[derive(Queryable, Selectable)]
#[diesel(table_name = reports)]
pub(crate) struct ReportHead {
    pub(crate) id: i64,
    pub(crate) introspection_id: i64,
    pub(crate) node_id: i64,
    pub(crate) received_at: NaiveDateTime,
    pub(crate) size: i64,
}

impl From<ReportHead> for Report {
    fn from(row: ReportHead) -> Self {
        Self {
            id: row.id,
            introspection_id: row.introspection_id,
            node_id: row.node_id,
            received_at: utc(row.received_at),
            size: row.size,
            data: serde_json::Value::Null,
        }
    }
}
