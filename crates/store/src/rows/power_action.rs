//! Rows of the table of power actions.

use assay_domain::{OutputRef, PowerAction};
use chrono::NaiveDateTime;
use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use crate::convert::{parse, utc};
use crate::fault::{Fault, Outcome};
use crate::schema::power_actions;

/// A power action as it is stored.
#[derive(Queryable, Selectable, Insertable, Serialize, Deserialize)]
#[diesel(table_name = power_actions)]
pub(crate) struct PowerActionRow {
    pub(crate) id: i64,
    pub(crate) node_id: Option<i64>,
    pub(crate) command: String,
    pub(crate) state: String,
    pub(crate) error: Option<String>,
    pub(crate) user_name: String,
    pub(crate) start_time: NaiveDateTime,
    pub(crate) finished_at: Option<NaiveDateTime>,
    pub(crate) part_of: Option<String>,
    pub(crate) power_control_id: Option<i64>,
    pub(crate) output: Option<String>,
    pub(crate) batch: Option<String>,
}

impl TryFrom<PowerActionRow> for PowerAction {
    type Error = Fault;

    fn try_from(row: PowerActionRow) -> Outcome<Self> {
        let output = row.power_control_id.zip(row.output);
        Ok(Self {
            id: row.id,
            node_id: row.node_id,
            output: output.map(|(power_control_id, port)| OutputRef {
                power_control_id,
                port,
            }),
            command: parse(&row.command)?,
            state: parse(&row.state)?,
            error: row.error,
            user_name: row.user_name,
            start_time: utc(row.start_time),
            finished_at: row.finished_at.map(utc),
            task: row.part_of,
            batch: row.batch,
        })
    }
}
