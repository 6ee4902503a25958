//! Announcements of tasks: the outbox is a column of the task, so that no task is announced that
//! was not stored, and none is stored that is never announced.

use assay_domain::{TaskStatus, Timestamp};
use diesel::dsl::{case_when, count_star, min};
use diesel::prelude::*;
use diesel::sql_types::{Nullable, Timestamp as SqlTimestamp};

use super::{CANDIDATES, Conn, lock_in_order, lock_tasks};
use crate::convert::{naive, utc};
use crate::fault::Outcome;
use crate::schema::tasks;
use crate::types::{Announcement, Waiting};

/// Takes up to `limit` tasks that must be announced now, the oldest first: until `until` nobody
/// else takes them.
pub(crate) fn take(
    connection: &mut Conn,
    limit: usize,
    now: Timestamp,
    until: Timestamp,
) -> Outcome<Vec<Announcement>> {
    let seen = i64::try_from(limit.saturating_mul(CANDIDATES)).unwrap_or(i64::MAX);
    let ids: Vec<i64> = tasks::table
        .filter(tasks::announce_at.le(naive(now)))
        .select(tasks::id)
        .order((tasks::announce_at, tasks::id))
        .limit(seen)
        .load(connection)?;
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let ids = lock_tasks(connection, ids, limit)?;
    let due = tasks::table
        .filter(tasks::id.eq_any(&ids))
        .filter(tasks::announce_at.le(naive(now)));
    let mut taken: Vec<(i64, String)> = diesel::update(due)
        .set(tasks::announce_at.eq(naive(until)))
        .returning((tasks::id, tasks::queue))
        .get_results(connection)?;
    taken.sort_unstable();
    let announcement = |(task_id, class)| Announcement { task_id, class };
    Ok(taken.into_iter().map(announcement).collect())
}

/// Keeps announced tasks from being announced again before `next`, those that were begun before
/// `next_begun`. `taken_until` is what they were
/// taken with: a task that somebody has changed meanwhile keeps its own time.
pub(crate) fn confirm(
    connection: &mut Conn,
    ids: &[i64],
    taken_until: Timestamp,
    next: Timestamp,
    next_begun: Timestamp,
) -> Outcome<usize> {
    lock_in_order(connection, ids)?;
    let unchanged = tasks::table
        .filter(tasks::id.eq_any(ids))
        .filter(tasks::announce_at.eq(naive(taken_until)));
    let [fresh, begun] =
        [next, next_begun].map(|time| naive(time).into_sql::<Nullable<SqlTimestamp>>());
    let time = case_when(tasks::attempts.gt(0), begun).otherwise(fresh);
    Ok(diesel::update(unchanged)
        .set(tasks::announce_at.eq(time))
        .execute(connection)?)
}

/// Has all tasks of a class that wait for a worker announced again, at once; gives how many.
pub(crate) fn repeat(connection: &mut Conn, class: &str, now: Timestamp) -> Outcome<usize> {
    let waiting = [TaskStatus::Pending, TaskStatus::Retry].map(TaskStatus::as_str);
    let announced = tasks::table
        .filter(tasks::queue.eq(class))
        .filter(tasks::claimable_at.le(naive(now)))
        .filter(tasks::status.eq_any(waiting))
        .filter(tasks::announce_at.gt(naive(now)));
    Ok(diesel::update(announced)
        .set(tasks::announce_at.eq(naive(now)))
        .execute(connection)?)
}

/// Has one task announced again at once, if it waits for a worker.
pub(crate) fn again(connection: &mut Conn, id: i64, now: Timestamp) -> Outcome<()> {
    let waiting = [TaskStatus::Pending, TaskStatus::Retry].map(TaskStatus::as_str);
    diesel::update(tasks::table.find(id))
        .filter(tasks::claimable_at.le(naive(now)))
        .filter(tasks::status.eq_any(waiting))
        .set(tasks::announce_at.eq(naive(now)))
        .execute(connection)?;
    Ok(())
}

/// How many tasks of each class wait for a worker now, and since when the first of them.
pub(crate) fn waiting(connection: &mut Conn, now: Timestamp) -> Outcome<Vec<Waiting>> {
    let due = tasks::table.filter(tasks::claimable_at.le(naive(now)));
    let counts: Vec<(String, i64, Option<chrono::NaiveDateTime>)> = due
        .group_by(tasks::queue)
        .select((tasks::queue, count_star(), min(tasks::claimable_at)))
        .order(tasks::queue)
        .load(connection)?;
    let one = |(class, tasks, since): (String, i64, Option<_>)| Waiting {
        class,
        tasks,
        since: since.map(utc),
    };
    Ok(counts.into_iter().map(one).collect())
}
