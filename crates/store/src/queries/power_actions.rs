//! The history of power actions; each is stored before anything is sent.

use assay_domain::{
    Error, NewTask, Page, PowerAction, PowerActionState, PowerCommand, TaskStatus, Timestamp,
};
use diesel::prelude::*;

use super::{Conn, tasks};
use crate::convert::{all, naive};
use crate::fault::{Fault, Outcome};
use crate::rows::PowerActionRow;
use crate::schema::{power_actions, tasks as tasks_table};

/// Stores the intent, and the task that is to fulfil it.
pub(crate) fn create(
    connection: &mut Conn,
    node_id: i64,
    command: PowerCommand,
    user: &str,
    task: &NewTask,
    now: Timestamp,
) -> Outcome<PowerAction> {
    let state = PowerActionState::Intended;
    let action = insert(connection, node_id, (command, state), user, None, now)?;
    tasks::insert(connection, task, &[("power_action_id", action.id)], now)?;
    Ok(action)
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
    let state = PowerActionState::Sent;
    insert(
        connection,
        node_id,
        (command, state),
        user,
        Some(task_uuid),
        now,
    )
}

fn insert(
    connection: &mut Conn,
    node_id: i64,
    (command, state): (PowerCommand, PowerActionState),
    user: &str,
    part_of: Option<&str>,
    now: Timestamp,
) -> Outcome<PowerAction> {
    let row: PowerActionRow = diesel::insert_into(power_actions::table)
        .values((
            power_actions::node_id.eq(node_id),
            power_actions::command.eq(command.as_str()),
            power_actions::state.eq(state.as_str()),
            power_actions::user_name.eq(user),
            power_actions::start_time.eq(naive(now)),
            power_actions::part_of.eq(part_of),
        ))
        .returning(PowerActionRow::as_returning())
        .get_result(connection)
        .map_err(|error| {
            let fault = Fault::from(error);
            if fault.is_reference() {
                return Error::not_found("Node", node_id).into();
            }
            fault
        })?;
    row.try_into()
}

/// Ends the actions whose task has ended and left them open.
pub(crate) fn end_orphans(connection: &mut Conn, now: Timestamp) -> Outcome<()> {
    let ended = TaskStatus::ALL
        .into_iter()
        .filter(|status| status.is_final());
    let of_ended = tasks_table::table
        .filter(tasks_table::status.eq_any(ended.map(TaskStatus::as_str)))
        .select(tasks_table::uuid.nullable());
    let open = power_actions::table
        .filter(power_actions::state.eq(PowerActionState::Sent.as_str()))
        .filter(power_actions::part_of.eq_any(of_ended));
    diesel::update(open)
        .set((
            power_actions::state.eq(PowerActionState::Unknown.as_str()),
            power_actions::error.eq("outcome unknown: its worker died over it"),
            power_actions::finished_at.eq(naive(now)),
        ))
        .execute(connection)?;
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
    use PowerActionState as S;
    let ended = matches!(state, S::Done | S::Failed | S::Unknown).then(|| naive(now));
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
pub(crate) fn list(connection: &mut Conn, node_id: i64, page: Page) -> Outcome<Vec<PowerAction>> {
    let rows: Vec<PowerActionRow> = power_actions::table
        .filter(power_actions::node_id.eq(node_id))
        .select(PowerActionRow::as_select())
        .order(power_actions::id.desc())
        .offset(page.offset)
        .limit(page.limit)
        .load(connection)?;
    all(rows)
}
