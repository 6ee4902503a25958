//! Tasks: storing and claiming. A claim is a guarded update, so that each task has one holder.

use assay_domain::{Error, NewTask, Task, TaskStatus, Timestamp};
use chrono::NaiveDateTime;
use diesel::prelude::*;
use serde_json::Value;

use super::{CANDIDATES, Conn, lock_in_order, lock_tasks};
use crate::convert::{all, naive, to_json};
use crate::fault::{Fault, Outcome};
use crate::rows::TaskRow;
use crate::schema::tasks;

/// How often a claim looks again when others took all tasks that it saw.
const ATTEMPTS: u32 = 10;

/// Stores a task.
pub(crate) fn enqueue(connection: &mut Conn, task: &NewTask, now: Timestamp) -> Outcome<Task> {
    insert(connection, task, &[], now)?.try_into()
}

/// Stores a task with further facts, which its creator could not know, in its payload.
pub(crate) fn insert(
    connection: &mut Conn,
    task: &NewTask,
    facts: &[(&str, i64)],
    now: Timestamp,
) -> Outcome<TaskRow> {
    let run_after = naive(task.run_after);
    diesel::insert_into(tasks::table)
        .values((
            tasks::uuid.eq(&task.uuid),
            tasks::kind.eq(task.kind.as_str()),
            tasks::queue.eq(task.kind.queue()),
            tasks::payload.eq(to_json(&payload(task, facts)?)?),
            tasks::node_id.eq(task.node_id),
            tasks::status.eq(TaskStatus::Pending.as_str()),
            tasks::attempts.eq(0),
            tasks::max_attempts.eq(task.max_attempts),
            tasks::run_after.eq(run_after),
            tasks::claimable_at.eq(run_after),
            tasks::announce_at.eq(run_after),
            tasks::requested_by.eq(&task.requested_by),
            tasks::dialect.eq(&task.dialect),
            tasks::request_id.eq(&task.request_id),
            tasks::created_at.eq(naive(now)),
        ))
        .returning(TaskRow::as_returning())
        .get_result(connection)
        .map_err(|error| {
            let fault = Fault::from(error);
            if fault.is_duplicate("tasks", "uuid") {
                return Error::conflict(format!("a task {} exists already", task.uuid)).into();
            }
            fault
        })
}

/// The statuses of tasks that have not ended.
pub(crate) fn open() -> impl Iterator<Item = &'static str> {
    let all = TaskStatus::ALL.into_iter();
    all.filter(|status| !status.is_final())
        .map(TaskStatus::as_str)
}

fn payload(task: &NewTask, facts: &[(&str, i64)]) -> Outcome<Value> {
    let mut payload = task.payload.clone();
    if payload.is_null() && !facts.is_empty() {
        payload = Value::Object(serde_json::Map::new());
    }
    for (name, fact) in facts {
        let object = payload
            .as_object_mut()
            .ok_or_else(|| Error::internal("a task's payload is no object"))?;
        object.insert((*name).to_owned(), Value::from(*fact));
    }
    Ok(payload)
}

/// Claims up to `limit` tasks, the ones that wait longest first.
pub(crate) fn claim(
    connection: &mut Conn,
    owner: &str,
    queues: &[String],
    limit: i64,
    now: Timestamp,
    lease_until: Timestamp,
) -> Outcome<Vec<Task>> {
    let limit = usize::try_from(limit).unwrap_or(0);
    for _ in 0..ATTEMPTS {
        let ids = candidates(connection, queues, limit, now)?;
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let ids = lock_tasks(connection, ids, limit)?;
        let mut rows = take(connection, owner, &ids, now, lease_until)?;
        if !rows.is_empty() {
            rows.sort_by_key(|row| ids.iter().position(|id| *id == row.id));
            return all(rows);
        }
    }
    Ok(Vec::new())
}

