//! What hangs on nodes, on one connection: a list of nodes needs all of it.

use super::{
    Conn, assignments, availability_storages, node_classes, nodes, ports, power_actions,
    power_controls, power_observations,
};
use crate::fault::Outcome;
use crate::rows::PowerControlRow;
use crate::types::NodeSurroundings;

/// What hangs on these nodes; the power controls are still to be opened.
pub(crate) fn of(
    connection: &mut Conn,
    ids: &[i64],
) -> Outcome<(NodeSurroundings, Vec<PowerControlRow>)> {
    // Actions before states: once an action is done, so is what it wrote of the state.
    let open_actions = power_actions::open_of(connection, ids)?;
    let assignments = assignments::of_nodes(connection, ids)?;
    let mut controls: Vec<i64> = assignments.iter().map(|one| one.power_control_id).collect();
    controls.sort_unstable();
    controls.dedup();
    let controls = power_controls::of(connection, &controls)?;
    let around = NodeSurroundings {
        open_actions,
        observations: power_observations::of_nodes(connection, ids.iter().copied())?,
        power_states: nodes::power_states_of(connection, ids)?,
        classes: node_classes::classes(connection)?,
        images: node_classes::images(connection)?,
        assignments,
        controls: Vec::new(),
        ports: ports::of_nodes(connection, ids)?,
        storages: availability_storages::of_nodes(connection, ids)?,
    };
    Ok((around, controls))
}
