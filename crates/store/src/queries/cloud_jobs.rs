//! What tasks do with the hosts and instances of a cloud.

use assay_domain::cloud::{HostProgress, InstanceMove, MoveState};
use assay_domain::{Error, NewTask, Task, Timestamp};
use diesel::prelude::*;

use super::{Conn, lock_hosts, tasks as task_queries};
use crate::convert::{all, naive, to_json};
use crate::fault::Outcome;
use crate::rows::{HostProgressRow, InstanceMoveRow};
use crate::schema::{host_progress, instance_moves, tasks};

/// How many rows one statement inserts: `SQLite` allows 32,766 values in one.
const AT_ONCE: usize = 500;

/// Stores a task with the hosts that it works on.
pub(crate) fn create(
    connection: &mut Conn,
    task: &NewTask,
    hosts: &[HostProgress],
    now: Timestamp,
) -> Outcome<Task> {
    lock_hosts(connection)?;
    let row = task_queries::insert(connection, task, &[], now)?;
    let names: Vec<&String> = hosts.iter().map(|one| &one.host).collect();
    let taken: Option<(String, String)> = host_progress::table
        .inner_join(tasks::table.on(tasks::uuid.eq(host_progress::task_uuid)))
        .filter(host_progress::host.eq_any(names))
        .filter(tasks::status.eq_any(task_queries::open()))
        .select((host_progress::host, tasks::uuid))
        .first(connection)
        .optional()?;
    if let Some((host, other)) = taken {
        let text = format!("task {other} is at work on host {host}");
        return Err(Error::conflict(text).into());
    }
    for host in hosts {
        diesel::insert_into(host_progress::table)
            .values((
                host_progress::task_uuid.eq(&host.task_uuid),
                host_progress::position.eq(host.position),
                host_progress::host.eq(&host.host),
                host_progress::stage.eq(host.stage.as_str()),
                host_progress::was_enabled.eq(host.was_enabled),
                host_progress::detail.eq(&host.detail),
                host_progress::changed_at.eq(naive(host.changed_at)),
            ))
            .execute(connection)?;
    }
    row.try_into()
}

/// The hosts of a task.
pub(crate) fn hosts(connection: &mut Conn, task_uuid: &str) -> Outcome<Vec<HostProgress>> {
    let rows: Vec<HostProgressRow> = host_progress::table
        .filter(host_progress::task_uuid.eq(task_uuid))
        .order(host_progress::position)
        .select(HostProgressRow::as_select())
        .load(connection)?;
    all(rows)
}

/// Has a task begin nothing new: moves of which the cloud was not told stay, and its hosts know.
pub(crate) fn cancel(
    connection: &mut Conn,
    task_uuid: &str,
    user: &str,
    now: Timestamp,
) -> Outcome<()> {
    let planned = instance_moves::table
        .filter(instance_moves::task_uuid.eq(task_uuid))
        .filter(instance_moves::state.eq(MoveState::Planned.as_str()));
    diesel::update(planned)
        .set((
            instance_moves::state.eq(MoveState::Stayed.as_str()),
            instance_moves::detail.eq(format!("cancelled by {user}")),
            instance_moves::changed_at.eq(naive(now)),
        ))
        .execute(connection)?;
    diesel::update(host_progress::table.filter(host_progress::task_uuid.eq(task_uuid)))
        .set(host_progress::cancelled_by.eq(user))
        .execute(connection)?;
    Ok(())
}

/// Records how far a host is.
pub(crate) fn advance(connection: &mut Conn, host: &HostProgress) -> Outcome<()> {
    let known = host_progress::table
        .filter(host_progress::task_uuid.eq(&host.task_uuid))
        .filter(host_progress::position.eq(host.position));
    diesel::update(known)
        .set((
            host_progress::stage.eq(host.stage.as_str()),
            host_progress::was_enabled.eq(host.was_enabled),
            host_progress::detail.eq(&host.detail),
            host_progress::changed_at.eq(naive(host.changed_at)),
        ))
        .execute(connection)?;
    Ok(())
}

/// Stores moves that are planned; those whose place is taken are left out.
pub(crate) fn plan(connection: &mut Conn, moves: &[InstanceMove]) -> Outcome<()> {
    for some in moves.chunks(AT_ONCE) {
        let rows = some
            .iter()
            .map(|one| {
                Ok((
                    instance_moves::task_uuid.eq(&one.task_uuid),
                    instance_moves::position.eq(one.position),
                    instance_moves::instance_uuid.eq(&one.instance_uuid),
                    instance_moves::instance_name.eq(&one.instance_name),
                    instance_moves::source.eq(&one.source),
                    instance_moves::target.eq(&one.target),
                    instance_moves::methods.eq(to_json(&one.methods)?),
                    instance_moves::state.eq(one.state.as_str()),
                    instance_moves::after_migration.eq(one.after_migration),
                    instance_moves::attempts.eq(one.attempts),
                    instance_moves::detail.eq(&one.detail),
                    instance_moves::changed_at.eq(naive(one.changed_at)),
                ))
            })
            .collect::<Outcome<Vec<_>>>()?;
        diesel::insert_into(instance_moves::table)
            .values(&rows)
            .on_conflict_do_nothing()
            .execute(connection)?;
    }
    Ok(())
}

/// The moves of a task.
pub(crate) fn moves(connection: &mut Conn, task_uuid: &str) -> Outcome<Vec<InstanceMove>> {
    let rows: Vec<InstanceMoveRow> = instance_moves::table
        .filter(instance_moves::task_uuid.eq(task_uuid))
        .order(instance_moves::position)
        .select(InstanceMoveRow::as_select())
        .load(connection)?;
    all(rows)
}

/// Records how far a move is; false when it has ended already.
pub(crate) fn record(connection: &mut Conn, one: &InstanceMove) -> Outcome<bool> {
    let ended: Vec<&str> = MoveState::ALL
        .into_iter()
        .filter(|state| state.is_final())
        .map(MoveState::as_str)
        .collect();
    let open = instance_moves::table
        .filter(instance_moves::task_uuid.eq(&one.task_uuid))
        .filter(instance_moves::position.eq(one.position))
        .filter(instance_moves::state.ne_all(ended));
    let recorded = diesel::update(open)
        .set((
            instance_moves::target.eq(&one.target),
            instance_moves::methods.eq(to_json(&one.methods)?),
            instance_moves::state.eq(one.state.as_str()),
            instance_moves::after_migration.eq(one.after_migration),
            instance_moves::attempts.eq(one.attempts),
            instance_moves::detail.eq(&one.detail),
            instance_moves::changed_at.eq(naive(one.changed_at)),
        ))
        .execute(connection)?;
    Ok(recorded == 1)
}
