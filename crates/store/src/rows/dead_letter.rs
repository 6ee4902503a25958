//! Rows of the table of dead letters.

use assay_domain::DeadLetter;
use chrono::NaiveDateTime;
use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use crate::convert::utc;
use crate::fault::{Fault, Outcome};
use crate::schema::dead_letters;

/// A dead letter as it is stored.
#[derive(Queryable, Selectable, Insertable, Serialize, Deserialize)]
#[diesel(table_name = dead_letters)]
pub(crate) struct DeadLetterRow {
    pub(crate) id: i64,
    pub(crate) task_id: Option<i64>,
    pub(crate) task_uuid: Option<String>,
    pub(crate) kind: Option<String>,
    pub(crate) class: String,
    pub(crate) body: String,
    pub(crate) reason: String,
    pub(crate) died_at: NaiveDateTime,
    pub(crate) redelivered_at: Option<NaiveDateTime>,
}

impl TryFrom<DeadLetterRow> for DeadLetter {
    type Error = Fault;

    fn try_from(row: DeadLetterRow) -> Outcome<Self> {
        Ok(Self {
            id: row.id,
            task_id: row.task_id,
            task: row.task_uuid,
            kind: row.kind,
            class: row.class,
            body: row.body,
            reason: row.reason,
            died_at: utc(row.died_at),
            redelivered_at: row.redelivered_at.map(utc),
        })
    }
}
