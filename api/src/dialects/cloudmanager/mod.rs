//! CloudManager's API: nodes with their classes, images and storages, their power, power controls,
//! instances of the cloud, volumes on storage hosts, and tasks.

mod audits;
mod availability_storage_wire;
mod availability_storages;
mod cloud_hosts;
mod domains;
pub(crate) mod fault;
mod filter;
mod host_actions;
mod host_storage;
mod info;
mod input;
mod node_actions;
mod node_bindings;
mod node_class_wire;
mod node_classes;
mod node_images;
mod node_input;
mod node_power;
mod node_power_controls;
mod node_types;
mod node_wire;
mod nodes;
mod os_hypervisor;
mod page;
mod power_actions;
mod power_coils;
mod power_control_wire;
mod power_controls;
mod servers;
mod storage_assignments;
mod system_metadata;
mod tasks;
mod volume_backends;
mod volume_wire;
mod volumes;

use assay_domain::Timestamp;

use crate::endpoints::endpoints;

/// Paths whose errors this dialect tells.
pub(crate) const PREFIXES: &[&str] = &[
    "/v1/info",
    "/v1/nodes",
    "/v1/node-classes",
    "/v1/node-images",
    "/v1/availability-storages",
    "/v1/power-controls",
    "/v1/servers",
    "/v1/system_metadata",
    "/v1/domains",
    "/v1/hosts",
    "/v1/aggregates",
    "/v1/volume-backends",
    "/v1/volumes",
    "/v1/tasks",
];

endpoints![
    info::get_info,
    nodes::list_nodes,
    nodes::count_nodes,
    nodes::get_node,
    nodes::create_node,
    nodes::update_node,
    nodes::delete_node,
    node_actions::assign_image,
    node_actions::reserve_node,
    node_actions::enable_nodesafe,
    node_actions::disable_nodesafe,
    node_power::power_on_node,
    node_power::power_off_node,
    node_power::reset_node,
    node_power::reset_nodes,
    host_actions::enable_snmp,
    host_actions::disable_snmp,
    host_actions::enable_ssh,
    host_actions::disable_ssh,
    host_actions::enable_dcc,
    host_actions::disable_dcc,
    host_actions::set_cpu_mode,
    host_actions::setup_log_redirection,
    host_actions::disable_log_redirection,
    host_actions::update_system,
    host_storage::discover_targets,
    host_storage::attach_targets,
    host_storage::repair_locks,
    power_actions::list_power_actions,
    power_actions::get_power_action,
    node_power_controls::list_node_power_controls,
    node_power_controls::assign_power_control,
    node_power_controls::get_node_power_control,
    node_power_controls::update_node_power_control,
    node_power_controls::unassign_power_control,
    node_classes::list_node_classes,
    node_classes::count_node_classes,
    node_classes::create_node_class,
    node_classes::get_node_class,
    node_classes::update_node_class,
    node_classes::delete_node_class,
    node_types::list_node_types,
    node_types::create_node_type,
    node_types::update_node_type,
    node_types::delete_node_type,
    node_images::list_node_images,
    node_images::count_node_images,
    node_images::get_node_image,
    node_images::create_node_image,
    node_images::delete_node_image,
    availability_storages::list_availability_storages,
    availability_storages::count_availability_storages,
    availability_storages::create_availability_storage,
    availability_storages::get_availability_storage,
    availability_storages::update_availability_storage,
    availability_storages::delete_availability_storage,
    storage_assignments::assign_storage_to_nodes,
    storage_assignments::reassign_storage_to_nodes,
    storage_assignments::unassign_storage_from_node,
    storage_assignments::assign_storages_to_node,
    storage_assignments::reassign_storages_to_node,
    storage_assignments::unassign_node_storage,
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
    cloud_hosts::evacuate_host,
    cloud_hosts::shut_host_down,
    cloud_hosts::decommission_host,
    cloud_hosts::restart_hosts,
    audits::execute_audit,
    audits::apply_audit,
    audits::audit_status,
    servers::wake_up_server,
    servers::reset_server,
    servers::balance_server,
    servers::repair_server,
    servers::recover_server,
    servers::clone_server,
    system_metadata::get_system_metadata,
    system_metadata::update_system_metadata,
    system_metadata::delete_system_metadata,
    node_bindings::attach_nodes,
    node_bindings::detach_nodes,
    domains::get_domain_store,
    domains::configure_domain,
    domains::is_totp_allowed,
    volume_backends::list_volume_backends,
    volumes::list_volumes,
    volumes::get_volume,
    volumes::mirror_volume,
    volumes::migrate_volume,
    tasks::list_tasks,
    tasks::get_task,
    tasks::revoke_recent_task,
];

/// A time as this API shows it: ISO 8601 in UTC, without a zone.
fn iso(time: Timestamp) -> String {
    time.format("%Y-%m-%dT%H:%M:%S").to_string()
}
