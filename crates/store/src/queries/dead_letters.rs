//! Dead letters: tasks that were given up and messages that nobody understood; and their return.

use assay_domain::{
    DeadLetter, Error, NewDeadLetter, Page, PowerActionState, Task, TaskStatus, Timestamp,
};
use chrono::NaiveDateTime;
use diesel::prelude::*;

use super::{Conn, introspections, task_ends};
use crate::convert::{all, naive};
use crate::fault::Outcome;
use crate::rows::{DeadLetterRow, TaskRow};
use crate::schema::{
    dead_letters, introspection_phases, introspections as introspections_table, power_actions,
    tasks,
};
use crate::types::{Change, Revival};

/// Puts a message among the dead letters.
pub(crate) fn add(connection: &mut Conn, new: &NewDeadLetter, now: Timestamp) -> Outcome<i64> {
    Ok(diesel::insert_into(dead_letters::table)
        .values((
            dead_letters::class.eq(&new.class),
            dead_letters::body.eq(&new.body),
            dead_letters::reason.eq(&new.reason),
            dead_letters::died_at.eq(naive(now)),
        ))
        .returning(dead_letters::id)
        .get_result(connection)?)
}

/// Ends a task that `owner` holds as failed, and puts it among the dead letters.
pub(crate) fn give_up(
    connection: &mut Conn,
    id: i64,
    owner: &str,
    reason: &str,
    now: Timestamp,
) -> Outcome<bool> {
    let failed = TaskStatus::Failure;
    if !task_ends::finish(connection, id, owner, failed, None, Some(reason), now)? {
        return Ok(false);
    }
    let (uuid, kind, class, payload): (String, String, String, String) = tasks::table
        .find(id)
        .select((tasks::uuid, tasks::kind, tasks::queue, tasks::payload))
        .first(connection)?;
    diesel::insert_into(dead_letters::table)
        .values((
            dead_letters::task_id.eq(id),
            dead_letters::task_uuid.eq(uuid),
            dead_letters::kind.eq(kind),
            dead_letters::class.eq(class),
            dead_letters::body.eq(payload),
            dead_letters::reason.eq(reason),
            dead_letters::died_at.eq(naive(now)),
        ))
        .execute(connection)?;
    Ok(true)
}

/// Dead letters, newest first.
pub(crate) fn list(connection: &mut Conn, page: Page) -> Outcome<Vec<DeadLetter>> {
    let rows: Vec<DeadLetterRow> = dead_letters::table
        .select(DeadLetterRow::as_select())
        .order(dead_letters::id.desc())
        .offset(page.offset)
        .limit(page.limit)
        .load(connection)?;
    all(rows)
}

/// The dead letter with that key.
pub(crate) fn find(connection: &mut Conn, id: i64) -> Outcome<Option<DeadLetter>> {
    let row: Option<DeadLetterRow> = dead_letters::table
        .find(id)
        .select(DeadLetterRow::as_select())
        .first(connection)
        .optional()?;
    row.map(DeadLetter::try_from).transpose()
}

/// Forgets a dead letter.
pub(crate) fn delete(connection: &mut Conn, id: i64) -> Outcome<()> {
    let deleted = diesel::delete(dead_letters::table.find(id)).execute(connection)?;
    if deleted == 0 {
        return Err(Error::not_found("Dead letter", id).into());
    }
    Ok(())
}

/// Forgets the dead letters that were redelivered before that time.
pub(crate) fn prune(connection: &mut Conn, before: Timestamp) -> Outcome<i64> {
    let old = dead_letters::table.filter(dead_letters::redelivered_at.lt(naive(before)));
    let removed = diesel::delete(old).execute(connection)?;
    Ok(i64::try_from(removed).unwrap_or(i64::MAX))
}

/// Gives the task of a dead letter to the workers again, with all of its attempts.
pub(crate) fn redeliver(
    connection: &mut Conn,
    id: i64,
    revival: &Revival,
    now: Timestamp,
) -> Outcome<Task> {
    let letter = find(connection, id)?.ok_or_else(|| Error::not_found("Dead letter", id))?;
    let marked = diesel::update(dead_letters::table.find(id))
        .filter(dead_letters::redelivered_at.is_null())
        .set(dead_letters::redelivered_at.eq(naive(now)))
        .execute(connection)?;
    if marked == 0 {
        return Err(refused(id, "it was redelivered already"));
    }
    let Some(task_id) = letter.task_id else {
        return Err(refused(id, "there is no task behind it"));
    };
    let again = diesel::update(tasks::table.find(task_id))
        .filter(tasks::status.eq(TaskStatus::Failure.as_str()))
        .set((
            tasks::status.eq(TaskStatus::Pending.as_str()),
            tasks::attempts.eq(0),
            tasks::run_after.eq(naive(now)),
            tasks::claimable_at.eq(naive(now)),
            tasks::announce_at.eq(naive(now)),
            tasks::error.eq(None::<String>),
            tasks::finished_at.eq(None::<NaiveDateTime>),
        ))
        .returning(TaskRow::as_returning())
        .get_result(connection)
        .optional()?;
    let Some(row) = again else {
        return Err(refused(id, "its task has not failed"));
    };
    revive(connection, task_id, revival, now)?;
    task_ends::add_message(
        connection,
        task_id,
        "redelivered from the dead letters",
        now,
    )?;
    row.try_into()
}

fn refused(id: i64, why: &str) -> crate::fault::Fault {
    Error::conflict(format!("dead letter {id} cannot be redelivered: {why}")).into()
}

/// Brings what the task works on back into a state in which the task can do its work.
fn revive(connection: &mut Conn, task_id: i64, revival: &Revival, now: Timestamp) -> Outcome<()> {
    match revival {
        Revival::Nothing => Ok(()),
        Revival::PowerAction { id } => revive_power_action(connection, *id),
        Revival::Introspection {
            id,
            event,
            deadline,
        } => {
            let current: Option<bool> = introspections_table::table
                .find(id)
                .select(introspections_table::is_current)
                .first(connection)
                .optional()?;
            if current != Some(true) {
                let text = "the node has had another introspection since";
                return Err(Error::conflict(text).into());
            }
            let change = Change {
                deadline: Some(*deadline),
                ..Change::default()
            };
            introspections::advance(connection, *id, *event, &change, now)?;
            if *event == assay_domain::Event::Restart {
                // The machine goes all of the way again.
                let stamps = introspection_phases::introspection_id.eq(id);
                diesel::delete(introspection_phases::table.filter(stamps)).execute(connection)?;
            }
            diesel::update(introspections_table::table.find(id))
                .set((
                    introspections_table::task_id.eq(task_id),
                    introspections_table::error.eq(None::<String>),
                ))
                .execute(connection)?;
            Ok(())
        }
    }
}

fn revive_power_action(connection: &mut Conn, id: i64) -> Outcome<()> {
    let open = [PowerActionState::Intended, PowerActionState::Failed].map(PowerActionState::as_str);
    let again = diesel::update(power_actions::table.find(id))
        .filter(power_actions::state.eq_any(open))
        .set((
            power_actions::state.eq(PowerActionState::Intended.as_str()),
            power_actions::error.eq(None::<String>),
            power_actions::finished_at.eq(None::<NaiveDateTime>),
        ))
        .execute(connection)?;
    if again == 0 {
        let text = "the power action is done, or its outcome is unknown: it is never repeated";
        return Err(Error::conflict(text).into());
    }
    Ok(())
}
