//! The part of OpenStack Keystone's API that clients need to log in and to find Assay's APIs.

mod auth_request;
mod catalog;
mod discovery;
pub(crate) mod fault;
mod resources;
mod tokens;
mod wire;

use crate::endpoints::endpoints;

/// Paths whose errors this dialect tells.
pub(crate) const PREFIXES: &[&str] = &["/v3"];

endpoints![
    discovery::show_identity_version,
    tokens::issue_token,
    tokens::validate_token,
    tokens::revoke_token,
    catalog::show_catalog,
    resources::list_own_projects,
    resources::list_projects,
    resources::show_project,
    resources::list_users,
    resources::show_user,
];
