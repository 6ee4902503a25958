//! The store: everything Assay remembers, in SQLite or PostgreSQL, behind one type.
//!
//! [`Store`] has one asynchronous method per question and per change; each change is one short
//! transaction. Inside, `queries/` holds every query once, as a plain function that takes a
//! connection; `on_sqlite` and `on_postgres` compile all of them for their database, and the
//! macros in `dispatch` choose. `rows/` are the tables as structs, `database/` the connections.
//! Times are passed in by the caller; the store never asks a clock.
#![forbid(unsafe_code)]

#[macro_use]
mod dispatch;

mod admissions;
mod alarms;
mod assignments;
mod audits;
mod availability_storages;
mod backup;
mod backup_file;
mod cloud_jobs;
mod compression;
mod convert;
mod database;
mod dead_letters;
mod device_readings;
mod discovery;
mod discovery_types;
mod dry_runs;
mod evidence;
mod fault;
mod filter;
mod fleet;
mod gates;
mod heartbeats;
mod host_keys;
mod hosts;
mod introspections;
mod key_file;
mod keys;
mod node_classes;
mod nodes;
mod on_postgres;
mod on_sqlite;
mod power_actions;
mod power_controls;
mod power_observations;
mod reports;
mod rows;
mod rules;
mod schema;
mod server_clones;
mod store;
mod tasks;
#[cfg(feature = "testing")]
pub mod testing;
#[cfg(test)]
mod tests;
mod tokens;
mod types;
mod users;

pub use discovery_types::{
    BootClaim, Candidate, Candidates, DiscoveryBoot, DiscoveryLimits, Enrolled, Enrolment, Held,
    NewHeldReport, ScriptGiven,
};
pub use dry_runs::{NewResult, raw_text};
pub use store::Store;
pub use types::{
    Announcement, Change, NewIntrospection, NewPowerAction, NodeNames, NodeSurroundings,
    ProcessingOutcome, Revival, StoreConfig, TaskEnd, Waiting,
};
