//! Tasks: their ends, their messages and their lists.

use assay_domain::{Error, Page, Task, TaskMessage, TaskStatus, Timestamp};
use chrono::NaiveDateTime;
use diesel::dsl::count_star;
use diesel::prelude::*;
use serde_json::Value;

use super::{Conn, lock_in_order};
use crate::convert::{all, naive, parse, to_json};
use crate::fault::{Fault, Outcome};
use crate::rows::{TaskMessageRow, TaskRow};
use crate::schema::{task_messages, tasks};
use crate::types::TaskEnd;

/// Ends a task that `owner` holds.
pub(crate) fn finish(
    connection: &mut Conn,
    id: i64,
    owner: &str,
    status: TaskStatus,
    result: Option<&Value>,
    error: Option<&str>,
    now: Timestamp,
) -> Outcome<bool> {
    if !status.is_final() {
        return Err(Error::internal("a task can only end in a final status").into());
    }
    let result = result.map(to_json).transpose()?;
    let ended = diesel::update(tasks::table.find(id))
        .filter(tasks::lease_owner.eq(owner))
        .filter(tasks::status.eq(TaskStatus::Started.as_str()))
        .set((
            tasks::status.eq(status.as_str()),
            tasks::claimable_at.eq(None::<NaiveDateTime>),
            tasks::announce_at.eq(None::<NaiveDateTime>),
            tasks::lease_owner.eq(None::<String>),
            tasks::lease_expires.eq(None::<NaiveDateTime>),
            tasks::result.eq(result),
            tasks::error.eq(error),
            tasks::finished_at.eq(naive(now)),
        ))
        .execute(connection)?;
    Ok(ended == 1)
}

/// Gives a task that `owner` holds back for a later attempt; why is kept as error and message.
pub(crate) fn retry(
    connection: &mut Conn,
    id: i64,
    owner: &str,
    run_after: Timestamp,
    error: &str,
    now: Timestamp,
) -> Outcome<bool> {
    let again = diesel::update(tasks::table.find(id))
        .filter(tasks::lease_owner.eq(owner))
        .filter(tasks::status.eq(TaskStatus::Started.as_str()))
        .set((
            tasks::status.eq(TaskStatus::Retry.as_str()),
            tasks::run_after.eq(naive(run_after)),
            tasks::claimable_at.eq(naive(run_after)),
            tasks::announce_at.eq(naive(run_after)),
            tasks::lease_owner.eq(None::<String>),
            tasks::lease_expires.eq(None::<NaiveDateTime>),
            tasks::error.eq(error),
        ))
        .execute(connection)?;
    if again == 1 {
        add_message(connection, id, error, now)?;
    }
    Ok(again == 1)
}

/// Ends several tasks that `owner` holds; gives the keys of those that it did hold.
pub(crate) fn finish_all(
    connection: &mut Conn,
    owner: &str,
    ends: &[TaskEnd],
    now: Timestamp,
) -> Outcome<Vec<i64>> {
    let ids: Vec<i64> = ends.iter().map(|end| end.id).collect();
    lock_in_order(connection, &ids)?;
    let mut held = Vec::with_capacity(ends.len());
    for end in ends {
        let (result, error) = (end.result.as_ref(), end.error.as_deref());
        if finish(connection, end.id, owner, end.status, result, error, now)? {
            held.push(end.id);
        }
    }
    Ok(held)
}

/// Gives a task that `owner` holds back until `run_after`, as if it had not been tried. The message
/// is added unless it repeats the last one.
pub(crate) fn postpone(
    connection: &mut Conn,
    id: i64,
    owner: &str,
    run_after: Timestamp,
    message: &str,
    now: Timestamp,
) -> Outcome<bool> {
    let postponed = diesel::update(tasks::table.find(id))
        .filter(tasks::lease_owner.eq(owner))
        .filter(tasks::status.eq(TaskStatus::Started.as_str()))
        .set((
            tasks::status.eq(TaskStatus::Pending.as_str()),
            tasks::attempts.eq(tasks::attempts - 1),
            tasks::run_after.eq(naive(run_after)),
            tasks::claimable_at.eq(naive(run_after)),
            tasks::announce_at.eq(naive(run_after)),
            tasks::lease_owner.eq(None::<String>),
            tasks::lease_expires.eq(None::<NaiveDateTime>),
        ))
        .execute(connection)?;
    if postponed == 0 {
        return Ok(false);
    }
    let last: Option<String> = task_messages::table
        .filter(task_messages::task_id.eq(id))
        .order(task_messages::id.desc())
        .select(task_messages::text)
        .first(connection)
        .optional()?;
    if last.as_deref() != Some(message) {
        add_message(connection, id, message, now)?;
    }
    Ok(true)
}

