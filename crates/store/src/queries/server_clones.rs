//! Copies of instances that tasks make.

use assay_domain::cloud::CloneProgress;
use assay_domain::{Error, NewTask, Task, Timestamp};
use diesel::prelude::*;

use super::{Conn, tasks as task_queries};
use crate::convert::{all, naive, to_json};
use crate::fault::Outcome;
use crate::rows::ServerCloneRow;
use crate::schema::{server_clones, tasks};

/// Stores a task with the copies that it is to make.
pub(crate) fn create(
    connection: &mut Conn,
    task: &NewTask,
    clones: &[CloneProgress],
    now: Timestamp,
) -> Outcome<Task> {
    let row = task_queries::insert(connection, task, &[], now)?;
    let taken = open_names(connection)?;
    if let Some(clone) = clones.iter().find(|clone| taken.contains(&clone.name)) {
        let text = format!("another task makes an instance of the name {}", clone.name);
        return Err(Error::conflict(text).into());
    }
    for clone in clones {
        diesel::insert_into(server_clones::table)
            .values((
                server_clones::task_uuid.eq(&clone.task_uuid),
                server_clones::position.eq(clone.position),
                server_clones::name.eq(&clone.name),
                server_clones::stage.eq(clone.stage.as_str()),
                server_clones::server.eq(to_json(&clone.server)?),
                server_clones::volumes.eq(to_json(&clone.volumes)?),
                server_clones::detail.eq(&clone.detail),
                server_clones::changed_at.eq(naive(clone.changed_at)),
            ))
            .execute(connection)?;
    }
    row.try_into()
}

/// The copies that a task makes.
pub(crate) fn of_task(connection: &mut Conn, task_uuid: &str) -> Outcome<Vec<CloneProgress>> {
    let rows: Vec<ServerCloneRow> = server_clones::table
        .filter(server_clones::task_uuid.eq(task_uuid))
        .order(server_clones::position)
        .select(ServerCloneRow::as_select())
        .load(connection)?;
    all(rows)
}

/// The names of the copies that open tasks make.
pub(crate) fn open_names(connection: &mut Conn) -> Outcome<Vec<String>> {
    Ok(server_clones::table
        .inner_join(tasks::table.on(tasks::uuid.eq(server_clones::task_uuid)))
        .filter(tasks::status.eq_any(task_queries::open()))
        .select(server_clones::name)
        .load(connection)?)
}

/// Records how far a copy is.
pub(crate) fn advance(connection: &mut Conn, clone: &CloneProgress) -> Outcome<()> {
    let known = server_clones::table
        .filter(server_clones::task_uuid.eq(&clone.task_uuid))
        .filter(server_clones::position.eq(clone.position));
    diesel::update(known)
        .set((
            server_clones::stage.eq(clone.stage.as_str()),
            server_clones::server.eq(to_json(&clone.server)?),
            server_clones::volumes.eq(to_json(&clone.volumes)?),
            server_clones::detail.eq(&clone.detail),
            server_clones::changed_at.eq(naive(clone.changed_at)),
        ))
        .execute(connection)?;
    Ok(())
}

/// Has a task stop.
pub(crate) fn cancel(connection: &mut Conn, task_uuid: &str, user: &str) -> Outcome<()> {
    diesel::update(server_clones::table.filter(server_clones::task_uuid.eq(task_uuid)))
        .set(server_clones::cancelled_by.eq(user))
        .execute(connection)?;
    Ok(())
}
