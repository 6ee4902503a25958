//! Rows of the table of held reports.

use assay_domain::HeldReport;
use chrono::NaiveDateTime;
use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use crate::convert::{from_json, parse, utc};
use crate::fault::{Fault, Outcome};
use crate::schema::held_reports;

/// A held report as it is stored; `raw` is JSON, compressed with zstd.
#[derive(Queryable, Selectable, Insertable, Serialize, Deserialize)]
#[diesel(table_name = held_reports)]
pub(crate) struct HeldReportRow {
    pub(crate) id: i64,
    pub(crate) uuid: String,
    pub(crate) machine_key: String,
    pub(crate) state: String,
    pub(crate) reason: String,
    pub(crate) facts: String,
    pub(crate) candidates: String,
    pub(crate) source: Option<String>,
    pub(crate) received_at: NaiveDateTime,
    pub(crate) last_at: NaiveDateTime,
    pub(crate) count: i64,
    pub(crate) size: i64,
    #[serde(with = "super::base64")]
    pub(crate) raw: Vec<u8>,
    pub(crate) decided_by: Option<String>,
    pub(crate) decided_at: Option<NaiveDateTime>,
    pub(crate) node_uuid: Option<String>,
}

/// A held report without its data.
#[derive(Queryable, Selectable)]
#[diesel(table_name = held_reports)]
pub(crate) struct HeldReportHead {
    pub(crate) id: i64,
    pub(crate) uuid: String,
    pub(crate) state: String,
    pub(crate) reason: String,
    pub(crate) facts: String,
    pub(crate) candidates: String,
    pub(crate) source: Option<String>,
    pub(crate) received_at: NaiveDateTime,
    pub(crate) last_at: NaiveDateTime,
    pub(crate) count: i64,
    pub(crate) size: i64,
    pub(crate) decided_by: Option<String>,
    pub(crate) decided_at: Option<NaiveDateTime>,
    pub(crate) node_uuid: Option<String>,
}

impl TryFrom<HeldReportHead> for HeldReport {
    type Error = Fault;

    fn try_from(row: HeldReportHead) -> Outcome<Self> {
        Ok(Self {
            id: row.id,
            uuid: row.uuid,
            state: parse(&row.state)?,
            reason: row.reason,
            facts: from_json(&row.facts)?,
            candidates: from_json(&row.candidates)?,
            source: row.source,
            received_at: utc(row.received_at),
            last_at: utc(row.last_at),
            count: row.count,
            size: row.size,
            decided_by: row.decided_by,
            decided_at: row.decided_at.map(utc),
            node_uuid: row.node_uuid,
        })
    }
}
