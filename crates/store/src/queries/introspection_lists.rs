//! Introspections by key and in lists; the status of one node is the hottest query of all.

use assay_domain::{Error, Introspection, IntrospectionState, Page, Timestamp};
use chrono::NaiveDateTime;
use diesel::prelude::*;

use super::Conn;
use crate::convert::{all, naive};
use crate::fault::Outcome;
use crate::rows::IntrospectionRow;
use crate::schema::{introspections, tasks};

/// The introspection with that key.
pub(crate) fn find(connection: &mut Conn, id: i64) -> Outcome<Option<Introspection>> {
    let row: Option<IntrospectionRow> = introspections::table
        .find(id)
        .select(IntrospectionRow::as_select())
        .first(connection)
        .optional()?;
    row.map(Introspection::try_from).transpose()
}

/// The newest introspection of a node.
pub(crate) fn current(connection: &mut Conn, node_id: i64) -> Outcome<Option<Introspection>> {
    let row: Option<IntrospectionRow> = introspections::table
        .filter(introspections::node_id.eq(node_id))
        .filter(introspections::is_current)
        .select(IntrospectionRow::as_select())
        .first(connection)
        .optional()?;
    row.map(Introspection::try_from).transpose()
}

/// The newest introspection of a node, by the node's UUID.
pub(crate) fn current_by_uuid(
    connection: &mut Conn,
    node_uuid: &str,
) -> Outcome<Option<Introspection>> {
    let row: Option<IntrospectionRow> = introspections::table
        .filter(introspections::node_uuid.eq(node_uuid))
        .filter(introspections::is_current)
        .select(IntrospectionRow::as_select())
        .first(connection)
        .optional()?;
    row.map(Introspection::try_from).transpose()
}

/// The introspection whose last boot script has this nonce.
pub(crate) fn by_nonce(connection: &mut Conn, nonce_hash: &str) -> Outcome<Option<Introspection>> {
    let row: Option<IntrospectionRow> = introspections::table
        .filter(introspections::nonce_hash.eq(nonce_hash))
        .select(IntrospectionRow::as_select())
        .first(connection)
        .optional()?;
    row.map(Introspection::try_from).transpose()
}

/// Whether any introspection waits for a machine that was not given a boot script.
pub(crate) fn any_without_script(connection: &mut Conn) -> Outcome<bool> {
    let found: Option<i64> = introspections::table
        .filter(introspections::finished_at.is_null())
        .filter(introspections::is_current)
        .filter(introspections::state.eq(IntrospectionState::Waiting.as_str()))
        .filter(introspections::nonce_hash.is_null())
        .select(introspections::id)
        .first(connection)
        .optional()?;
    Ok(found.is_some())
}

/// The newest introspection of each node, newest first, after the node `marker`.
pub(crate) fn list_current(
    connection: &mut Conn,
    marker: Option<&str>,
    limit: i64,
) -> Outcome<Vec<Introspection>> {
    let query = introspections::table
        .filter(introspections::is_current)
        .select(IntrospectionRow::as_select())
        .order((
            introspections::started_at.desc(),
            introspections::node_uuid.desc(),
        ))
        .limit(limit);
    let rows: Vec<IntrospectionRow> = match marker {
        None => query.load(connection)?,
        Some(uuid) => {
            let started = started_at(connection, uuid)?;
            // The first condition alone bounds the scan of the index.
            query
                .filter(introspections::started_at.le(started))
                .filter(
                    introspections::started_at
                        .lt(started)
                        .or(introspections::node_uuid.lt(uuid)),
                )
                .load(connection)?
        }
    };
    all(rows)
}

fn started_at(connection: &mut Conn, node_uuid: &str) -> Outcome<NaiveDateTime> {
    introspections::table
        .filter(introspections::node_uuid.eq(node_uuid))
        .filter(introspections::is_current)
        .select(introspections::started_at)
        .first(connection)
        .optional()?
        .ok_or_else(|| {
            Error::invalid(format!("the marker {node_uuid} is no introspected node")).into()
        })
}

/// All introspections of a node, newest first.
pub(crate) fn of_node(
    connection: &mut Conn,
    node_id: i64,
    page: Page,
) -> Outcome<Vec<Introspection>> {
    let rows: Vec<IntrospectionRow> = introspections::table
        .filter(introspections::node_id.eq(node_id))
        .select(IntrospectionRow::as_select())
        .order(introspections::id.desc())
        .offset(page.offset)
        .limit(page.limit)
        .load(connection)?;
    all(rows)
}

/// Introspections that have not ended by their deadline, the most overdue first.
pub(crate) fn expired(
    connection: &mut Conn,
    now: Timestamp,
    limit: i64,
) -> Outcome<Vec<Introspection>> {
    let rows: Vec<IntrospectionRow> = introspections::table
        .filter(introspections::finished_at.is_null())
        .filter(introspections::deadline.le(naive(now)))
        .select(IntrospectionRow::as_select())
        .order(introspections::deadline)
        .limit(limit)
        .load(connection)?;
    all(rows)
}

/// Introspections in a state that a task must end, without such a task.
pub(crate) fn orphaned(connection: &mut Conn, limit: i64) -> Outcome<Vec<Introspection>> {
    use IntrospectionState as S;
    let driven = [S::Starting, S::Processing, S::Reapplying, S::Aborting].map(S::as_str);
    let owner = introspections::task_id.eq(tasks::id.nullable());
    let rows: Vec<IntrospectionRow> = introspections::table
        .left_join(tasks::table.on(owner))
        .filter(introspections::finished_at.is_null())
        .filter(introspections::state.eq_any(driven))
        // Null for a task that is final, and for one that is missing.
        .filter(tasks::claimable_at.nullable().is_null())
        .select(IntrospectionRow::as_select())
        // In the order of the index of what has not ended, so that no history is read.
        .order((introspections::deadline, introspections::id))
        .limit(limit)
        .load(connection)?;
    all(rows)
}
