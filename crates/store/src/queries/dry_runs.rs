//! Dry runs: their beginning, progress and end. Each step is guarded by state and cursor, so that
//! a worker that was given up for dead cannot count anything twice.

use assay_domain::{
    DryRun, DryRunCounts, DryRunState, NewDryRun, NewTask, Page, TaskStatus, Timestamp,
};
use diesel::dsl::max;
use diesel::prelude::*;

use super::{Conn, task_ends, tasks as task_queries};
use crate::convert::{naive, to_json};
use crate::dry_runs::NewResult;
use crate::fault::Outcome;
use crate::rows::{DryRunRow, rules_text};
use crate::schema::{dry_run_results, dry_runs, reports, tasks};

const OPEN: [&str; 2] = ["waiting", "running"];
/// How many rows one statement inserts: SQLite allows 32,766 values in one.
const AT_ONCE: usize = 500;

/// Stores a dry run and the task that does it.
pub(crate) fn create(
    connection: &mut Conn,
    new: &NewDryRun,
    task: &NewTask,
    now: Timestamp,
) -> Outcome<DryRun> {
    let task = task_queries::insert(connection, task, &[], now)?;
    let up_to: Option<i64> = reports::table.select(max(reports::id)).first(connection)?;
    let row: DryRunRow = diesel::insert_into(dry_runs::table)
        .values((
            dry_runs::uuid.eq(&new.uuid),
            dry_runs::task_id.eq(task.id),
            dry_runs::rules.eq(rules_text(&new.rules)?),
            dry_runs::reports.eq(new.reports.as_str()),
            dry_runs::scope.eq(&new.scope),
            dry_runs::state.eq(DryRunState::Waiting.as_str()),
            dry_runs::up_to.eq(up_to.unwrap_or(0)),
            dry_runs::cursor_id.eq(0),
            dry_runs::total.eq(0),
            dry_runs::done.eq(0),
            dry_runs::counts.eq(to_json(&DryRunCounts::default())?),
            dry_runs::requested_by.eq(&new.requested_by),
            dry_runs::created_at.eq(naive(now)),
        ))
        .returning(DryRunRow::as_returning())
        .get_result(connection)?;
    row.with_task(task.uuid)
}

/// Marks a run as begun by a worker, or as taken over by another one.
pub(crate) fn begin(connection: &mut Conn, id: i64, total: i64, now: Timestamp) -> Outcome<bool> {
    let begun = diesel::update(dry_runs::table.find(id))
        .filter(dry_runs::state.eq_any(OPEN))
        .filter(dry_runs::started_at.is_null())
        .set((
            dry_runs::state.eq(DryRunState::Running.as_str()),
            dry_runs::started_at.eq(naive(now)),
            dry_runs::total.eq(total),
        ))
        .execute(connection)?;
    Ok(begun == 1)
}

/// Adds the results of some reports; false when the run has ended, or somebody else went on.
pub(crate) fn advance(
    connection: &mut Conn,
    run: &DryRun,
    cursor: i64,
    results: &[NewResult],
) -> Outcome<bool> {
    let moved = diesel::update(dry_runs::table.find(run.id))
        .filter(dry_runs::state.eq(DryRunState::Running.as_str()))
        .filter(dry_runs::cursor_id.eq(run.cursor))
        .set((
            dry_runs::cursor_id.eq(cursor),
            dry_runs::done.eq(run.done),
            dry_runs::counts.eq(to_json(&run.counts)?),
        ))
        .execute(connection)?;
    if moved == 0 {
        return Ok(false);
    }
    for some in results.chunks(AT_ONCE) {
        let rows: Vec<_> = some
            .iter()
            .map(|result| {
                (
                    dry_run_results::dry_run_id.eq(run.id),
                    dry_run_results::report_id.eq(result.report_id),
                    dry_run_results::node_uuid.eq(&result.node_uuid),
                    dry_run_results::trace.eq(&result.trace),
                )
            })
            .collect();
        diesel::insert_into(dry_run_results::table)
            .values(&rows)
            .execute(connection)?;
    }
    Ok(true)
}

/// Ends a run; false when it has ended already.
pub(crate) fn end(
    connection: &mut Conn,
    id: i64,
    state: DryRunState,
    error: Option<&str>,
    now: Timestamp,
) -> Outcome<bool> {
    let ended = diesel::update(dry_runs::table.find(id))
        .filter(dry_runs::state.eq_any(OPEN))
        .set((
            dry_runs::state.eq(state.as_str()),
            dry_runs::error.eq(error),
            dry_runs::finished_at.eq(naive(now)),
        ))
        .execute(connection)?;
    Ok(ended == 1)
}

/// Cancels a run, and its task when no worker has it.
pub(crate) fn cancel(connection: &mut Conn, run: &DryRun, now: Timestamp) -> Outcome<bool> {
    let cancelled = end(connection, run.id, DryRunState::Cancelled, None, now)?;
    if cancelled {
        task_ends::revoke(connection, &run.task, now)?;
    }
    Ok(cancelled)
}

/// Removes an ended run with its results; false when there is none.
pub(crate) fn delete(connection: &mut Conn, id: i64) -> Outcome<bool> {
    let removed = diesel::delete(dry_runs::table.find(id))
        .filter(dry_runs::finished_at.is_not_null())
        .execute(connection)?;
    Ok(removed == 1)
}

/// A run whose end nobody wrote down, because its task was ended by others, has ended like it.
fn truthful(found: (DryRunRow, String, String, Option<String>)) -> Outcome<DryRun> {
    let (row, task, status, error) = found;
    let mut run = row.with_task(task)?;
    if !run.state.is_final() {
        let ended = [
            TaskStatus::Revoked,
            TaskStatus::Failure,
            TaskStatus::Success,
        ];
        match ended.into_iter().find(|known| known.as_str() == status) {
            Some(TaskStatus::Revoked) => run.state = DryRunState::Cancelled,
            Some(_) => {
                run.state = DryRunState::Failed;
                run.error = error.or_else(|| Some("its task ended without it".to_owned()));
            }
            None => {}
        }
    }
    Ok(run)
}

/// The run with that UUID.
pub(crate) fn find(connection: &mut Conn, uuid: &str) -> Outcome<Option<DryRun>> {
    dry_runs::table
        .inner_join(tasks::table)
        .filter(dry_runs::uuid.eq(uuid))
        .select((
            DryRunRow::as_select(),
            tasks::uuid,
            tasks::status,
            tasks::error,
        ))
        .first(connection)
        .optional()?
        .map(truthful)
        .transpose()
}

/// Runs, newest first.
pub(crate) fn list(connection: &mut Conn, page: Page) -> Outcome<Vec<DryRun>> {
    let rows: Vec<(DryRunRow, String, String, Option<String>)> = dry_runs::table
        .inner_join(tasks::table)
        .select((
            DryRunRow::as_select(),
            tasks::uuid,
            tasks::status,
            tasks::error,
        ))
        .order(dry_runs::id.desc())
        .offset(page.offset)
        .limit(page.limit)
        .load(connection)?;
    rows.into_iter().map(truthful).collect()
}

/// Whether a run has not ended.
pub(crate) fn is_open(connection: &mut Conn, id: i64) -> Outcome<bool> {
    let found: Option<i64> = dry_runs::table
        .find(id)
        .filter(dry_runs::state.eq_any(OPEN))
        .select(dry_runs::id)
        .first(connection)
        .optional()?;
    Ok(found.is_some())
}
