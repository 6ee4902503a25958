//! The history of power actions; each is stored before anything is sent.

use assay_domain::{Error, Page, PowerAction, PowerActionState, PowerCommand, Timestamp};
use diesel::dsl::count_star;
use diesel::prelude::*;

use super::{Backend, Conn, tasks};
use crate::convert::{all, naive, parse};
use crate::fault::{Fault, Outcome};
use crate::rows::PowerActionRow;
use crate::schema::{power_actions, tasks as tasks_table};
use crate::types::NewPowerAction;

/// Stores intents, each with the task that is to fulfil it.
pub(crate) fn create(
    connection: &mut Conn,
    new: &[NewPowerAction],
    now: Timestamp,
) -> Outcome<Vec<PowerAction>> {
    let mut actions = Vec::with_capacity(new.len());
    for new in new {
        let action = insert(connection, new, PowerActionState::Intended, now)?;
        tasks::insert(
            connection,
            &new.task,
            &[("power_action_id", action.id)],
            now,
        )?;
        actions.push(action);
    }
    Ok(actions)
}

fn insert(
    connection: &mut Conn,
    new: &NewPowerAction,
    state: PowerActionState,
    now: Timestamp,
) -> Outcome<PowerAction> {
    let output = new.output.as_ref();
    diesel::insert_into(power_actions::table)
        .values((
            power_actions::node_id.eq(new.node_id),
            power_actions::power_control_id.eq(output.map(|output| output.power_control_id)),
            power_actions::output.eq(output.map(|output| &output.port)),
            power_actions::command.eq(new.command.as_str()),
            power_actions::state.eq(state.as_str()),
            power_actions::user_name.eq(&new.user_name),
            power_actions::start_time.eq(naive(now)),
            power_actions::part_of.eq(&new.task.uuid),
            power_actions::batch.eq(&new.batch),
        ))
        .returning(PowerActionRow::as_returning())
        .get_result(connection)
        .map_err(|error| unknown_node(error, new.node_id.unwrap_or_default()))?
        .try_into()
}

/// Stores an action of a task that does it at once.
pub(crate) fn begin(
    connection: &mut Conn,
    node_id: i64,
    command: PowerCommand,
    user: &str,
    task_uuid: &str,
    now: Timestamp,
) -> Outcome<PowerAction> {
    diesel::insert_into(power_actions::table)
        .values((
            power_actions::node_id.eq(node_id),
            power_actions::command.eq(command.as_str()),
            power_actions::state.eq(PowerActionState::Sent.as_str()),
            power_actions::user_name.eq(user),
            power_actions::start_time.eq(naive(now)),
            power_actions::part_of.eq(task_uuid),
        ))
        .returning(PowerActionRow::as_returning())
        .get_result(connection)
        .map_err(|error| unknown_node(error, node_id))?
        .try_into()
}

fn unknown_node(error: diesel::result::Error, node_id: i64) -> Fault {
    let fault = Fault::from(error);
    if fault.is_reference() {
        return Error::not_found("Node", node_id).into();
    }
    fault
}

/// Ends the actions whose task has ended and left them open: what may have been sent is unknown,
/// what was not has failed.
pub(crate) fn end_orphans(connection: &mut Conn, now: Timestamp) -> Outcome<()> {
    use PowerActionState as S;
    for (open, ended, error) in [
        (
            S::Sent,
            S::Unknown,
            "outcome unknown: its worker died over it",
        ),
        (
            S::Intended,
            S::Failed,
            "nothing was sent: its task has ended before",
        ),
    ] {
        let of_ended = tasks_table::table
            .filter(tasks_table::status.ne_all(tasks::open()))
            .select(tasks_table::uuid.nullable());
        let orphans = power_actions::table
            .filter(power_actions::state.eq(open.as_str()))
            .filter(power_actions::part_of.eq_any(of_ended));
        diesel::update(orphans)
            .set((
                power_actions::state.eq(ended.as_str()),
                power_actions::error.eq(error),
                power_actions::finished_at.eq(naive(now)),
            ))
            .execute(connection)?;
    }
    Ok(())
}

