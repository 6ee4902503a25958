//! Introspections: beginning, events, phases. Every change is guarded by the state it starts from.

use assay_domain::{
    Error, Event, Introspection, IntrospectionState, NewTask, Phase, PhaseStamp, Timestamp,
};
use diesel::prelude::*;

use super::{Conn, tasks};
use crate::convert::{all, naive, parse};
use crate::fault::{Fault, Outcome};
use crate::rows::{IntrospectionRow, PhaseRow};
use crate::schema::{introspection_phases, introspections};
use crate::{Change, NewIntrospection};

/// How often an event is tried again when somebody else changed the state at the same time.
const ATTEMPTS: u32 = 5;

/// Begins an introspection with the task that drives it.
pub(crate) fn start(
    connection: &mut Conn,
    new: &NewIntrospection,
    task: Option<&NewTask>,
    now: Timestamp,
) -> Outcome<Introspection> {
    let event = match new.state {
        IntrospectionState::Reapplying => Event::Reapply,
        _ => Event::Start,
    };
    let mut row = begin(connection, new, event, now)?;
    if let Some(task) = task {
        own(connection, &mut row, task, &[], now)?;
    }
    row.try_into()
}

/// Makes a new introspection the node's current one, if the one before it has ended.
pub(crate) fn begin(
    connection: &mut Conn,
    new: &NewIntrospection,
    event: Event,
    now: Timestamp,
) -> Outcome<IntrospectionRow> {
    let before: Option<(i64, String)> = introspections::table
        .filter(introspections::node_id.eq(new.node_id))
        .filter(introspections::is_current)
        .select((introspections::id, introspections::state))
        .first(connection)
        .optional()?;
    if let Some((id, state)) = before {
        let replaced = parse::<IntrospectionState>(&state)?.after(event).is_ok()
            && diesel::update(introspections::table.find(id))
                .filter(introspections::state.eq(&state))
                .filter(introspections::is_current)
                .set(introspections::is_current.eq(false))
                .execute(connection)?
                == 1;
        if !replaced {
            return Err(running(new, &state));
        }
    }
    diesel::insert_into(introspections::table)
        .values((
            introspections::node_id.eq(new.node_id),
            introspections::node_uuid.eq(&new.node_uuid),
            introspections::state.eq(new.state.as_str()),
            introspections::started_at.eq(naive(now)),
            introspections::deadline.eq(naive(new.deadline)),
            introspections::manage_boot.eq(new.manage_boot),
            introspections::keep_power.eq(new.keep_power),
            introspections::requested_by.eq(&new.requested_by),
            introspections::is_current.eq(true),
        ))
        .returning(IntrospectionRow::as_returning())
        .get_result(connection)
        .map_err(|error| {
            let fault = Fault::from(error);
            if fault.is_duplicate("introspections", "node_") {
                return running(new, "just begun");
            }
            if fault.is_reference() {
                return Error::not_found("Node", &new.node_uuid).into();
            }
            fault
        })
}

fn running(new: &NewIntrospection, state: &str) -> Fault {
    Error::conflict(format!(
        "introspection of node {} is already running ({state})",
        new.node_uuid
    ))
    .into()
}

/// Applies an event with all that comes with it.
pub(crate) fn apply_event(
    connection: &mut Conn,
    id: i64,
    event: Event,
    change: &Change,
    now: Timestamp,
) -> Outcome<Introspection> {
    let mut row = advance(connection, id, event, change, now)?;
    for phase in &change.phases {
        stamp(connection, id, *phase, now)?;
    }
    if let Some(task) = &change.task {
        own(connection, &mut row, task, &[], now)?;
    }
    row.try_into()
}

/// Moves the state on by an event, as the state machine allows; of `change` it keeps error and
/// deadline.
pub(crate) fn advance(
    connection: &mut Conn,
    id: i64,
    event: Event,
    change: &Change,
    now: Timestamp,
) -> Outcome<IntrospectionRow> {
    for _ in 0..ATTEMPTS {
        let before: String = introspections::table
            .find(id)
            .select(introspections::state)
            .first(connection)
            .optional()?
            .ok_or_else(|| Error::not_found("Introspection", id))?;
        let after = parse::<IntrospectionState>(&before)?.after(event)?;
        let moved: Option<IntrospectionRow> = diesel::update(introspections::table.find(id))
            .filter(introspections::state.eq(&before))
            .set((
                introspections::state.eq(after.as_str()),
                introspections::finished_at.eq(after.is_final().then(|| naive(now))),
                change
                    .error
                    .as_ref()
                    .map(|text| introspections::error.eq(text)),
                change
                    .deadline
                    .map(|deadline| introspections::deadline.eq(naive(deadline))),
            ))
            .returning(IntrospectionRow::as_returning())
            .get_result(connection)
            .optional()?;
        if let Some(row) = moved {
            return Ok(row);
        }
    }
    Err(Error::conflict("the introspection changes too often at the moment").into())
}

/// Holds the state as it is until the end of the transaction, if it allows `event`.
pub(crate) fn hold(connection: &mut Conn, id: i64, event: Event) -> Outcome<IntrospectionRow> {
    let row: IntrospectionRow = diesel::update(introspections::table.find(id))
        .set(introspections::node_id.eq(introspections::node_id))
        .returning(IntrospectionRow::as_returning())
        .get_result(connection)
        .optional()?
        .ok_or_else(|| Error::not_found("Introspection", id))?;
    parse::<IntrospectionState>(&row.state)?.after(event)?;
    Ok(row)
}

/// Stores a task and makes it the introspection's owner.
pub(crate) fn own(
    connection: &mut Conn,
    row: &mut IntrospectionRow,
    task: &NewTask,
    facts: &[(&str, i64)],
    now: Timestamp,
) -> Outcome<()> {
    let mut all = vec![("introspection_id", row.id)];
    all.extend_from_slice(facts);
    let task_id = tasks::insert(connection, task, &all, now)?.id;
    diesel::update(introspections::table.find(row.id))
        .set(introspections::task_id.eq(task_id))
        .execute(connection)?;
    row.task_id = Some(task_id);
    Ok(())
}

/// Stamps a phase; the first stamp stays.
pub(crate) fn stamp(connection: &mut Conn, id: i64, phase: Phase, now: Timestamp) -> Outcome<()> {
    diesel::insert_into(introspection_phases::table)
        .values((
            introspection_phases::introspection_id.eq(id),
            introspection_phases::phase.eq(phase.as_str()),
            introspection_phases::reached_at.eq(naive(now)),
        ))
        .on_conflict((
            introspection_phases::introspection_id,
            introspection_phases::phase,
        ))
        .do_nothing()
        .execute(connection)
        .map_err(|error| {
            let fault = Fault::from(error);
            if fault.is_reference() {
                return Error::not_found("Introspection", id).into();
            }
            fault
        })?;
    Ok(())
}

/// The phases that were reached, in order of time.
pub(crate) fn phases(connection: &mut Conn, id: i64) -> Outcome<Vec<PhaseStamp>> {
    let rows: Vec<PhaseRow> = introspection_phases::table
        .filter(introspection_phases::introspection_id.eq(id))
        .select(PhaseRow::as_select())
        .order((introspection_phases::reached_at, introspection_phases::id))
        .load(connection)?;
    all(rows)
}
