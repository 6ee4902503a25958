//! Assay's own API: what the other dialects have no words for.

mod alarms;
mod cloud_jobs;
mod dead_letters;
mod device_commands;
mod device_wire;
mod devices;
mod diagnosis_wire;
mod differences;
mod dry_run_wire;
mod dry_runs;
pub(crate) mod fault;
mod fleet;
mod gates;
mod health;
mod heartbeats;
mod held_reports;
mod host_access;
mod host_keys;
mod introspection_wire;
mod introspections;
mod nodes;
mod page;
mod ping;
mod power;
mod power_batches;
mod power_wire;
mod rule_trace_wire;
mod stuck;
mod tasks;
mod told;
mod users;

use assay_domain::Timestamp;

pub use fleet::fleet_document;
pub(crate) use health::Metrics;

use crate::endpoints::endpoints;

/// Paths whose errors this dialect tells.
pub(crate) const PREFIXES: &[&str] = &["/assay", "/healthz", "/readyz", "/metrics"];

endpoints![
    introspections::show_introspection,
    stuck::list_stuck_introspections,
    stuck::list_causes,
    stuck::show_diagnosis,
    introspections::list_introspection_history,
    introspections::list_reports,
    introspections::get_report,
    introspections::get_raw_report,
    differences::compare_reports,
    differences::list_volatile_fields,
    dry_runs::try_rules,
    dry_runs::list_dry_runs,
    dry_runs::show_dry_run,
    dry_runs::list_dry_run_results,
    dry_runs::cancel_dry_run,
    dry_runs::delete_dry_run,
    nodes::show_node_details,
    nodes::update_node_details,
    devices::list_sensors,
    devices::list_events,
    devices::list_parts,
    devices::show_management,
    devices::show_boot_override,
    device_commands::identify_node,
    device_commands::clear_events,
    device_commands::set_boot_override,
    power::show_node_power,
    power::list_output_actions,
    power_batches::command_many_nodes,
    power_batches::show_power_batch,
    tasks::list_task_records,
    tasks::show_task_record,
    tasks::revoke_task,
    ping::ping,
    dead_letters::list_dead_letters,
    dead_letters::show_dead_letter,
    dead_letters::redeliver_dead_letter,
    dead_letters::discard_dead_letter,
    fleet::show_fleet,
    fleet::show_reservation,
    gates::show_gate,
    gates::show_power_readings,
    held_reports::list_held_reports,
    held_reports::show_held_report,
    held_reports::get_held_report_data,
    held_reports::decide_held_report,
    host_access::show_host_access,
    host_access::set_host_access,
    host_access::forget_host_access,
    host_access::show_host_settings,
    heartbeats::list_heartbeats,
    heartbeats::set_heartbeat,
    host_keys::show_host_key,
    host_keys::forget_host_key,
    cloud_jobs::list_audits,
    cloud_jobs::show_audit,
    cloud_jobs::show_job_hosts,
    alarms::list_alarms,
    alarms::show_alarm,
    alarms::acknowledge_alarm,
    users::list_users,
    users::create_user,
    users::update_user,
    users::delete_user,
    health::check_liveness,
    health::check_readiness,
    health::show_metrics,
];

/// A time as this API shows it: RFC 3339 in UTC with microseconds.
fn iso(time: Timestamp) -> String {
    time.format("%Y-%m-%dT%H:%M:%S%.6fZ").to_string()
}
