//! Alarms: raised once per kind and subject, counted up while open, acknowledged.

use assay_domain::{Alarm, Error, NewAlarm, Page, Timestamp};
use diesel::prelude::*;

use super::{Backend, Conn};
use crate::convert::{all, naive, to_json};
use crate::fault::Outcome;
use crate::rows::AlarmRow;
use crate::schema::{alarms, nodes};

/// How often raising is tried again when somebody else raises or acknowledges the same alarm.
const ATTEMPTS: u32 = 5;

/// Raises an alarm, or counts the open one of the same kind and subject up.
pub(crate) fn raise(connection: &mut Conn, new: &NewAlarm, now: Timestamp) -> Outcome<Alarm> {
    let node_id = existing_node(connection, new.node_id)?;
    for _ in 0..ATTEMPTS {
        if let Some(row) = count_up(connection, new, now)? {
            return row.try_into();
        }
        let inserted = diesel::insert_into(alarms::table)
            .values((
                alarms::kind.eq(new.kind.as_str()),
                alarms::subject.eq(&new.subject),
                alarms::node_id.eq(node_id),
                alarms::text.eq(&new.text),
                alarms::evidence.eq(to_json(&new.evidence)?),
                alarms::first_at.eq(naive(now)),
                alarms::last_at.eq(naive(now)),
                alarms::count.eq(1),
            ))
            .on_conflict_do_nothing()
            .execute(connection)?;
        if inserted == 1 {
            let row: AlarmRow = open_one(new)
                .select(AlarmRow::as_select())
                .first(connection)?;
            return row.try_into();
        }
    }
    Err(Error::conflict("the alarm changes too often at the moment").into())
}

fn count_up(connection: &mut Conn, new: &NewAlarm, now: Timestamp) -> Outcome<Option<AlarmRow>> {
    let open = alarms::table
        .filter(alarms::kind.eq(new.kind.as_str()))
        .filter(alarms::subject.eq(&new.subject))
        .filter(alarms::acknowledged_at.is_null());
    Ok(diesel::update(open)
        .set((
            alarms::text.eq(&new.text),
            alarms::evidence.eq(to_json(&new.evidence)?),
            alarms::last_at.eq(naive(now)),
            alarms::count.eq(alarms::count + 1),
        ))
        .returning(AlarmRow::as_returning())
        .get_result(connection)
        .optional()?)
}

fn open_one(new: &NewAlarm) -> alarms::BoxedQuery<'_, Backend> {
    alarms::table
        .filter(alarms::kind.eq(new.kind.as_str()))
        .filter(alarms::subject.eq(&new.subject))
        .filter(alarms::acknowledged_at.is_null())
        .into_boxed()
}

/// The node may be deleted while its alarm is raised.
fn existing_node(connection: &mut Conn, id: Option<i64>) -> Outcome<Option<i64>> {
    match id {
        None => Ok(None),
        Some(id) => Ok(nodes::table
            .find(id)
            .select(nodes::id)
            .first(connection)
            .optional()?),
    }
}

/// Marks an alarm as seen; `None` when there is no such alarm.
pub(crate) fn acknowledge(
    connection: &mut Conn,
    id: i64,
    by: &str,
    now: Timestamp,
) -> Outcome<Option<Alarm>> {
    diesel::update(alarms::table.find(id))
        .filter(alarms::acknowledged_at.is_null())
        .set((
            alarms::acknowledged_by.eq(by),
            alarms::acknowledged_at.eq(naive(now)),
        ))
        .execute(connection)?;
    find(connection, id)
}

/// The alarm with that key.
pub(crate) fn find(connection: &mut Conn, id: i64) -> Outcome<Option<Alarm>> {
    let row: Option<AlarmRow> = alarms::table
        .find(id)
        .select(AlarmRow::as_select())
        .first(connection)
        .optional()?;
    row.map(Alarm::try_from).transpose()
}

/// Alarms, newest first: the open ones, the acknowledged ones, or all.
pub(crate) fn list(connection: &mut Conn, open: Option<bool>, page: Page) -> Outcome<Vec<Alarm>> {
    let mut query = alarms::table.into_boxed::<Backend>();
    query = match open {
        None => query,
        Some(true) => query.filter(alarms::acknowledged_at.is_null()),
        Some(false) => query.filter(alarms::acknowledged_at.is_not_null()),
    };
    let rows: Vec<AlarmRow> = query
        .select(AlarmRow::as_select())
        .order(alarms::id.desc())
        .offset(page.offset)
        .limit(page.limit)
        .load(connection)?;
    all(rows)
}

/// How many alarms are open.
pub(crate) fn count_open(connection: &mut Conn) -> Outcome<i64> {
    Ok(alarms::table
        .filter(alarms::acknowledged_at.is_null())
        .count()
        .get_result(connection)?)
}

/// Removes alarms that were acknowledged before this time.
pub(crate) fn prune(connection: &mut Conn, before: Timestamp) -> Outcome<i64> {
    let removed = diesel::delete(alarms::table)
        .filter(alarms::acknowledged_at.lt(naive(before)))
        .execute(connection)?;
    Ok(i64::try_from(removed).unwrap_or(i64::MAX))
}
