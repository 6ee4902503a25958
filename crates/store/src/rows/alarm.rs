//! Rows of the table of alarms.

use assay_domain::Alarm;
use chrono::NaiveDateTime;
use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use crate::convert::{from_json, parse, utc};
use crate::fault::{Fault, Outcome};
use crate::schema::alarms;

/// An alarm as it is stored.
#[derive(Queryable, Selectable, Insertable, Serialize, Deserialize)]
#[diesel(table_name = alarms)]
pub(crate) struct AlarmRow {
    pub(crate) id: i64,
    pub(crate) kind: String,
    pub(crate) subject: String,
    pub(crate) node_id: Option<i64>,
    pub(crate) text: String,
    pub(crate) evidence: String,
    pub(crate) first_at: NaiveDateTime,
    pub(crate) last_at: NaiveDateTime,
    pub(crate) count: i64,
    pub(crate) acknowledged_by: Option<String>,
    pub(crate) acknowledged_at: Option<NaiveDateTime>,
}

impl TryFrom<AlarmRow> for Alarm {
    type Error = Fault;

    fn try_from(row: AlarmRow) -> Outcome<Self> {
        Ok(Self {
            id: row.id,
            kind: parse(&row.kind)?,
            subject: row.subject,
            node_id: row.node_id,
            text: row.text,
            evidence: from_json(&row.evidence)?,
            first_at: utc(row.first_at),
            last_at: utc(row.last_at),
            count: row.count,
            acknowledged_by: row.acknowledged_by,
            acknowledged_at: row.acknowledged_at.map(utc),
        })
    }
}
