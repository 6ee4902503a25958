//! Histories: reports and phases of many introspections at a time, without the data of reports.

use assay_domain::{Page, PhaseStamp, Report, ReportKind};
use diesel::prelude::*;

use super::Conn;
use crate::fault::Outcome;
use crate::rows::{PhaseRow, ReportHead};
use crate::schema::{introspection_diagnoses, introspection_phases, reports};

/// A report without its data.
pub(crate) fn head(connection: &mut Conn, id: i64) -> Outcome<Option<Report>> {
    let head: Option<ReportHead> = reports::table
        .find(id)
        .select(ReportHead::as_select())
        .first(connection)
        .optional()?;
    Ok(head.map(Report::from))
}

/// The reports of a node that have that form, newest first.
pub(crate) fn keys(
    connection: &mut Conn,
    node_id: i64,
    kind: ReportKind,
    page: Page,
) -> Outcome<Vec<i64>> {
    let all = reports::table
        .filter(reports::node_id.eq(node_id))
        .select(reports::id)
        .order(reports::id.desc())
        .offset(page.offset)
        .limit(page.limit);
    Ok(match kind {
        ReportKind::Raw => all.load(connection)?,
        ReportKind::Processed => all
            .filter(reports::processed.is_not_null())
            .load(connection)?,
    })
}

/// The reports of these introspections, each with its introspection, by key.
pub(crate) fn of_introspections(
    connection: &mut Conn,
    introspections: &[i64],
) -> Outcome<Vec<(i64, i64)>> {
    Ok(reports::table
        .filter(reports::introspection_id.eq_any(introspections))
        .select((reports::introspection_id, reports::id))
        .order(reports::id)
        .load(connection)?)
}

/// The phases of these introspections, each with its introspection, in order of time.
pub(crate) fn phases_of(
    connection: &mut Conn,
    introspections: &[i64],
) -> Outcome<Vec<(i64, PhaseStamp)>> {
    let rows: Vec<PhaseRow> = introspection_phases::table
        .filter(introspection_phases::introspection_id.eq_any(introspections))
        .select(PhaseRow::as_select())
        .order((introspection_phases::reached_at, introspection_phases::id))
        .load(connection)?;
    rows.into_iter()
        .map(|row| Ok((row.introspection_id, row.try_into()?)))
        .collect()
}

/// The most likely cause that was found for each of these introspections.
pub(crate) fn causes_of(
    connection: &mut Conn,
    introspections: &[i64],
) -> Outcome<Vec<(i64, String)>> {
    let found: Vec<(i64, Option<String>)> = introspection_diagnoses::table
        .filter(introspection_diagnoses::introspection_id.eq_any(introspections))
        .select((
            introspection_diagnoses::introspection_id,
            introspection_diagnoses::cause,
        ))
        .load(connection)?;
    let causes = found.into_iter();
    Ok(causes
        .filter_map(|(id, cause)| cause.map(|cause| (id, cause)))
        .collect())
}