/// Gives a task back as if `owner` had not claimed it.
pub(crate) fn release(connection: &mut Conn, id: i64, owner: &str) -> Outcome<bool> {
    let released = diesel::update(tasks::table.find(id))
        .filter(tasks::lease_owner.eq(owner))
        .filter(tasks::status.eq(TaskStatus::Started.as_str()))
        .set((
            tasks::status.eq(TaskStatus::Pending.as_str()),
            tasks::attempts.eq(tasks::attempts - 1),
            tasks::claimable_at.eq(tasks::run_after.nullable()),
            tasks::announce_at.eq(tasks::run_after.nullable()),
            tasks::lease_owner.eq(None::<String>),
            tasks::lease_expires.eq(None::<NaiveDateTime>),
        ))
        .execute(connection)?;
    Ok(released == 1)
}

/// Cancels a task that nobody holds.
pub(crate) fn revoke(connection: &mut Conn, uuid: &str, now: Timestamp) -> Outcome<bool> {
    let waiting = [TaskStatus::Pending, TaskStatus::Retry].map(TaskStatus::as_str);
    let revoked = diesel::update(tasks::table.filter(tasks::uuid.eq(uuid)))
        .filter(tasks::status.eq_any(waiting))
        .set((
            tasks::status.eq(TaskStatus::Revoked.as_str()),
            tasks::claimable_at.eq(None::<NaiveDateTime>),
            tasks::announce_at.eq(None::<NaiveDateTime>),
            tasks::finished_at.eq(naive(now)),
        ))
        .execute(connection)?;
    Ok(revoked == 1)
}

/// The task with that key.
pub(crate) fn by_id(connection: &mut Conn, id: i64) -> Outcome<Option<Task>> {
    let row: Option<TaskRow> = tasks::table
        .find(id)
        .select(TaskRow::as_select())
        .first(connection)
        .optional()?;
    row.map(Task::try_from).transpose()
}

/// The task with that public id.
pub(crate) fn by_uuid(connection: &mut Conn, uuid: &str) -> Outcome<Option<Task>> {
    let row: Option<TaskRow> = tasks::table
        .filter(tasks::uuid.eq(uuid))
        .select(TaskRow::as_select())
        .first(connection)
        .optional()?;
    row.map(Task::try_from).transpose()
}

/// Tasks, newest first.
pub(crate) fn list(connection: &mut Conn, page: Page) -> Outcome<Vec<Task>> {
    let rows: Vec<TaskRow> = tasks::table
        .select(TaskRow::as_select())
        .order(tasks::id.desc())
        .offset(page.offset)
        .limit(page.limit)
        .load(connection)?;
    all(rows)
}

/// How many tasks are in each status; a status without tasks is left out.
pub(crate) fn count_by_status(connection: &mut Conn) -> Outcome<Vec<(TaskStatus, i64)>> {
    let counts: Vec<(String, i64)> = tasks::table
        .group_by(tasks::status)
        .select((tasks::status, count_star()))
        .load(connection)?;
    counts
        .into_iter()
        .map(|(status, count)| Ok((parse(&status)?, count)))
        .collect()
}

/// Removes the tasks that ended before that time, with their messages.
pub(crate) fn prune(connection: &mut Conn, before: Timestamp) -> Outcome<i64> {
    let removed = diesel::delete(tasks::table.filter(tasks::finished_at.lt(naive(before))))
        .execute(connection)?;
    Ok(i64::try_from(removed).unwrap_or(i64::MAX))
}

/// The messages of a task, oldest first.
pub(crate) fn messages(connection: &mut Conn, task_id: i64) -> Outcome<Vec<TaskMessage>> {
    let rows: Vec<TaskMessageRow> = task_messages::table
        .filter(task_messages::task_id.eq(task_id))
        .select(TaskMessageRow::as_select())
        .order(task_messages::id)
        .load(connection)?;
    Ok(rows.into_iter().map(TaskMessage::from).collect())
}

/// Adds a message to a task.
pub(crate) fn add_message(
    connection: &mut Conn,
    task_id: i64,
    text: &str,
    now: Timestamp,
) -> Outcome<()> {
    diesel::insert_into(task_messages::table)
        .values((
            task_messages::task_id.eq(task_id),
            task_messages::written_at.eq(naive(now)),
            task_messages::text.eq(text),
        ))
        .execute(connection)
        .map_err(|error| {
            let fault = Fault::from(error);
            if fault.is_reference() {
                return Error::not_found("Task", task_id).into();
            }
            fault
        })?;
    Ok(())
}
