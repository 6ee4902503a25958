//! Reports: receiving, processing, reading. Data comes here compressed and leaves decompressed.

use assay_domain::{
    Error, Event, Introspection, NewTask, Page, Phase, Report, ReportKind, Timestamp,
};
use diesel::prelude::*;

use super::{Conn, fingerprints, introspections, nodes, ports};
use crate::compression::{Compressed, decompress};
use crate::convert::naive;
use crate::fault::Outcome;
use crate::rows::ReportHead;
use crate::schema::reports;
use crate::{Change, NewIntrospection, ProcessingOutcome};

/// Takes a report in: new state, report, phase and task.
pub(crate) fn receive(
    connection: &mut Conn,
    introspection_id: i64,
    raw: &Compressed,
    task: &NewTask,
    now: Timestamp,
) -> Outcome<(Introspection, i64)> {
    let change = Change::default();
    let mut row =
        introspections::advance(connection, introspection_id, Event::Process, &change, now)?;
    let report_id = insert(connection, row.id, row.node_id, raw, now)?;
    introspections::stamp(connection, row.id, Phase::Callback, now)?;
    introspections::own(connection, &mut row, task, &[("report_id", report_id)], now)?;
    Ok((row.try_into()?, report_id))
}

/// Begins to process the newest report of a node again, or the one that was given.
pub(crate) fn start_reapply(
    connection: &mut Conn,
    node_id: i64,
    data: Option<&Compressed>,
    new: &NewIntrospection,
    task: &NewTask,
    now: Timestamp,
) -> Outcome<Introspection> {
    let newest = match data {
        Some(_) => None,
        None => Some(
            newest(connection, node_id)?
                .ok_or_else(|| Error::not_found("Report", format!("of node {}", new.node_uuid)))?,
        ),
    };
    let mut row = introspections::begin(connection, new, Event::Reapply, now)?;
    let report_id = match (newest, data) {
        (Some(id), _) => id,
        (None, Some(data)) => insert(connection, row.id, node_id, data, now)?,
        (None, None) => return Err(Error::internal("no report to process again").into()),
    };
    introspections::own(connection, &mut row, task, &[("report_id", report_id)], now)?;
    row.try_into()
}

/// Stores what hooks and rules made of a report.
pub(crate) fn apply(
    connection: &mut Conn,
    outcome: &ProcessingOutcome,
    processed: &Compressed,
    now: Timestamp,
) -> Outcome<Introspection> {
    let id = outcome.introspection_id;
    let row = if outcome.finish {
        introspections::advance(connection, id, Event::Finish, &Change::default(), now)?
    } else {
        introspections::hold(connection, id, Event::Finish)?
    };
    introspections::stamp(connection, id, Phase::Hooks, now)?;
    introspections::stamp(connection, id, Phase::Rules, now)?;
    if outcome.node != assay_domain::NodePatch::default() {
        nodes::update(connection, outcome.node_id, &outcome.node, now)?;
    }
    ports::delete(connection, outcome.node_id, &outcome.delete_ports)?;
    for port in &outcome.update_ports {
        ports::change(connection, port.id, outcome.node_id, port)?;
    }
    ports::merge(connection, outcome.node_id, &outcome.add_ports)?;
    fingerprints::keep(connection, outcome.node_id, &outcome.machine, now)?;
    let kept = diesel::update(reports::table.find(outcome.report_id))
        .set(reports::processed.eq(&processed.bytes))
        .execute(connection)?;
    if kept == 0 {
        return Err(Error::not_found("Report", outcome.report_id).into());
    }
    prune(connection, outcome.node_id, outcome.keep_reports)?;
    row.try_into()
}