/// Claims those of these tasks that can be claimed, in the order of their keys. Of the others, those
/// that can be claimed later are announced again then: whoever was told of them now forgets them.
pub(crate) fn claim_these(
    connection: &mut Conn,
    owner: &str,
    ids: &[i64],
    now: Timestamp,
    lease_until: Timestamp,
) -> Outcome<Vec<Task>> {
    lock_in_order(connection, ids)?;
    let mut rows = take(connection, owner, ids, now, lease_until)?;
    if rows.len() < ids.len() {
        let rest: Vec<i64> = ids
            .iter()
            .copied()
            .filter(|id| rows.iter().all(|row| row.id != *id))
            .collect();
        diesel::update(tasks::table.filter(tasks::id.eq_any(rest)))
            .filter(tasks::claimable_at.gt(naive(now)))
            .set(tasks::announce_at.eq(tasks::claimable_at))
            .execute(connection)?;
    }
    rows.sort_by_key(|row| row.id);
    all(rows)
}

/// What can be claimed, by time. Each queue is asked for itself, so that its index gives the order.
fn candidates(
    connection: &mut Conn,
    queues: &[String],
    limit: usize,
    now: Timestamp,
) -> Outcome<Vec<i64>> {
    let limit = limit.saturating_mul(CANDIDATES);
    let mut found: Vec<(Option<NaiveDateTime>, i64)> = Vec::new();
    for queue in queues {
        let some: Vec<(Option<NaiveDateTime>, i64)> = tasks::table
            .filter(tasks::queue.eq(queue))
            .filter(tasks::claimable_at.le(naive(now)))
            .select((tasks::claimable_at, tasks::id))
            .order((tasks::claimable_at, tasks::id))
            .limit(i64::try_from(limit).unwrap_or(i64::MAX))
            .load(connection)?;
        found.extend(some);
    }
    found.sort_unstable();
    found.truncate(limit);
    Ok(found.into_iter().map(|(_, id)| id).collect())
}

fn take(
    connection: &mut Conn,
    owner: &str,
    ids: &[i64],
    now: Timestamp,
    lease_until: Timestamp,
) -> Outcome<Vec<TaskRow>> {
    let until = naive(lease_until);
    let changes = (
        tasks::status.eq(TaskStatus::Started.as_str()),
        tasks::attempts.eq(tasks::attempts + 1),
        tasks::lease_owner.eq(owner),
        tasks::lease_expires.eq(until),
        tasks::claimable_at.eq(until),
        tasks::announce_at.eq(until),
        tasks::started_at.eq(naive(now)),
    );
    let still_free = tasks::claimable_at.le(naive(now));
    let rows = match ids {
        // One by one is the common case, and a query without a list can be prepared once.
        [id] => diesel::update(tasks::table.filter(tasks::id.eq(*id)).filter(still_free))
            .set(changes)
            .returning(TaskRow::as_returning())
            .get_results(connection)?,
        ids => diesel::update(
            tasks::table
                .filter(tasks::id.eq_any(ids))
                .filter(still_free),
        )
        .set(changes)
        .returning(TaskRow::as_returning())
        .get_results(connection)?,
    };
    Ok(rows)
}

/// Lengthens the leases of an owner; gives the keys that it still holds.
pub(crate) fn extend(
    connection: &mut Conn,
    owner: &str,
    ids: &[i64],
    until: Timestamp,
) -> Outcome<Vec<i64>> {
    let until = naive(until);
    lock_in_order(connection, ids)?;
    let held = tasks::table
        .filter(tasks::id.eq_any(ids))
        .filter(tasks::lease_owner.eq(owner))
        .filter(tasks::status.eq(TaskStatus::Started.as_str()));
    let mut ids: Vec<i64> = diesel::update(held)
        .set((
            tasks::lease_expires.eq(until),
            tasks::claimable_at.eq(until),
            tasks::announce_at.eq(until),
        ))
        .returning(tasks::id)
        .get_results(connection)?;
    ids.sort_unstable();
    Ok(ids)
}
