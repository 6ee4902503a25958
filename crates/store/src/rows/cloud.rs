//! Rows of the tables of work on a cloud.

use assay_domain::cloud::{AuditRecord, CloneProgress, HostProgress, InstanceMove};
use chrono::NaiveDateTime;
use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use crate::convert::{from_json, parse, utc};
use crate::fault::{Fault, Outcome};
use crate::schema::{audits, host_progress, instance_moves, server_clones};

/// An instance that a task moves, as it is stored.
#[derive(Queryable, Selectable, Insertable, Serialize, Deserialize)]
#[diesel(table_name = instance_moves)]
pub(crate) struct InstanceMoveRow {
    pub(crate) id: i64,
    pub(crate) task_uuid: String,
    pub(crate) position: i32,
    pub(crate) instance_uuid: String,
    pub(crate) instance_name: String,
    pub(crate) source: String,
    pub(crate) target: Option<String>,
    pub(crate) methods: String,
    pub(crate) state: String,
    pub(crate) after_migration: i64,
    pub(crate) attempts: i32,
    pub(crate) detail: Option<String>,
    pub(crate) changed_at: NaiveDateTime,
}

impl TryFrom<InstanceMoveRow> for InstanceMove {
    type Error = Fault;

    fn try_from(row: InstanceMoveRow) -> Outcome<Self> {
        Ok(Self {
            task_uuid: row.task_uuid,
            position: row.position,
            instance_uuid: row.instance_uuid,
            instance_name: row.instance_name,
            source: row.source,
            target: row.target,
            methods: from_json(&row.methods)?,
            state: parse(&row.state)?,
            after_migration: row.after_migration,
            attempts: row.attempts,
            detail: row.detail,
            changed_at: utc(row.changed_at),
        })
    }
}

/// A host that a task works on, as it is stored.
#[derive(Queryable, Selectable, Insertable, Serialize, Deserialize)]
#[diesel(table_name = host_progress)]
pub(crate) struct HostProgressRow {
    pub(crate) id: i64,
    pub(crate) task_uuid: String,
    pub(crate) position: i32,
    pub(crate) host: String,
    pub(crate) stage: String,
    pub(crate) was_enabled: bool,
    pub(crate) cancelled_by: Option<String>,
    pub(crate) detail: Option<String>,
    pub(crate) changed_at: NaiveDateTime,
}

impl TryFrom<HostProgressRow> for HostProgress {
    type Error = Fault;

    fn try_from(row: HostProgressRow) -> Outcome<Self> {
        Ok(Self {
            task_uuid: row.task_uuid,
            position: row.position,
            host: row.host,
            stage: parse(&row.stage)?,
            was_enabled: row.was_enabled,
            cancelled_by: row.cancelled_by,
            detail: row.detail,
            changed_at: utc(row.changed_at),
        })
    }
}

/// An audit, as it is stored.
#[derive(Queryable, Selectable, Insertable, Serialize, Deserialize)]
#[diesel(table_name = audits)]
pub(crate) struct AuditRow {
    pub(crate) id: i64,
    pub(crate) aggregate_id: i64,
    pub(crate) status: String,
    pub(crate) task_uuid: String,
    pub(crate) found: Option<String>,
    pub(crate) error: Option<String>,
    pub(crate) requested_by: String,
    pub(crate) created_at: NaiveDateTime,
}

impl TryFrom<AuditRow> for AuditRecord {
    type Error = Fault;

    fn try_from(row: AuditRow) -> Outcome<Self> {
        Ok(Self {
            id: row.id,
            aggregate_id: row.aggregate_id,
            status: parse(&row.status)?,
            task_uuid: row.task_uuid,
            found: row.found.as_deref().map(from_json).transpose()?,
            error: row.error,
            requested_by: row.requested_by,
            created_at: utc(row.created_at),
        })
    }
}

/// A copy of an instance that a task makes, as it is stored.
#[derive(Queryable, Selectable, Insertable, Serialize, Deserialize)]
#[diesel(table_name = server_clones)]
pub(crate) struct ServerCloneRow {
    pub(crate) id: i64,
    pub(crate) task_uuid: String,
    pub(crate) position: i32,
    pub(crate) name: String,
    pub(crate) stage: String,
    pub(crate) server: String,
    pub(crate) volumes: String,
    pub(crate) cancelled_by: Option<String>,
    pub(crate) detail: Option<String>,
    pub(crate) changed_at: NaiveDateTime,
}

impl TryFrom<ServerCloneRow> for CloneProgress {
    type Error = Fault;

    fn try_from(row: ServerCloneRow) -> Outcome<Self> {
        Ok(Self {
            task_uuid: row.task_uuid,
            position: row.position,
            name: row.name,
            stage: parse(&row.stage)?,
            server: from_json(&row.server)?,
            volumes: from_json(&row.volumes)?,
            cancelled_by: row.cancelled_by,
            detail: row.detail,
            changed_at: utc(row.changed_at),
        })
    }
}
