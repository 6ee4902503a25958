//! Assay's HTTP face: five dialects, boot files, documents; no SQL, no BMC, no decisions.
//!
//! A route parses its request, lets the guards say who is asking, calls one use case of
//! `assay-app` and writes the answer in its dialect. Each dialect lives in its own room under
//! `dialects`, owns its field names and its errors, and knows no other.
#![forbid(unsafe_code)]

mod boot;
mod catcher;
mod context;
mod dialects;
mod documents;
mod endpoints;
mod fault;
mod front;
mod guards;
mod launch;
mod link;
mod query;
mod refusal;
mod reply;
mod server;
mod traced;
mod upkeep;

/// Log directives that keep Rocket's own lines out: it calls every refused request an error. They
/// stand before an operator's own.
pub const QUIET: &str = "rocket=off,assay_api::dialects=off,assay_api::boot=off";

pub use dialects::assay::fleet_document;
pub use documents::openapi_documents;
pub use launch::{Running, launch};
pub use server::{ServerConfig, TlsFiles, rocket};
