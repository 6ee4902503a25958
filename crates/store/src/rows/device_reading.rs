//! Rows of the table of device readings.

use assay_domain::DeviceReading;
use chrono::NaiveDateTime;
use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use crate::convert::{from_json, utc};
use crate::fault::{Fault, Outcome};
use crate::schema::device_readings;

/// What was read last of one aspect of a node's device, as it is stored.
#[derive(Queryable, Selectable, Insertable, Serialize, Deserialize)]
#[diesel(table_name = device_readings)]
pub(crate) struct DeviceReadingRow {
    pub(crate) id: i64,
    pub(crate) node_id: i64,
    pub(crate) aspect: String,
    pub(crate) task_uuid: String,
    pub(crate) facts: Option<String>,
    pub(crate) observed_at: Option<NaiveDateTime>,
}

impl TryFrom<DeviceReadingRow> for DeviceReading {
    type Error = Fault;

    fn try_from(row: DeviceReadingRow) -> Outcome<Self> {
        Ok(Self {
            facts: row.facts.as_deref().map(from_json).transpose()?,
            observed_at: row.observed_at.map(utc),
            task: row.task_uuid,
        })
    }
}
