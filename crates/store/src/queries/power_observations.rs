//! What was read of the power of nodes, and whose turn it is to be read.

use std::collections::BTreeMap;

use assay_domain::power_observation::{MISSES_TO_UNREACHABLE, OUTSIDE, ReadingPace};
use assay_domain::{
    DueReading, OutsideChange, PowerActionState, PowerObservation, PowerReading, PowerState,
    Timestamp,
};
use chrono::{DateTime, DurationRound, NaiveDateTime, TimeDelta};
use diesel::prelude::*;

use super::{Conn, nodes};
use crate::convert::{all, naive};
use crate::fault::Outcome;
use crate::rows::PowerObservationRow;
use crate::schema::{node_power_controls, power_actions, power_observations};

/// How exactly it is kept when a state was confirmed.
const TENTH: TimeDelta = TimeDelta::milliseconds(100);

/// Has a node's power read as soon as possible.
pub(crate) fn read_soon(connection: &mut Conn, node_id: i64) -> Outcome<()> {
    let next_at = power_observations::next_at.eq(at_once());
    diesel::insert_into(power_observations::table)
        .values((
            power_observations::node_id.eq(node_id),
            power_observations::misses.eq(0),
            next_at,
        ))
        .on_conflict(power_observations::node_id)
        .do_update()
        .set(next_at)
        .execute(connection)?;
    Ok(())
}

/// Has a node's power read as soon as possible, if it is read at all.
pub(crate) fn read_sooner(connection: &mut Conn, node_id: i64) -> Outcome<()> {
    diesel::update(power_observations::table.filter(power_observations::node_id.eq(node_id)))
        .set(power_observations::next_at.eq(at_once()))
        .execute(connection)?;
    Ok(())
}

/// Has the nodes of a power control read as soon as possible.
pub(crate) fn read_nodes_of_soon(connection: &mut Conn, control_id: i64) -> Outcome<()> {
    let of_control = node_power_controls::table
        .filter(node_power_controls::power_control_id.eq(control_id))
        .select(node_power_controls::node_id);
    diesel::update(
        power_observations::table.filter(power_observations::node_id.eq_any(of_control)),
    )
    .set(power_observations::next_at.eq(at_once()))
    .execute(connection)?;
    Ok(())
}

/// Before any time: it is read next.
fn at_once() -> NaiveDateTime {
    DateTime::UNIX_EPOCH.naive_utc()
}

/// Forgets what was read of a node that nothing can read any more.
pub(crate) fn forget(connection: &mut Conn, node_id: i64) -> Outcome<()> {
    let of_node = power_observations::table.filter(power_observations::node_id.eq(node_id));
    diesel::delete(of_node).execute(connection)?;
    Ok(())
}

/// Hands out nodes whose turn it is, and sets when each is due again: those that answered last
/// (`living`), or those that did not.
pub(crate) fn claim(
    connection: &mut Conn,
    living: bool,
    limit: i64,
    pace: &ReadingPace,
    now: Timestamp,
) -> Outcome<Vec<DueReading>> {
    use power_observations::{misses, next_at, node_id, table};
    let due = table
        .filter(next_at.le(naive(now)))
        .order(next_at)
        .limit(limit)
        .select((node_id, misses));
    let mut due: Vec<(i64, i32)> = if living {
        due.filter(misses.eq(0)).load(connection)?
    } else {
        due.filter(misses.gt(0)).load(connection)?
    };
    due.sort_by_key(|(_, missed)| *missed);
    let mut claimed = Vec::new();
    for group in due.chunk_by(|one, other| one.1 == other.1) {
        let Some((_, missed)) = group.first() else {
            continue;
        };
        let ids = group.iter().map(|(id, _)| *id);
        // Another process may have been handed some of them since they were looked up.
        let still_due = table
            .filter(node_id.eq_any(ids))
            .filter(next_at.le(naive(now)));
        let taken: Vec<i64> = diesel::update(still_due)
            .set(next_at.eq(naive(pace.next(*missed, now))))
            .returning(node_id)
            .get_results(connection)?;
        claimed.extend(taken.into_iter().map(|id| DueReading {
            node_id: id,
            misses: *missed,
        }));
    }
    Ok(claimed)
}

/// Keeps readings; gives the changes that Assay did not cause, which have become part of the history.
pub(crate) fn keep(
    connection: &mut Conn,
    readings: &[PowerReading],
    now: Timestamp,
) -> Outcome<Vec<OutsideChange>> {
    let known = of_nodes(connection, readings.iter().map(|reading| reading.node_id))?;
    let mut confirmed = Vec::new();
    let mut changes = Vec::new();
    for reading in readings {
        let Some(before) = known.iter().find(|one| one.node_id == reading.node_id) else {
            continue;
        };
        match &reading.outcome {
            Ok(state) if before.state == Some(*state) && before.misses == 0 => {
                confirmed.push(reading);
            }
            Ok(state) => changes.extend(found(connection, before, reading, *state, now)?),
            Err(error) => missed(connection, before, error, now)?,
        }
    }
    confirm(connection, &confirmed)?;
    Ok(changes)
}

