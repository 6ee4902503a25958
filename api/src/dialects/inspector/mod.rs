//! OpenStack Ironic Inspector's API, microversions 1.0 to 1.18.

mod continuation;
mod data;
mod discovery;
pub(crate) mod fault;
mod introspection;
mod listing;
mod rules;
mod version;
mod wire;

pub(crate) use version::HEADER as VERSION_HEADER;

use crate::endpoints::endpoints;

/// Paths whose errors this dialect tells; it also tells those of unknown paths.
pub(crate) const PREFIXES: &[&str] = &["/v1"];

endpoints![
    discovery::list_api_versions,
    discovery::list_api_resources,
    introspection::start_introspection,
    introspection::get_introspection_status,
    introspection::abort_introspection,
    listing::list_introspection_statuses,
    data::get_introspection_data,
    data::get_unprocessed_data,
    data::reapply_introspection,
    rules::create_rule,
    rules::list_rules,
    rules::delete_all_rules,
    rules::get_rule,
    rules::delete_rule,
    continuation::continue_introspection,
];
