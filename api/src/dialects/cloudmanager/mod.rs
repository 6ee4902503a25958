//! CloudManager's API: nodes, their power, power controls and tasks.

pub(crate) mod fault;
mod filter;
mod input;
mod node_input;
mod node_power;
mod node_power_controls;
mod node_wire;
mod nodes;
mod page;
mod power_actions;
mod power_coils;
mod power_control_wire;
mod power_controls;
mod tasks;

use assay_domain::Timestamp;

use crate::endpoints::endpoints;

/// Paths whose errors this dialect tells.
pub(crate) const PREFIXES: &[&str] = &["/v1/nodes", "/v1/power-controls", "/v1/tasks"];

endpoints![
    nodes::list_nodes,
    nodes::count_nodes,
    nodes::get_node,
    nodes::create_node,
    nodes::update_node,
    nodes::delete_node,
    node_power::power_on_node,
    node_power::power_off_node,
    node_power::reset_node,
    node_power::reset_nodes,
    power_actions::list_power_actions,
    power_actions::get_power_action,
    node_power_controls::list_node_power_controls,
    node_power_controls::assign_power_control,
    node_power_controls::get_node_power_control,
    node_power_controls::update_node_power_control,
    node_power_controls::unassign_power_control,
    power_controls::list_power_controls,
    power_controls::count_power_controls,
    power_controls::create_power_control,
    power_controls::get_power_control,
    power_controls::update_power_control,
    power_controls::delete_power_control,
    power_controls::list_power_control_types,
    power_controls::list_power_control_protocols,
    power_coils::power_on_coil,
    power_coils::power_off_coil,
    power_coils::list_power_control_nodes,
    tasks::list_tasks,
    tasks::get_task,
];

/// A time as this API shows it: ISO 8601 in UTC, without a zone.
fn iso(time: Timestamp) -> String {
    time.format("%Y-%m-%dT%H:%M:%S").to_string()
}
