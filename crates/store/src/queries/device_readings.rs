//! What was read of devices beside power, and who asks now.

use assay_domain::{Aspect, DeviceFacts, DeviceReading, Error, NewTask, TaskStatus, Timestamp};
use diesel::prelude::*;

use super::{Conn, lock_node, nodes, tasks};
use crate::convert::{naive, parse, to_json};
use crate::fault::Outcome;
use crate::rows::DeviceReadingRow;
use crate::schema::{device_readings, node_power_controls, tasks as tasks_table};

/// What was read last of an aspect of a node's device.
pub(crate) fn find(
    connection: &mut Conn,
    node_id: i64,
    aspect: Aspect,
) -> Outcome<Option<DeviceReading>> {
    let row: Option<DeviceReadingRow> = device_readings::table
        .filter(device_readings::node_id.eq(node_id))
        .filter(device_readings::aspect.eq(aspect.as_str()))
        .select(DeviceReadingRow::as_select())
        .first(connection)
        .optional()?;
    row.map(DeviceReading::try_from).transpose()
}

/// Stores a task that reads, unless one is on its way.
pub(crate) fn ask(
    connection: &mut Conn,
    node_id: i64,
    aspect: Aspect,
    task: &NewTask,
    now: Timestamp,
) -> Outcome<(String, bool)> {
    lock_node(connection, node_id)?;
    if nodes::find(connection, node_id)?.is_none() {
        return Err(Error::not_found("Node", node_id).into());
    }
    if let Some(asked) = find(connection, node_id, aspect)?
        && is_open(connection, &asked.task)?
    {
        return Ok((asked.task, false));
    }
    tasks::enqueue(connection, task, now)?;
    let asked = device_readings::task_uuid.eq(&task.uuid);
    diesel::insert_into(device_readings::table)
        .values((
            device_readings::node_id.eq(node_id),
            device_readings::aspect.eq(aspect.as_str()),
            asked,
        ))
        .on_conflict((device_readings::node_id, device_readings::aspect))
        .do_update()
        .set(asked)
        .execute(connection)?;
    Ok((task.uuid.clone(), true))
}

fn is_open(connection: &mut Conn, task: &str) -> Outcome<bool> {
    let status: Option<String> = tasks_table::table
        .filter(tasks_table::uuid.eq(task))
        .select(tasks_table::status)
        .first(connection)
        .optional()?;
    let status = status.as_deref().map(parse::<TaskStatus>);
    Ok(status.transpose()?.is_some_and(|status| !status.is_final()))
}

/// Keeps what a device said, unless nobody waits for this task's answer any more.
pub(crate) fn keep(
    connection: &mut Conn,
    node_id: i64,
    aspect: Aspect,
    facts: &DeviceFacts,
    task_uuid: &str,
    now: Timestamp,
) -> Outcome<()> {
    let asked = device_readings::table
        .filter(device_readings::node_id.eq(node_id))
        .filter(device_readings::aspect.eq(aspect.as_str()))
        .filter(device_readings::task_uuid.eq(task_uuid));
    diesel::update(asked)
        .set((
            device_readings::facts.eq(to_json(facts)?),
            device_readings::observed_at.eq(naive(now)),
        ))
        .execute(connection)?;
    Ok(())
}

/// Forgets what an aspect was, also when it is being read now: that may be from before the change.
pub(crate) fn forget_aspect(connection: &mut Conn, node_id: i64, aspect: Aspect) -> Outcome<()> {
    let read = device_readings::table
        .filter(device_readings::node_id.eq(node_id))
        .filter(device_readings::aspect.eq(aspect.as_str()));
    diesel::delete(read).execute(connection)?;
    Ok(())
}

/// Forgets what was read through another device than the node's default one now.
pub(crate) fn forget(connection: &mut Conn, node_id: i64) -> Outcome<()> {
    let read = device_readings::table.filter(device_readings::node_id.eq(node_id));
    diesel::delete(read).execute(connection)?;
    Ok(())
}

/// Forgets what was read of the nodes of a power control, which is another device now.
pub(crate) fn forget_of_control(connection: &mut Conn, control_id: i64) -> Outcome<()> {
    let of_control = node_power_controls::table
        .filter(node_power_controls::power_control_id.eq(control_id))
        .select(node_power_controls::node_id);
    let read = device_readings::table.filter(device_readings::node_id.eq_any(of_control));
    diesel::delete(read).execute(connection)?;
    Ok(())
}
