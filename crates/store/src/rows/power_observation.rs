//! Rows of the table of power observations.

use assay_domain::PowerObservation;
use chrono::NaiveDateTime;
use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use crate::convert::{parse, utc};
use crate::fault::{Fault, Outcome};
use crate::schema::power_observations;

/// A power observation as it is stored.
#[derive(Queryable, Selectable, Insertable, Serialize, Deserialize)]
#[diesel(table_name = power_observations)]
pub(crate) struct PowerObservationRow {
    pub(crate) id: i64,
    pub(crate) node_id: i64,
    pub(crate) state: Option<String>,
    pub(crate) observed_at: Option<NaiveDateTime>,
    pub(crate) misses: i32,
    pub(crate) error: Option<String>,
    pub(crate) missed_since: Option<NaiveDateTime>,
    pub(crate) next_at: NaiveDateTime,
}

impl TryFrom<PowerObservationRow> for PowerObservation {
    type Error = Fault;

    fn try_from(row: PowerObservationRow) -> Outcome<Self> {
        Ok(Self {
            node_id: row.node_id,
            state: row.state.as_deref().map(parse).transpose()?,
            observed_at: row.observed_at.map(utc),
            misses: row.misses,
            error: row.error,
            missed_since: row.missed_since.map(utc),
        })
    }
}