/// Removes all reports of a node but the newest `keep`.
fn prune(connection: &mut Conn, node_id: i64, keep: i64) -> Outcome<()> {
    let oldest_kept: Option<i64> = reports::table
        .filter(reports::node_id.eq(node_id))
        .select(reports::id)
        .order(reports::id.desc())
        .offset(keep.max(1) - 1)
        .first(connection)
        .optional()?;
    if let Some(oldest) = oldest_kept {
        diesel::delete(
            reports::table
                .filter(reports::node_id.eq(node_id))
                .filter(reports::id.lt(oldest)),
        )
        .execute(connection)?;
    }
    Ok(())
}

/// One form of a report's data.
pub(crate) fn bytes(connection: &mut Conn, id: i64, kind: ReportKind) -> Outcome<Option<Vec<u8>>> {
    let report = reports::table.find(id);
    let data: Option<Vec<u8>> = match kind {
        ReportKind::Raw => report.select(reports::raw).first(connection).optional()?,
        ReportKind::Processed => report
            .select(reports::processed)
            .first(connection)
            .optional()?
            .flatten(),
    };
    data.map(|data| decompress(&data)).transpose()
}

/// A report with one form of its data, null when it does not have that form yet.
pub(crate) fn find(connection: &mut Conn, id: i64, kind: ReportKind) -> Outcome<Option<Report>> {
    let head: Option<ReportHead> = reports::table
        .find(id)
        .select(ReportHead::as_select())
        .first(connection)
        .optional()?;
    let Some(head) = head else {
        return Ok(None);
    };
    let mut report = Report::from(head);
    if let Some(data) = bytes(connection, id, kind)? {
        report.data = serde_json::from_slice(&data)?;
    }
    Ok(Some(report))
}

/// The newest report of a node that has that form.
pub(crate) fn latest(
    connection: &mut Conn,
    node_id: i64,
    kind: ReportKind,
) -> Outcome<Option<Report>> {
    match latest_id(connection, node_id, kind)? {
        Some(id) => find(connection, id, kind),
        None => Ok(None),
    }
}

/// That form of the newest report of a node that has it.
pub(crate) fn latest_bytes(
    connection: &mut Conn,
    node_id: i64,
    kind: ReportKind,
) -> Outcome<Option<Vec<u8>>> {
    match latest_id(connection, node_id, kind)? {
        Some(id) => bytes(connection, id, kind),
        None => Ok(None),
    }
}

fn latest_id(connection: &mut Conn, node_id: i64, kind: ReportKind) -> Outcome<Option<i64>> {
    match kind {
        ReportKind::Raw => newest(connection, node_id),
        ReportKind::Processed => Ok(reports::table
            .filter(reports::node_id.eq(node_id))
            .filter(reports::processed.is_not_null())
            .select(reports::id)
            .order(reports::id.desc())
            .first(connection)
            .optional()?),
    }
}

fn newest(connection: &mut Conn, node_id: i64) -> Outcome<Option<i64>> {
    Ok(reports::table
        .filter(reports::node_id.eq(node_id))
        .select(reports::id)
        .order(reports::id.desc())
        .first(connection)
        .optional()?)
}

/// The reports of a node without their data, newest first.
pub(crate) fn list(connection: &mut Conn, node_id: i64, page: Page) -> Outcome<Vec<Report>> {
    let rows: Vec<ReportHead> = reports::table
        .filter(reports::node_id.eq(node_id))
        .select(ReportHead::as_select())
        .order(reports::id.desc())
        .offset(page.offset)
        .limit(page.limit)
        .load(connection)?;
    Ok(rows.into_iter().map(Report::from).collect())
}

/// Stores a report as it arrived; gives its key.
pub(crate) fn insert(
    connection: &mut Conn,
    introspection_id: i64,
    node_id: i64,
    raw: &Compressed,
    now: Timestamp,
) -> Outcome<i64> {
    Ok(diesel::insert_into(reports::table)
        .values((
            reports::introspection_id.eq(introspection_id),
            reports::node_id.eq(node_id),
            reports::received_at.eq(naive(now)),
            reports::size.eq(raw.size),
            reports::raw.eq(&raw.bytes),
        ))
        .returning(reports::id)
        .get_result(connection)?)
}
