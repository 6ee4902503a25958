//! Diagnoses: which introspections have to be looked at, and what was concluded.

use std::collections::HashMap;

use assay_domain::{
    Diagnosis, Introspection, IntrospectionState, NewTask, Page, Phase, PhaseStamp, Stuck, Task,
    Timestamp,
};
use diesel::dsl::count_star;
use diesel::prelude::*;

use super::{Conn, tasks};
use crate::convert::naive;
use crate::fault::Outcome;
use crate::rows::{DiagnosisRow, IntrospectionRow, PhaseRow, TaskRow, findings_text};
use crate::schema::{
    introspection_diagnoses as diagnoses, introspection_phases as phases, introspections, nodes,
    tasks as tasks_table,
};

/// States in which a phase is waited for.
fn on_their_way() -> [&'static str; 4] {
    use IntrospectionState as S;
    [S::Starting, S::Waiting, S::Processing, S::Reapplying].map(S::as_str)
}

/// Introspections that wait for a phase and began before that time, with the phases that they have
/// reached, in the order of their keys after `after`.
pub(crate) fn waiting(
    connection: &mut Conn,
    began_before: Timestamp,
    after: i64,
    limit: i64,
) -> Outcome<Vec<(Introspection, Vec<PhaseStamp>)>> {
    let rows: Vec<IntrospectionRow> = introspections::table
        .filter(introspections::finished_at.is_null())
        .filter(introspections::state.eq_any(on_their_way()))
        .filter(introspections::started_at.le(naive(began_before)))
        .filter(introspections::id.gt(after))
        .select(IntrospectionRow::as_select())
        .order(introspections::id)
        .limit(limit)
        .load(connection)?;
    let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
    let stamps: Vec<PhaseRow> = phases::table
        .filter(phases::introspection_id.eq_any(ids))
        .select(PhaseRow::as_select())
        .order((phases::reached_at, phases::id))
        .load(connection)?;
    let mut by_introspection: HashMap<i64, Vec<PhaseStamp>> = HashMap::new();
    for stamp in stamps {
        let found = by_introspection.entry(stamp.introspection_id).or_default();
        found.push(stamp.try_into()?);
    }
    rows.into_iter()
        .map(|row| {
            let stamps = by_introspection.remove(&row.id).unwrap_or_default();
            Ok((row.try_into()?, stamps))
        })
        .collect()
}

/// How many introspections wait for a machine that has not asked for its boot script.
pub(crate) fn count_awaiting_script(connection: &mut Conn) -> Outcome<i64> {
    Ok(introspections::table
        .filter(introspections::finished_at.is_null())
        .filter(introspections::state.eq(IntrospectionState::Waiting.as_str()))
        .filter(introspections::nonce_hash.is_null())
        .count()
        .get_result(connection)?)
}

/// Has a diagnosis made, unless one of the same phase was asked for since `fresh`; whether it did.
pub(crate) fn ask(
    connection: &mut Conn,
    wanted: &Diagnosis,
    fresh: Timestamp,
    task: &NewTask,
    now: Timestamp,
) -> Outcome<bool> {
    let known = find(connection, wanted.introspection_id)?;
    let same = known
        .as_ref()
        .is_some_and(|known| known.phase == wanted.phase && known.since == wanted.since);
    if same && known.is_some_and(|known| known.asked_at > fresh) {
        return Ok(false);
    }
    if same {
        diesel::update(diagnoses::table)
            .filter(diagnoses::introspection_id.eq(wanted.introspection_id))
            .set(diagnoses::asked_at.eq(naive(now)))
            .execute(connection)?;
    } else {
        keep(connection, wanted)?;
    }
    let facts = [("introspection_id", wanted.introspection_id)];
    tasks::insert(connection, task, &facts, now)?;
    Ok(true)
}

/// Keeps a diagnosis in place of the one before.
pub(crate) fn keep(connection: &mut Conn, made: &Diagnosis) -> Outcome<()> {
    let findings = findings_text(&made.findings)?;
    let cause = made.findings.first().map(|first| first.cause.as_str());
    let content = (
        diagnoses::phase.eq(made.phase.as_str()),
        diagnoses::since.eq(naive(made.since)),
        diagnoses::asked_at.eq(naive(made.asked_at)),
        diagnoses::made_at.eq(made.made_at.map(naive)),
        diagnoses::cause.eq(cause),
        diagnoses::findings.eq(&findings),
    );
    diesel::insert_into(diagnoses::table)
        .values((
            diagnoses::introspection_id.eq(made.introspection_id),
            content,
        ))
        .on_conflict(diagnoses::introspection_id)
        .do_update()
        .set(content)
        .execute(connection)?;
    Ok(())
}

