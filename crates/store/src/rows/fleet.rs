//! Rows of the tables of processes, leases and waiting tasks.

use assay_domain::fleet::{Lease, Process, Waiter};
use chrono::NaiveDateTime;
use diesel::prelude::*;

use crate::convert::{naive, utc};
use crate::fault::{Fault, Outcome};
use crate::schema::{leases, node_waiters, processes};

/// A process as it is stored.
#[derive(Queryable, Selectable, Insertable)]
#[diesel(table_name = processes)]
pub(crate) struct ProcessRow {
    name: String,
    role: String,
    host: String,
    pid: i64,
    version: String,
    url: Option<String>,
    queue: String,
    slots: i64,
    admission: Option<String>,
    started_at: NaiveDateTime,
    seen_at: NaiveDateTime,
}

impl From<&Process> for ProcessRow {
    fn from(process: &Process) -> Self {
        let process = process.clone();
        Self {
            name: process.name,
            role: process.role,
            host: process.host,
            pid: process.pid,
            version: process.version,
            url: process.url,
            queue: process.queue,
            slots: process.slots,
            admission: process.admission,
            started_at: naive(process.started_at),
            seen_at: naive(process.seen_at),
        }
    }
}

impl TryFrom<ProcessRow> for Process {
    type Error = Fault;

    fn try_from(row: ProcessRow) -> Outcome<Self> {
        Ok(Self {
            name: row.name,
            role: row.role,
            host: row.host,
            pid: row.pid,
            version: row.version,
            url: row.url,
            queue: row.queue,
            slots: row.slots,
            admission: row.admission,
            started_at: utc(row.started_at),
            seen_at: utc(row.seen_at),
        })
    }
}

/// A lease as it is stored.
#[derive(Queryable, Selectable)]
#[diesel(table_name = leases)]
pub(crate) struct LeaseRow {
    name: String,
    holder: String,
    acquired_at: NaiveDateTime,
    expires_at: NaiveDateTime,
}

impl TryFrom<LeaseRow> for Lease {
    type Error = Fault;

    fn try_from(row: LeaseRow) -> Outcome<Self> {
        Ok(Self {
            name: row.name,
            holder: row.holder,
            acquired_at: utc(row.acquired_at),
            expires_at: utc(row.expires_at),
        })
    }
}

/// A task that waits for a node, as it is stored.
#[derive(Queryable, Selectable)]
#[diesel(table_name = node_waiters)]
pub(crate) struct WaiterRow {
    pub(crate) node_id: i64,
    pub(crate) task_uuid: String,
    pub(crate) purpose: String,
    pub(crate) since: NaiveDateTime,
}

impl TryFrom<WaiterRow> for Waiter {
    type Error = Fault;

    fn try_from(row: WaiterRow) -> Outcome<Self> {
        Ok(Self {
            node_id: row.node_id,
            task_uuid: row.task_uuid,
            purpose: row.purpose,
            since: utc(row.since),
        })
    }
}
