//! The part of OpenStack Keystone's API that clients need to get a token.

mod discovery;
pub(crate) mod fault;
mod tokens;
mod wire;

use crate::endpoints::endpoints;

/// Paths whose errors this dialect tells.
pub(crate) const PREFIXES: &[&str] = &["/v3"];

endpoints![
    discovery::show_identity_version,
    tokens::issue_token,
    tokens::validate_token,
];
