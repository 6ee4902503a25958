//! Held reports: one for each machine that waits, decided once.

use assay_domain::{Error, HeldReport, HeldState, NewTask, NodePatch, Page, Timestamp};
use diesel::prelude::*;

use super::{Backend, Conn, claims, lock_discovery, lookup, nodes, reports};
use crate::compression::{Compressed, decompress};
use crate::convert::{all, naive, to_json};
use crate::fault::Outcome;
use crate::rows::HeldReportHead;
use crate::schema::held_reports as table;
use crate::{Held, NewHeldReport, NewIntrospection};

/// Holds a report, unless the nodes that it may be have changed since they were looked at. The same
/// machine's report before it is replaced.
pub(crate) fn hold(
    connection: &mut Conn,
    new: &NewHeldReport,
    raw: &Compressed,
    now: Timestamp,
) -> Outcome<Held> {
    lock_discovery(connection)?;
    if lookup::holder_ids(connection, &new.machine)? != new.seen {
        return Ok(Held::Changed);
    }
    let waiting = HeldState::Held.as_str();
    let (facts, candidates) = (to_json(&new.facts)?, to_json(&new.candidates)?);
    let content = || {
        (
            table::reason.eq(&new.reason),
            table::facts.eq(&facts),
            table::candidates.eq(&candidates),
            table::source.eq(&new.source),
            table::last_at.eq(naive(now)),
            table::size.eq(raw.size),
            table::raw.eq(&raw.bytes),
        )
    };
    let mine = table::table
        .filter(table::machine_key.eq(&new.machine_key))
        .filter(table::state.eq(waiting));
    let mut uuid: Option<String> = diesel::update(mine)
        .set((content(), table::count.eq(table::count + 1)))
        .returning(table::uuid)
        .get_result(connection)
        .optional()?;
    if uuid.is_none() {
        let held: i64 = table::table
            .filter(table::state.eq(waiting))
            .count()
            .get_result(connection)?;
        if held >= new.max_held {
            return Ok(Held::Full);
        }
        uuid = Some(
            diesel::insert_into(table::table)
                .values((
                    content(),
                    table::uuid.eq(&new.uuid),
                    table::machine_key.eq(&new.machine_key),
                    table::state.eq(waiting),
                    table::received_at.eq(naive(now)),
                    table::count.eq(1),
                ))
                .returning(table::uuid)
                .get_result(connection)?,
        );
    }
    let uuid = uuid.ok_or_else(|| Error::internal("a held report without a UUID"))?;
    claims::settle(connection, new.boot, None, Some(&uuid))?;
    let held = find(connection, &uuid)?;
    let held = held.ok_or_else(|| Error::not_found("Held report", &uuid))?;
    Ok(Held::Done(Box::new(held)))
}

/// The held report with that UUID.
pub(crate) fn find(connection: &mut Conn, uuid: &str) -> Outcome<Option<HeldReport>> {
    let row: Option<HeldReportHead> = table::table
        .filter(table::uuid.eq(uuid))
        .select(HeldReportHead::as_select())
        .first(connection)
        .optional()?;
    row.map(HeldReport::try_from).transpose()
}

/// The data of a held report.
pub(crate) fn bytes(connection: &mut Conn, uuid: &str) -> Outcome<Option<Vec<u8>>> {
    let raw: Option<Vec<u8>> = table::table
        .filter(table::uuid.eq(uuid))
        .select(table::raw)
        .first(connection)
        .optional()?;
    raw.map(|raw| decompress(&raw)).transpose()
}

/// Held reports, newest first: those in one state, or all.
pub(crate) fn list(
    connection: &mut Conn,
    state: Option<HeldState>,
    page: Page,
) -> Outcome<Vec<HeldReport>> {
    let mut query = table::table.into_boxed::<Backend>();
    if let Some(state) = state {
        query = query.filter(table::state.eq(state.as_str()));
    }
    let rows: Vec<HeldReportHead> = query
        .select(HeldReportHead::as_select())
        .order(table::id.desc())
        .offset(page.offset)
        .limit(page.limit)
        .load(connection)?;
    all(rows)
}

/// Records who decided what. A report is decided once.
pub(crate) fn decide(
    connection: &mut Conn,
    uuid: &str,
    state: HeldState,
    by: &str,
    node_uuid: Option<&str>,
    now: Timestamp,
) -> Outcome<HeldReport> {
    let decided = diesel::update(table::table.filter(table::uuid.eq(uuid)))
        .filter(table::state.eq(HeldState::Held.as_str()))
        .set((
            table::state.eq(state.as_str()),
            table::decided_by.eq(by),
            table::decided_at.eq(naive(now)),
            table::node_uuid.eq(node_uuid),
        ))
        .execute(connection)?;
    let held = find(connection, uuid)?.ok_or_else(|| Error::not_found("Held report", uuid))?;
    if decided == 1 {
        return Ok(held);
    }
    let by = held.decided_by.as_deref().unwrap_or("somebody");
    let text = format!(
        "held report {uuid} has been decided already: {by} had it {}",
        held.state.as_str()
    );
    Err(Error::conflict(text).into())
}

/// Gives a held report to a node, and has it processed for it.
#[allow(
    clippy::too_many_arguments,
    reason = "one transaction of several parts"
)]
pub(crate) fn assign(
    connection: &mut Conn,
    uuid: &str,
    by: &str,
    raw: &Compressed,
    identity: &NodePatch,
    new: &NewIntrospection,
    task: &NewTask,
    now: Timestamp,
) -> Outcome<HeldReport> {
    let held = decide(
        connection,
        uuid,
        HeldState::Assigned,
        by,
        Some(&new.node_uuid),
        now,
    )?;
    if *identity != NodePatch::default() {
        nodes::update(connection, new.node_id, identity, now)?;
    }
    reports::start_reapply(connection, new.node_id, Some(raw), new, task, now)?;
    Ok(held)
}

/// Removes held reports, decided or not, whose last report came before this time.
pub(crate) fn prune(connection: &mut Conn, before: Timestamp) -> Outcome<i64> {
    let removed = diesel::delete(table::table)
        .filter(table::last_at.lt(naive(before)))
        .execute(connection)?;
    Ok(i64::try_from(removed).unwrap_or(i64::MAX))
}
