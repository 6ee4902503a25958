//! Audits of a cloud's hosts. Each step is guarded by the status.

use assay_domain::cloud::{AuditRecord, AuditStatus};
use assay_domain::{NewTask, Page, Timestamp};
use diesel::prelude::*;
use serde_json::Value;

use super::{Conn, tasks};
use crate::convert::{all, naive, to_json};
use crate::fault::Outcome;
use crate::rows::AuditRow;
use crate::schema::audits;

const OPEN: [&str; 2] = ["PENDING", "APPLYING"];

/// Stores an audit and the task that makes it.
pub(crate) fn create(
    connection: &mut Conn,
    aggregate_id: i64,
    task: &NewTask,
    now: Timestamp,
) -> Outcome<AuditRecord> {
    let row: AuditRow = diesel::insert_into(audits::table)
        .values((
            audits::aggregate_id.eq(aggregate_id),
            audits::status.eq(AuditStatus::Pending.as_str()),
            audits::task_uuid.eq(&task.uuid),
            audits::requested_by.eq(&task.requested_by),
            audits::created_at.eq(naive(now)),
        ))
        .returning(AuditRow::as_returning())
        .get_result(connection)?;
    tasks::insert(connection, task, &[("audit_id", row.id)], now)?;
    row.try_into()
}

/// One audit.
pub(crate) fn find(connection: &mut Conn, id: i64) -> Outcome<Option<AuditRecord>> {
    let row: Option<AuditRow> = audits::table
        .find(id)
        .select(AuditRow::as_select())
        .first(connection)
        .optional()?;
    row.map(AuditRecord::try_from).transpose()
}

/// Audits, newest first.
pub(crate) fn list(connection: &mut Conn, page: Page) -> Outcome<Vec<AuditRecord>> {
    let rows: Vec<AuditRow> = audits::table
        .order(audits::id.desc())
        .offset(page.offset)
        .limit(page.limit)
        .select(AuditRow::as_select())
        .load(connection)?;
    all(rows)
}

/// Records what was found.
pub(crate) fn finish(connection: &mut Conn, id: i64, found: &Value) -> Outcome<bool> {
    let pending = audits::table
        .find(id)
        .filter(audits::status.eq(AuditStatus::Pending.as_str()));
    let done = diesel::update(pending)
        .set((
            audits::status.eq(AuditStatus::Done.as_str()),
            audits::found.eq(to_json(found)?),
        ))
        .execute(connection)?;
    Ok(done == 1)
}

/// Has the moves made by a task.
pub(crate) fn apply(
    connection: &mut Conn,
    id: i64,
    task: &NewTask,
    now: Timestamp,
) -> Outcome<bool> {
    let done = audits::table
        .find(id)
        .filter(audits::status.eq(AuditStatus::Done.as_str()));
    let begun = diesel::update(done)
        .set((
            audits::status.eq(AuditStatus::Applying.as_str()),
            audits::task_uuid.eq(&task.uuid),
        ))
        .execute(connection)?;
    if begun == 0 {
        return Ok(false);
    }
    tasks::insert(connection, task, &[("audit_id", id)], now)?;
    Ok(true)
}

/// Records that the moves were made.
pub(crate) fn end(connection: &mut Conn, id: i64) -> Outcome<()> {
    let applying = audits::table
        .find(id)
        .filter(audits::status.eq(AuditStatus::Applying.as_str()));
    diesel::update(applying)
        .set(audits::status.eq(AuditStatus::Applied.as_str()))
        .execute(connection)?;
    Ok(())
}

/// Records a failure.
pub(crate) fn fail(connection: &mut Conn, id: i64, error: &str) -> Outcome<()> {
    let open = audits::table.find(id).filter(audits::status.eq_any(OPEN));
    diesel::update(open)
        .set((
            audits::status.eq(AuditStatus::Failed.as_str()),
            audits::error.eq(error),
        ))
        .execute(connection)?;
    Ok(())
}

/// Deletes old ones.
pub(crate) fn prune(connection: &mut Conn, before: Timestamp) -> Outcome<()> {
    let old = audits::table
        .filter(audits::created_at.lt(naive(before)))
        .filter(audits::status.ne_all(OPEN));
    diesel::delete(old).execute(connection)?;
    Ok(())
}
