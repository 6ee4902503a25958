//! Rows of the table of hosts' signs of life.

use assay_domain::Heartbeat;
use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use crate::convert::from_json;
use crate::fault::{Fault, Outcome};
use crate::schema::heartbeats;

/// What is known of a host's signs of life, as it is stored.
#[derive(Queryable, Selectable, Insertable, Serialize, Deserialize)]
#[diesel(table_name = heartbeats)]
pub(crate) struct HeartbeatRow {
    pub(crate) id: i64,
    pub(crate) node_id: i64,
    pub(crate) beats: String,
    pub(crate) verdict: Option<String>,
    pub(crate) task_uuid: Option<String>,
}

impl TryFrom<HeartbeatRow> for Heartbeat {
    type Error = Fault;

    fn try_from(row: HeartbeatRow) -> Outcome<Self> {
        Ok(Self {
            beats: from_json(&row.beats)?,
            verdict: row.verdict,
            task: row.task_uuid,
        })
    }
}
