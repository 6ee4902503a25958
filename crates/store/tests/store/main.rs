//! The store over both databases: every test body runs on SQLite and on PostgreSQL.
#![forbid(unsafe_code)]
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "all of this is test code, helpers included"
)]

#[macro_use]
mod world;

mod admissions;
mod alarms;
mod audits;
mod backup;
mod cloud_jobs;
mod device_readings;
mod discovery;
mod evidence;
mod filters;
mod fleet;
mod gates;
mod hardware;
mod heartbeats;
mod host_keys;
mod host_sessions;
mod host_settings;
mod introspections;
mod keys;
mod lookup;
mod nodes;
mod power;
mod power_observations;
mod private_cluster;
mod races;
mod reports;
mod reservations;
mod rules_and_users;
mod tasks;
mod tokens;
