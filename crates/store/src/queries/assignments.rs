//! Which power controls feed which nodes, and through which of their outputs.

use assay_domain::{Error, NodePowerControl, PowerState};
use diesel::prelude::*;

use super::{Conn, device_readings, power_observations};
use crate::convert::parse;
use crate::fault::{Fault, Outcome};
use crate::schema::{node_power_controls, nodes, power_controls};

type Row = (i64, Option<String>, Option<String>, i64, String, bool, bool);

fn assignment(row: Row) -> Outcome<NodePowerControl> {
    let (node_id, node_name, power_state, power_control_id, port, is_default, is_initialized) = row;
    Ok(NodePowerControl {
        node_id,
        node_name,
        node_power_state: power_state
            .as_deref()
            .map(parse::<PowerState>)
            .transpose()?,
        power_control_id,
        port,
        is_default,
        is_initialized,
    })
}

/// The assignments of these nodes.
pub(crate) fn of_nodes(connection: &mut Conn, ids: &[i64]) -> Outcome<Vec<NodePowerControl>> {
    let rows: Vec<Row> = node_power_controls::table
        .inner_join(nodes::table.on(nodes::id.eq(node_power_controls::node_id)))
        .filter(node_power_controls::node_id.eq_any(ids))
        .select(columns())
        .order(node_power_controls::id)
        .load(connection)?;
    rows.into_iter().map(assignment).collect()
}

/// The assignments of these power controls.
pub(crate) fn of_controls(connection: &mut Conn, ids: &[i64]) -> Outcome<Vec<NodePowerControl>> {
    let rows: Vec<Row> = node_power_controls::table
        .inner_join(nodes::table.on(nodes::id.eq(node_power_controls::node_id)))
        .filter(node_power_controls::power_control_id.eq_any(ids))
        .select(columns())
        .order(node_power_controls::id)
        .load(connection)?;
    rows.into_iter().map(assignment).collect()
}

type Columns = (
    node_power_controls::node_id,
    nodes::name,
    nodes::power_state,
    node_power_controls::power_control_id,
    node_power_controls::port,
    node_power_controls::is_default,
    node_power_controls::is_initialized,
);

fn columns() -> Columns {
    (
        node_power_controls::node_id,
        nodes::name,
        nodes::power_state,
        node_power_controls::power_control_id,
        node_power_controls::port,
        node_power_controls::is_default,
        node_power_controls::is_initialized,
    )
}

fn find(connection: &mut Conn, node_id: i64, control_id: i64) -> Outcome<NodePowerControl> {
    let row: Option<Row> = node_power_controls::table
        .inner_join(nodes::table.on(nodes::id.eq(node_power_controls::node_id)))
        .filter(node_power_controls::node_id.eq(node_id))
        .filter(node_power_controls::power_control_id.eq(control_id))
        .select(columns())
        .first(connection)
        .optional()?;
    row.ok_or_else(|| missing(node_id, control_id))
        .and_then(assignment)
}

fn missing(node_id: i64, control_id: i64) -> Fault {
    Error::not_found("Power control", format!("{control_id} of node {node_id}")).into()
}

/// Assigns an output to a node. The first one of a node becomes its default.
pub(crate) fn assign(
    connection: &mut Conn,
    node_id: i64,
    control_id: i64,
    port: &str,
    is_default: bool,
) -> Outcome<NodePowerControl> {
    let known: i64 = power_controls::table
        .find(control_id)
        .count()
        .get_result(connection)?;
    if known == 0 {
        return Err(Error::not_found("Power control", control_id).into());
    }
    let others: Vec<i64> = node_power_controls::table
        .filter(node_power_controls::node_id.eq(node_id))
        .select(node_power_controls::power_control_id)
        .load(connection)?;
    if others.contains(&control_id) {
        let text = format!("power control {control_id} is assigned to node {node_id} already");
        return Err(Error::conflict(text).into());
    }
    refuse_taken(connection, control_id, port, node_id)?;
    let is_default = is_default || others.is_empty();
    if is_default {
        clear_default(connection, node_id)?;
        device_readings::forget(connection, node_id)?;
    }
    diesel::insert_into(node_power_controls::table)
        .values((
            node_power_controls::node_id.eq(node_id),
            node_power_controls::power_control_id.eq(control_id),
            node_power_controls::port.eq(port),
            node_power_controls::is_default.eq(is_default),
            node_power_controls::is_initialized.eq(false),
        ))
        .execute(connection)
        .map_err(|error| {
            let fault = Fault::from(error);
            if fault.is_reference() {
                return Error::not_found("Node", node_id).into();
            }
            lost_race(fault)
        })?;
    power_observations::read_soon(connection, node_id)?;
    find(connection, node_id, control_id)
}