/// What is known of the power of these nodes.
pub(crate) fn of_nodes(
    connection: &mut Conn,
    ids: impl Iterator<Item = i64>,
) -> Outcome<Vec<PowerObservation>> {
    let rows: Vec<PowerObservationRow> = power_observations::table
        .filter(power_observations::node_id.eq_any(ids.collect::<Vec<_>>()))
        .select(PowerObservationRow::as_select())
        .load(connection)?;
    all(rows)
}

/// How many nodes are read, how many of them count as unreachable, and the oldest time at which one of
/// the others was read; none when one of them never was.
pub(crate) fn summary(connection: &mut Conn) -> Outcome<(i64, i64, Option<NaiveDateTime>)> {
    use power_observations::{misses, observed_at, table};
    let nodes: i64 = table.count().get_result(connection)?;
    let unreachable: i64 = table
        .filter(misses.ge(MISSES_TO_UNREACHABLE))
        .count()
        .get_result(connection)?;
    let never: i64 = table
        .filter(misses.lt(MISSES_TO_UNREACHABLE))
        .filter(observed_at.is_null())
        .count()
        .get_result(connection)?;
    let oldest: Option<NaiveDateTime> = table
        .filter(misses.lt(MISSES_TO_UNREACHABLE))
        .select(diesel::dsl::min(observed_at))
        .get_result(connection)?;
    Ok((nodes, unreachable, oldest.filter(|_| never == 0)))
}

/// The same states once more, kept together when they began within the same tenth of a second.
fn confirm(connection: &mut Conn, readings: &[&PowerReading]) -> Outcome<()> {
    let mut by_time: BTreeMap<NaiveDateTime, Vec<i64>> = BTreeMap::new();
    for reading in readings {
        let time = naive(reading.began_at);
        let time = time.duration_trunc(TENTH).unwrap_or(time);
        by_time.entry(time).or_default().push(reading.node_id);
    }
    for (time, ids) in by_time {
        diesel::update(power_observations::table.filter(power_observations::node_id.eq_any(ids)))
            .set(power_observations::observed_at.eq(Some(time)))
            .execute(connection)?;
    }
    Ok(())
}

/// A state that was not the known one, or the first after failures. A reading from before the end of a
/// command of ours tells nothing about what is now.
fn found(
    connection: &mut Conn,
    before: &PowerObservation,
    reading: &PowerReading,
    state: PowerState,
    now: Timestamp,
) -> Outcome<Option<OutsideChange>> {
    let node_id = before.node_id;
    if is_commanded(connection, node_id, reading.began_at)? {
        return Ok(None);
    }
    nodes::set_power_state(connection, node_id, Some(state), now)?;
    observe(connection, node_id, state, reading.began_at)?;
    let is_change = before.state.is_some_and(|known| known != state);
    let change = is_change.then_some(OutsideChange { node_id, state });
    if let Some(change) = change {
        record(connection, change, reading.began_at)?;
    }
    Ok(change)
}

/// Whether a command of ours is under way, or ended after that time.
fn is_commanded(connection: &mut Conn, node_id: i64, since: Timestamp) -> Outcome<bool> {
    let commands = power_actions::table
        .filter(power_actions::node_id.eq(node_id))
        .filter(
            power_actions::finished_at
                .is_null()
                .or(power_actions::finished_at.ge(Some(naive(since)))),
        );
    Ok(diesel::select(diesel::dsl::exists(commands)).get_result(connection)?)
}

/// Keeps the state that a command has brought a machine into.
pub(crate) fn reached(
    connection: &mut Conn,
    node_id: i64,
    state: Option<PowerState>,
    now: Timestamp,
) -> Outcome<()> {
    nodes::set_power_state(connection, node_id, state, now)?;
    match state {
        Some(state) => observe(connection, node_id, state, now),
        None => Ok(()),
    }
}

fn observe(connection: &mut Conn, node_id: i64, state: PowerState, at: Timestamp) -> Outcome<()> {
    let of_node = power_observations::table.filter(power_observations::node_id.eq(node_id));
    diesel::update(of_node)
        .set((
            power_observations::state.eq(state.as_str()),
            power_observations::observed_at.eq(naive(at)),
            power_observations::misses.eq(0),
            power_observations::error.eq(None::<String>),
            power_observations::missed_since.eq(None::<NaiveDateTime>),
        ))
        .execute(connection)?;
    Ok(())
}

fn missed(
    connection: &mut Conn,
    before: &PowerObservation,
    error: &str,
    now: Timestamp,
) -> Outcome<()> {
    let of_node = power_observations::table.filter(power_observations::node_id.eq(before.node_id));
    diesel::update(of_node)
        .set((
            power_observations::misses.eq(before.misses.saturating_add(1)),
            power_observations::error.eq(error),
            power_observations::missed_since.eq(naive(before.missed_since.unwrap_or(now))),
        ))
        .execute(connection)?;
    Ok(())
}

fn record(connection: &mut Conn, change: OutsideChange, at: Timestamp) -> Outcome<()> {
    diesel::insert_into(power_actions::table)
        .values((
            power_actions::node_id.eq(change.node_id),
            power_actions::command.eq(change.command().as_str()),
            power_actions::state.eq(PowerActionState::Done.as_str()),
            power_actions::user_name.eq(OUTSIDE),
            power_actions::start_time.eq(naive(at)),
            power_actions::finished_at.eq(naive(at)),
        ))
        .execute(connection)?;
    Ok(())
}
