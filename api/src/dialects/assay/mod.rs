//! Assay's own API: what the other dialects have no words for.

pub(crate) mod fault;
mod fleet;
mod health;
mod introspection_wire;
mod introspections;
mod nodes;
mod page;
mod tasks;
mod users;

use assay_domain::Timestamp;

pub use fleet::fleet_document;
pub(crate) use health::Metrics;

use crate::endpoints::endpoints;

/// Paths whose errors this dialect tells.
pub(crate) const PREFIXES: &[&str] = &["/assay", "/healthz", "/readyz", "/metrics"];

endpoints![
    introspections::show_introspection,
    introspections::list_introspection_history,
    introspections::list_reports,
    introspections::get_report,
    introspections::get_raw_report,
    nodes::show_node_details,
    nodes::update_node_details,
    tasks::list_task_records,
    tasks::show_task_record,
    tasks::revoke_task,
    fleet::show_fleet,
    fleet::show_reservation,
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
