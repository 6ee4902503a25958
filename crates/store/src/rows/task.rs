//! Rows of the tables of tasks and of their messages.

use assay_domain::{Task, TaskMessage};
use chrono::NaiveDateTime;
use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use crate::convert::{from_json, parse, utc};
use crate::fault::{Fault, Outcome};
use crate::schema::{task_messages, tasks};

/// A task as it is stored. `claimable_at` is from when anybody may claim it: `run_after` while it
/// waits, the end of the lease while it is held, null once it is final. `announce_at` is from when
/// on it must be announced (again); null once it is final.
#[derive(Queryable, Selectable, Insertable, Serialize, Deserialize)]
#[diesel(table_name = tasks)]
pub(crate) struct TaskRow {
    pub(crate) id: i64,
    pub(crate) uuid: String,
    pub(crate) kind: String,
    pub(crate) queue: String,
    pub(crate) payload: String,
    pub(crate) node_id: Option<i64>,
    pub(crate) status: String,
    pub(crate) attempts: i32,
    pub(crate) max_attempts: i32,
    pub(crate) run_after: NaiveDateTime,
    pub(crate) claimable_at: Option<NaiveDateTime>,
    pub(crate) announce_at: Option<NaiveDateTime>,
    pub(crate) lease_owner: Option<String>,
    pub(crate) lease_expires: Option<NaiveDateTime>,
    pub(crate) result: Option<String>,
    pub(crate) error: Option<String>,
    pub(crate) requested_by: String,
    pub(crate) dialect: String,
    pub(crate) request_id: String,
    pub(crate) created_at: NaiveDateTime,
    pub(crate) started_at: Option<NaiveDateTime>,
    pub(crate) finished_at: Option<NaiveDateTime>,
}

impl TryFrom<TaskRow> for Task {
    type Error = Fault;

    fn try_from(row: TaskRow) -> Outcome<Self> {
        Ok(Self {
            id: row.id,
            uuid: row.uuid,
            kind: parse(&row.kind)?,
            payload: from_json(&row.payload)?,
            node_id: row.node_id,
            status: parse(&row.status)?,
            attempts: row.attempts,
            max_attempts: row.max_attempts,
            run_after: utc(row.run_after),
            lease_owner: row.lease_owner,
            lease_expires: row.lease_expires.map(utc),
            result: row.result.as_deref().map(from_json).transpose()?,
            error: row.error,
            requested_by: row.requested_by,
            dialect: row.dialect,
            request_id: row.request_id,
            created_at: utc(row.created_at),
            started_at: row.started_at.map(utc),
            finished_at: row.finished_at.map(utc),
        })
    }
}

/// A message of a task as it is stored.
#[derive(Queryable, Selectable, Insertable, Serialize, Deserialize)]
#[diesel(table_name = task_messages)]
pub(crate) struct TaskMessageRow {
    pub(crate) id: i64,
    pub(crate) task_id: i64,
    pub(crate) written_at: NaiveDateTime,
    pub(crate) text: String,
}

impl From<TaskMessageRow> for TaskMessage {
    fn from(row: TaskMessageRow) -> Self {
        Self {
            at: utc(row.written_at),
            text: row.text,
        }
    }
}
