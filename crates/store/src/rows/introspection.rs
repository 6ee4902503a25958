//! Rows of the tables of introspections and of their phases.

use assay_domain::{Introspection, PhaseStamp};
use chrono::NaiveDateTime;
use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use crate::convert::{parse, utc};
use crate::fault::{Fault, Outcome};
use crate::schema::{introspection_phases, introspections};

/// An introspection as it is stored. `finished_at` is null exactly while the state is not final;
/// `is_current` marks the newest one of each node.
#[derive(Queryable, Selectable, Insertable, Serialize, Deserialize)]
#[diesel(table_name = introspections)]
pub(crate) struct IntrospectionRow {
    pub(crate) id: i64,
    pub(crate) node_id: i64,
    pub(crate) node_uuid: String,
    pub(crate) state: String,
    pub(crate) error: Option<String>,
    pub(crate) started_at: NaiveDateTime,
    pub(crate) finished_at: Option<NaiveDateTime>,
    pub(crate) deadline: NaiveDateTime,
    pub(crate) manage_boot: bool,
    pub(crate) keep_power: bool,
    pub(crate) nonce_hash: Option<String>,
    pub(crate) requested_by: String,
    pub(crate) task_id: Option<i64>,
    pub(crate) is_current: bool,
}

impl TryFrom<IntrospectionRow> for Introspection {
    type Error = Fault;

    fn try_from(row: IntrospectionRow) -> Outcome<Self> {
        Ok(Self {
            id: row.id,
            node_id: row.node_id,
            node_uuid: row.node_uuid,
            state: parse(&row.state)?,
            error: row.error,
            started_at: utc(row.started_at),
            finished_at: row.finished_at.map(utc),
            deadline: utc(row.deadline),
            manage_boot: row.manage_boot,
            keep_power: row.keep_power,
            nonce_hash: row.nonce_hash,
            requested_by: row.requested_by,
        })
    }
}

/// A phase that an introspection has reached.
#[derive(Queryable, Selectable, Insertable, Serialize, Deserialize)]
#[diesel(table_name = introspection_phases)]
pub(crate) struct PhaseRow {
    pub(crate) id: i64,
    pub(crate) introspection_id: i64,
    pub(crate) phase: String,
    pub(crate) reached_at: NaiveDateTime,
}

impl TryFrom<PhaseRow> for PhaseStamp {
    type Error = Fault;

    fn try_from(row: PhaseRow) -> Outcome<Self> {
        Ok(Self {
            phase: parse(&row.phase)?,
            at: utc(row.reached_at),
        })
    }
}