/// The newest diagnosis of an introspection.
pub(crate) fn find(connection: &mut Conn, introspection_id: i64) -> Outcome<Option<Diagnosis>> {
    let row: Option<DiagnosisRow> = diagnoses::table
        .filter(diagnoses::introspection_id.eq(introspection_id))
        .select(DiagnosisRow::as_select())
        .first(connection)
        .optional()?;
    row.map(Diagnosis::try_from).transpose()
}

/// Introspections that run and have reached no phase since they were found to be late, those that
/// have waited longest first.
pub(crate) fn stuck(
    connection: &mut Conn,
    phase: Option<Phase>,
    cause: Option<&str>,
    page: Page,
) -> Outcome<Vec<Stuck>> {
    let progress = phases::table
        .filter(phases::introspection_id.eq(introspections::id))
        .filter(phases::reached_at.gt(diagnoses::since));
    let mut query = diagnoses::table
        .inner_join(introspections::table.on(introspections::id.eq(diagnoses::introspection_id)))
        .inner_join(nodes::table.on(nodes::id.eq(introspections::node_id)))
        .filter(introspections::finished_at.is_null())
        .filter(introspections::state.eq_any(on_their_way()))
        .filter(diesel::dsl::not(diesel::dsl::exists(progress)))
        .select((
            DiagnosisRow::as_select(),
            nodes::id,
            nodes::uuid,
            nodes::name,
        ))
        .into_boxed();
    if let Some(phase) = phase {
        query = query.filter(diagnoses::phase.eq(phase.as_str()));
    }
    if let Some(cause) = cause {
        query = query.filter(diagnoses::cause.eq(cause.to_owned()));
    }
    let rows: Vec<(DiagnosisRow, i64, String, Option<String>)> = query
        .order((diagnoses::since, diagnoses::id))
        .offset(page.offset)
        .limit(page.limit)
        .load(connection)?;
    rows.into_iter()
        .map(|(row, node_id, node_uuid, node_name)| {
            Ok(Stuck {
                node_id,
                node_uuid,
                node_name,
                diagnosis: row.try_into()?,
            })
        })
        .collect()
}

/// How many introspections are stuck, by phase and by the key of the most likely cause.
pub(crate) fn count_stuck(connection: &mut Conn) -> Outcome<Vec<(String, Option<String>, i64)>> {
    let progress = phases::table
        .filter(phases::introspection_id.eq(introspections::id))
        .filter(phases::reached_at.gt(diagnoses::since));
    Ok(diagnoses::table
        .inner_join(introspections::table.on(introspections::id.eq(diagnoses::introspection_id)))
        .filter(introspections::finished_at.is_null())
        .filter(introspections::state.eq_any(on_their_way()))
        .filter(diesel::dsl::not(diesel::dsl::exists(progress)))
        .group_by((diagnoses::phase, diagnoses::cause))
        .select((diagnoses::phase, diagnoses::cause, count_star()))
        .load(connection)?)
}

/// The task that drives an introspection.
pub(crate) fn owner(connection: &mut Conn, introspection_id: i64) -> Outcome<Option<Task>> {
    let row: Option<TaskRow> = introspections::table
        .inner_join(tasks_table::table.on(introspections::task_id.eq(tasks_table::id.nullable())))
        .filter(introspections::id.eq(introspection_id))
        .select(TaskRow::as_select())
        .first(connection)
        .optional()?;
    row.map(Task::try_from).transpose()
}

/// How many tasks of a class workers hold now.
pub(crate) fn running(connection: &mut Conn, class: &str, now: Timestamp) -> Outcome<i64> {
    Ok(tasks_table::table
        .filter(tasks_table::queue.eq(class))
        .filter(tasks_table::lease_owner.is_not_null())
        .filter(tasks_table::lease_expires.gt(naive(now)))
        .count()
        .get_result(connection)?)
}