/// Keeps how far an action has come; it has ended when it is done, failed or unknown.
pub(crate) fn set_state(
    connection: &mut Conn,
    id: i64,
    state: PowerActionState,
    error: Option<&str>,
    now: Timestamp,
) -> Outcome<()> {
    let ended = state.is_final().then(|| naive(now));
    let kept = diesel::update(power_actions::table.find(id))
        .set((
            power_actions::state.eq(state.as_str()),
            power_actions::error.eq(error),
            power_actions::finished_at.eq(ended),
        ))
        .execute(connection)?;
    if kept == 0 {
        return Err(Error::not_found("Power action", id).into());
    }
    Ok(())
}

/// The action with that key.
pub(crate) fn find(connection: &mut Conn, id: i64) -> Outcome<Option<PowerAction>> {
    let row: Option<PowerActionRow> = power_actions::table
        .find(id)
        .select(PowerActionRow::as_select())
        .first(connection)
        .optional()?;
    row.map(PowerAction::try_from).transpose()
}

/// The actions of a node, newest first.
pub(crate) fn of_node(
    connection: &mut Conn,
    node_id: i64,
    page: Page,
) -> Outcome<Vec<PowerAction>> {
    let rows: Vec<PowerActionRow> = power_actions::table
        .filter(power_actions::node_id.eq(node_id))
        .select(PowerActionRow::as_select())
        .order(power_actions::id.desc())
        .offset(page.offset)
        .limit(page.limit)
        .load(connection)?;
    all(rows)
}

/// The actions of a power control's outputs, newest first.
pub(crate) fn of_control(
    connection: &mut Conn,
    control_id: i64,
    page: Page,
) -> Outcome<Vec<PowerAction>> {
    let rows: Vec<PowerActionRow> = power_actions::table
        .filter(power_actions::power_control_id.eq(control_id))
        .select(PowerActionRow::as_select())
        .order(power_actions::id.desc())
        .offset(page.offset)
        .limit(page.limit)
        .load(connection)?;
    all(rows)
}

/// The actions of a request for many nodes, in the order in which they were stored; those in one
/// state only when it is given.
pub(crate) fn of_batch(
    connection: &mut Conn,
    batch: &str,
    state: Option<PowerActionState>,
    page: Page,
) -> Outcome<Vec<PowerAction>> {
    let mut query = power_actions::table
        .filter(power_actions::batch.eq(batch))
        .into_boxed::<Backend>();
    if let Some(state) = state {
        query = query.filter(power_actions::state.eq(state.as_str()));
    }
    let rows: Vec<PowerActionRow> = query
        .select(PowerActionRow::as_select())
        .order(power_actions::id)
        .offset(page.offset)
        .limit(page.limit)
        .load(connection)?;
    all(rows)
}

/// How many actions of a request for many nodes are in each state; a state without any is left out.
pub(crate) fn count_of_batch(
    connection: &mut Conn,
    batch: &str,
) -> Outcome<Vec<(PowerActionState, i64)>> {
    let counts: Vec<(String, i64)> = power_actions::table
        .filter(power_actions::batch.eq(batch))
        .group_by(power_actions::state)
        .select((power_actions::state, count_star()))
        .load(connection)?;
    counts
        .into_iter()
        .map(|(state, count)| Ok((parse(&state)?, count)))
        .collect()
}

/// The actions of these nodes that have not ended, oldest first.
pub(crate) fn open_of(connection: &mut Conn, nodes: &[i64]) -> Outcome<Vec<PowerAction>> {
    let rows: Vec<PowerActionRow> = power_actions::table
        .filter(power_actions::node_id.eq_any(nodes))
        .filter(power_actions::finished_at.is_null())
        .select(PowerActionRow::as_select())
        .order(power_actions::id)
        .load(connection)?;
    all(rows)
}
