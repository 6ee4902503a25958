//! Reservations of nodes, by compare-and-set: which task may drive the machine now, and which ones
//! wait for that in order.

use assay_domain::fleet::{Hold, Reservation, Waiter};
use assay_domain::{Error, Page, TaskKind, TaskStatus, Timestamp};
use chrono::NaiveDateTime;
use diesel::prelude::*;

use super::{Conn, lock_node, tasks as task_queries};
use crate::convert::{all, naive, parse, utc};
use crate::fault::Outcome;
use crate::rows::WaiterRow;
use crate::schema::{node_waiters, nodes, tasks};

/// Key and UUID of the node; holder, purpose, since when and until when.
type Held = (
    i64,
    String,
    Option<String>,
    Option<String>,
    Option<NaiveDateTime>,
    Option<NaiveDateTime>,
);

/// Takes a node that is free, expired or the owner's own, unless another task has waited longer;
/// else gives the owner its place among those that wait.
pub(crate) fn reserve(
    connection: &mut Conn,
    id: i64,
    owner: &str,
    purpose: &str,
    now: Timestamp,
    expires: Timestamp,
) -> Outcome<Hold> {
    lock_node(connection, id)?;
    let held: Held = nodes::table
        .find(id)
        .select(HELD)
        .first(connection)
        .optional()?
        .ok_or_else(|| Error::not_found("Node", id))?;
    let holder = holder(held, now).filter(|held| held.holder != owner);
    let first = first_waiter(connection, id)?.filter(|first| first.task_uuid != owner);
    if holder.is_none() && first.is_none() {
        take(connection, id, owner, purpose, now, expires)?;
        return Ok(Hold::Taken);
    }
    Ok(Hold::Waiting {
        since: join(connection, id, owner, purpose, now)?,
        reason: match (holder, first) {
            (Some(held), _) => format!(
                "node {} is held by task {} for {} since {}",
                held.node_uuid,
                held.holder,
                held.purpose,
                held.since.to_rfc3339()
            ),
            (None, Some(first)) => format!(
                "task {} waits for the node since {} for {}, and comes first",
                first.task_uuid,
                first.since.to_rfc3339(),
                first.purpose
            ),
            (None, None) => String::new(),
        },
    })
}

const HELD: (
    nodes::id,
    nodes::uuid,
    nodes::held_by,
    nodes::held_for,
    nodes::held_since,
    nodes::held_until,
) = (
    nodes::id,
    nodes::uuid,
    nodes::held_by,
    nodes::held_for,
    nodes::held_since,
    nodes::held_until,
);

fn holder(held: Held, now: Timestamp) -> Option<Reservation> {
    let (node_id, node_uuid, by, what, since, until) = held;
    let until = utc(until?);
    (until > now).then_some(())?;
    Some(Reservation {
        node_id,
        node_uuid,
        holder: by?,
        purpose: what.unwrap_or_default(),
        since: utc(since?),
        until,
    })
}

fn take(
    connection: &mut Conn,
    id: i64,
    owner: &str,
    purpose: &str,
    now: Timestamp,
    expires: Timestamp,
) -> Outcome<()> {
    diesel::update(nodes::table.find(id))
        .set((
            nodes::held_by.eq(owner),
            nodes::held_for.eq(purpose),
            nodes::held_since.eq(naive(now)),
            nodes::held_until.eq(naive(expires)),
        ))
        .execute(connection)?;
    diesel::delete(node_waiters::table.filter(node_waiters::task_uuid.eq(owner)))
        .execute(connection)?;
    Ok(())
}

/// Puts a task behind those that wait already; gives since when it waits.
fn join(
    connection: &mut Conn,
    id: i64,
    owner: &str,
    purpose: &str,
    now: Timestamp,
) -> Outcome<Timestamp> {
    diesel::insert_into(node_waiters::table)
        .values((
            node_waiters::node_id.eq(id),
            node_waiters::task_uuid.eq(owner),
            node_waiters::purpose.eq(purpose),
            node_waiters::since.eq(naive(now)),
        ))
        .on_conflict(node_waiters::task_uuid)
        .do_nothing()
        .execute(connection)?;
    let since: NaiveDateTime = node_waiters::table
        .filter(node_waiters::task_uuid.eq(owner))
        .select(node_waiters::since)
        .first(connection)?;
    Ok(utc(since))
}

