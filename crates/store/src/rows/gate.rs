//! Rows of the table of gates.

use assay_domain::gate::GateRecord;
use chrono::NaiveDateTime;
use diesel::prelude::*;

use crate::convert::{naive, utc};
use crate::schema::gates;

/// A gate as it is stored.
#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = gates)]
#[diesel(treat_none_as_null = true)]
pub(crate) struct GateRow {
    pub(crate) version: i64,
    holder: Option<String>,
    held_until: Option<NaiveDateTime>,
    next_at: Option<NaiveDateTime>,
    full_at: Option<NaiveDateTime>,
    lost_at: Option<NaiveDateTime>,
    open_logins: i32,
    open_since: Option<NaiveDateTime>,
}

impl GateRow {
    pub(crate) fn of(record: &GateRecord, version: i64) -> Self {
        Self {
            version,
            holder: record.holder.clone(),
            held_until: record.held_until.map(naive),
            next_at: record.next_at.map(naive),
            full_at: record.full_at.map(naive),
            lost_at: record.lost_at.map(naive),
            open_logins: record.open_logins,
            open_since: record.open_since.map(naive),
        }
    }
}

impl From<GateRow> for GateRecord {
    fn from(row: GateRow) -> Self {
        Self {
            refused: None,
            holder: row.holder,
            held_until: row.held_until.map(utc),
            next_at: row.next_at.map(utc),
            full_at: row.full_at.map(utc),
            lost_at: row.lost_at.map(utc),
            open_logins: row.open_logins,
            open_since: row.open_since.map(utc),
        }
    }
}