/// Changes the output, or whether it is the node's default.
pub(crate) fn update(
    connection: &mut Conn,
    node_id: i64,
    control_id: i64,
    port: Option<&str>,
    is_default: Option<bool>,
) -> Outcome<NodePowerControl> {
    let before = find(connection, node_id, control_id)?;
    if let Some(port) = port
        && port != before.port
    {
        refuse_taken(connection, control_id, port, node_id)?;
    }
    if is_default == Some(true) {
        clear_default(connection, node_id)?;
    }
    let row = node_power_controls::table
        .filter(node_power_controls::node_id.eq(node_id))
        .filter(node_power_controls::power_control_id.eq(control_id));
    let port = port.unwrap_or(&before.port);
    diesel::update(row)
        .set((
            node_power_controls::port.eq(port),
            node_power_controls::is_default.eq(is_default.unwrap_or(before.is_default)),
            // Through another output the device has not answered yet.
            node_power_controls::is_initialized.eq(before.is_initialized && port == before.port),
        ))
        .execute(connection)
        .map_err(|error| lost_race(error.into()))?;
    device_readings::forget(connection, node_id)?;
    power_observations::read_soon(connection, node_id)?;
    find(connection, node_id, control_id)
}

/// Takes an assignment away. When it was the default, the node's oldest other one becomes it.
pub(crate) fn remove(connection: &mut Conn, node_id: i64, control_id: i64) -> Outcome<bool> {
    let row = node_power_controls::table
        .filter(node_power_controls::node_id.eq(node_id))
        .filter(node_power_controls::power_control_id.eq(control_id));
    let removed: Option<bool> = diesel::delete(row)
        .returning(node_power_controls::is_default)
        .get_result(connection)
        .optional()?;
    if removed == Some(true) {
        let next: Option<i64> = node_power_controls::table
            .filter(node_power_controls::node_id.eq(node_id))
            .select(node_power_controls::id)
            .order(node_power_controls::id)
            .first(connection)
            .optional()?;
        if let Some(next) = next {
            diesel::update(node_power_controls::table.find(next))
                .set(node_power_controls::is_default.eq(true))
                .execute(connection)?;
        }
    }
    device_readings::forget(connection, node_id)?;
    let rest: i64 = node_power_controls::table
        .filter(node_power_controls::node_id.eq(node_id))
        .count()
        .get_result(connection)?;
    if rest == 0 {
        power_observations::forget(connection, node_id)?;
    } else {
        power_observations::read_soon(connection, node_id)?;
    }
    Ok(removed.is_some())
}

/// Notes that the device has answered through this assignment.
pub(crate) fn mark_initialized(
    connection: &mut Conn,
    node_id: i64,
    control_id: i64,
) -> Outcome<()> {
    let row = node_power_controls::table
        .filter(node_power_controls::node_id.eq(node_id))
        .filter(node_power_controls::power_control_id.eq(control_id));
    let marked = diesel::update(row)
        .set(node_power_controls::is_initialized.eq(true))
        .execute(connection)?;
    if marked == 0 {
        return Err(missing(node_id, control_id));
    }
    Ok(())
}

/// Notes that a power control is another device now, which has answered through none of its
/// assignments.
pub(crate) fn forget_answers(connection: &mut Conn, control_id: i64) -> Outcome<()> {
    let rows =
        node_power_controls::table.filter(node_power_controls::power_control_id.eq(control_id));
    diesel::update(rows)
        .set(node_power_controls::is_initialized.eq(false))
        .execute(connection)?;
    Ok(())
}

fn clear_default(connection: &mut Conn, node_id: i64) -> Outcome<()> {
    let row = node_power_controls::table
        .filter(node_power_controls::node_id.eq(node_id))
        .filter(node_power_controls::is_default);
    diesel::update(row)
        .set(node_power_controls::is_default.eq(false))
        .execute(connection)?;
    Ok(())
}

fn refuse_taken(connection: &mut Conn, control_id: i64, port: &str, node_id: i64) -> Outcome<()> {
    let holder: Option<(i64, String, Option<String>)> = node_power_controls::table
        .inner_join(nodes::table.on(nodes::id.eq(node_power_controls::node_id)))
        .filter(node_power_controls::power_control_id.eq(control_id))
        .filter(node_power_controls::port.eq(port))
        .select((nodes::id, nodes::uuid, nodes::name))
        .first(connection)
        .optional()?;
    match holder {
        Some((holder, uuid, name)) if holder != node_id => Err(Error::conflict(format!(
            "port {port} of power control {control_id} is taken by node {}",
            name.unwrap_or(uuid)
        ))
        .into()),
        _ => Ok(()),
    }
}

/// Somebody else assigned the same output, or another default, at the same moment.
fn lost_race(fault: Fault) -> Fault {
    if fault.is_duplicate("node_power_controls", "") {
        return Error::conflict("the assignments of this node or output have just changed").into();
    }
    fault
}