fn first_waiter(connection: &mut Conn, id: i64) -> Outcome<Option<Waiter>> {
    let row: Option<WaiterRow> = node_waiters::table
        .inner_join(tasks::table.on(tasks::uuid.eq(node_waiters::task_uuid)))
        .filter(node_waiters::node_id.eq(id))
        .filter(tasks::status.eq_any(task_queries::open()))
        .select(WaiterRow::as_select())
        .order(node_waiters::id)
        .first(connection)
        .optional()?;
    row.map(Waiter::try_from).transpose()
}

/// Lengthens a hold; false when the owner does not hold the node any more.
pub(crate) fn extend(
    connection: &mut Conn,
    id: i64,
    owner: &str,
    expires: Timestamp,
) -> Outcome<bool> {
    let held = diesel::update(nodes::table.find(id).filter(nodes::held_by.eq(owner)))
        .set(nodes::held_until.eq(naive(expires)))
        .execute(connection)?;
    Ok(held == 1)
}

/// Gives a node back, if the owner holds it, and has the task run now that has waited longest;
/// gives its kind.
pub(crate) fn release(
    connection: &mut Conn,
    id: i64,
    owner: &str,
    now: Timestamp,
) -> Outcome<Option<TaskKind>> {
    lock_node(connection, id)?;
    let released = diesel::update(nodes::table.find(id).filter(nodes::held_by.eq(owner)))
        .set((
            nodes::held_by.eq(None::<String>),
            nodes::held_for.eq(None::<String>),
            nodes::held_since.eq(None::<NaiveDateTime>),
            nodes::held_until.eq(None::<NaiveDateTime>),
        ))
        .execute(connection)?;
    let next = match released {
        0 => None,
        _ => first_waiter(connection, id)?,
    };
    let Some(next) = next else { return Ok(None) };
    let waiting = [TaskStatus::Pending, TaskStatus::Retry].map(TaskStatus::as_str);
    let kind: Option<String> = diesel::update(tasks::table)
        .filter(tasks::uuid.eq(next.task_uuid))
        .filter(tasks::status.eq_any(waiting))
        .set((
            tasks::run_after.eq(naive(now)),
            tasks::claimable_at.eq(naive(now)),
            tasks::announce_at.eq(naive(now)),
        ))
        .returning(tasks::kind)
        .get_result(connection)
        .optional()?;
    kind.map(|kind| parse(&kind)).transpose()
}

/// A page of the nodes that are held now.
pub(crate) fn list(connection: &mut Conn, now: Timestamp, page: Page) -> Outcome<Vec<Reservation>> {
    let rows: Vec<Held> = nodes::table
        .filter(nodes::held_by.is_not_null())
        .filter(nodes::held_until.gt(naive(now)))
        .select(HELD)
        .order(nodes::id)
        .offset(page.offset)
        .limit(page.limit)
        .load(connection)?;
    Ok(rows
        .into_iter()
        .filter_map(|held| holder(held, now))
        .collect())
}

/// Who holds a node now, and who waits for it.
pub(crate) fn of_node(
    connection: &mut Conn,
    id: i64,
    now: Timestamp,
) -> Outcome<(Option<Reservation>, Vec<Waiter>)> {
    let held: Option<Held> = nodes::table
        .find(id)
        .select(HELD)
        .first(connection)
        .optional()?;
    let rows: Vec<WaiterRow> = node_waiters::table
        .inner_join(tasks::table.on(tasks::uuid.eq(node_waiters::task_uuid)))
        .filter(node_waiters::node_id.eq(id))
        .filter(tasks::status.eq_any(task_queries::open()))
        .select(WaiterRow::as_select())
        .order(node_waiters::id)
        .load(connection)?;
    Ok((held.and_then(|held| holder(held, now)), all(rows)?))
}

/// A page of all tasks that wait for a node.
pub(crate) fn waiters(connection: &mut Conn, page: Page) -> Outcome<Vec<Waiter>> {
    let rows: Vec<WaiterRow> = node_waiters::table
        .inner_join(tasks::table.on(tasks::uuid.eq(node_waiters::task_uuid)))
        .filter(tasks::status.eq_any(task_queries::open()))
        .select(WaiterRow::as_select())
        .order(node_waiters::id)
        .offset(page.offset)
        .limit(page.limit)
        .load(connection)?;
    all(rows)
}

/// Removes those whose task has ended or is gone.
pub(crate) fn forget_waiters(connection: &mut Conn) -> Outcome<usize> {
    let alive = tasks::table
        .filter(tasks::status.eq_any(task_queries::open()))
        .select(tasks::uuid);
    let gone = node_waiters::table.filter(node_waiters::task_uuid.ne_all(alive));
    Ok(diesel::delete(gone).execute(connection)?)
}
