//! The queries, compiled for SQLite, and the few places where SQLite differs.
#![allow(
    clippy::duplicate_mod,
    reason = "each query is written once and compiled once per database"
)]

pub(crate) use diesel::sqlite::{Sqlite as Backend, SqliteConnection as Conn};

use diesel::Connection;
use diesel_migrations::{EmbeddedMigrations, embed_migrations};

use crate::fault::Outcome;

/// All migrations for this database.
pub(crate) const MIGRATIONS: EmbeddedMigrations = embed_migrations!("../../migrations/sqlite");

/// How many times as many candidates a claim looks at as it takes: nobody else claims meanwhile.
pub(crate) const CANDIDATES: usize = 1;

/// Keeps other processes from migrating at the same time. Every writing transaction does here.
#[allow(
    clippy::unnecessary_wraps,
    reason = "the other database does something that can fail"
)]
pub(crate) fn lock_schema(_: &mut Conn) -> Outcome<()> {
    Ok(())
}

/// Runs `work` on one unchanging state of the database.
pub(crate) fn snapshot<T>(
    connection: &mut Conn,
    work: impl FnOnce(&mut Conn) -> Outcome<T>,
) -> Outcome<T> {
    connection.transaction(work)
}

/// Keeps others from changing or referring to a node. A writing transaction is alone here.
#[allow(
    clippy::unnecessary_wraps,
    reason = "the other database does something that can fail"
)]
pub(crate) fn lock_node(_: &mut Conn, _id: i64) -> Outcome<()> {
    Ok(())
}

/// Of these tasks, in their order, the first `limit` that nobody else is claiming: here all are.
#[allow(
    clippy::unnecessary_wraps,
    reason = "the other database does something that can fail"
)]
pub(crate) fn lock_tasks(_: &mut Conn, mut ids: Vec<i64>, limit: usize) -> Outcome<Vec<i64>> {
    ids.truncate(limit);
    Ok(ids)
}

/// Locks these tasks until the end of the transaction. A writing transaction is alone here.
#[allow(
    clippy::unnecessary_wraps,
    reason = "the other database does something that can fail"
)]
pub(crate) fn lock_in_order(_: &mut Conn, _ids: &[i64]) -> Outcome<()> {
    Ok(())
}

/// Keeps others from enrolling and holding machines. A writing transaction is alone here.
#[allow(
    clippy::unnecessary_wraps,
    reason = "the other database does something that can fail"
)]
pub(crate) fn lock_discovery(_: &mut Conn) -> Outcome<()> {
    Ok(())
}

/// Keeps others from beginning work on hosts of a cloud. A writing transaction is alone here.
#[allow(
    clippy::unnecessary_wraps,
    reason = "the other database does something that can fail"
)]
pub(crate) fn lock_hosts(_: &mut Conn) -> Outcome<()> {
    Ok(())
}

/// Makes the next id of a table follow the ones it has. AUTOINCREMENT does so by itself.
#[allow(
    clippy::unnecessary_wraps,
    reason = "the other database does something that can fail"
)]
pub(crate) fn continue_ids(_: &mut Conn, _table: &str) -> Outcome<()> {
    Ok(())
}

#[path = "queries/admissions.rs"]
pub(crate) mod admissions;
#[path = "queries/alarms.rs"]
pub(crate) mod alarms;
#[path = "queries/announcements.rs"]
pub(crate) mod announcements;
#[path = "queries/assignments.rs"]
pub(crate) mod assignments;
#[path = "queries/audits.rs"]
pub(crate) mod audits;
#[path = "queries/availability_storages.rs"]
pub(crate) mod availability_storages;
#[path = "queries/backup.rs"]
pub(crate) mod backup;
#[path = "queries/claims.rs"]
pub(crate) mod claims;
#[path = "queries/cloud_jobs.rs"]
pub(crate) mod cloud_jobs;
#[path = "queries/dead_letters.rs"]
pub(crate) mod dead_letters;
#[path = "queries/device_readings.rs"]
pub(crate) mod device_readings;
#[path = "queries/diagnoses.rs"]
pub(crate) mod diagnoses;
#[path = "queries/dry_run_reports.rs"]
pub(crate) mod dry_run_reports;
#[path = "queries/dry_runs.rs"]
pub(crate) mod dry_runs;
#[path = "queries/enrolments.rs"]
pub(crate) mod enrolments;
#[path = "queries/evidence.rs"]
pub(crate) mod evidence;
#[path = "queries/filters.rs"]
pub(crate) mod filters;
#[path = "queries/fingerprints.rs"]
pub(crate) mod fingerprints;
#[path = "queries/fleet.rs"]
pub(crate) mod fleet;
#[path = "queries/gates.rs"]
pub(crate) mod gates;
#[path = "queries/heartbeats.rs"]
pub(crate) mod heartbeats;
#[path = "queries/held_reports.rs"]
pub(crate) mod held_reports;
#[path = "queries/host_keys.rs"]
pub(crate) mod host_keys;
#[path = "queries/hosts.rs"]
pub(crate) mod hosts;
#[path = "queries/introspection_lists.rs"]
pub(crate) mod introspection_lists;
#[path = "queries/introspections.rs"]
pub(crate) mod introspections;
#[path = "queries/lookup.rs"]
pub(crate) mod lookup;
#[path = "queries/migrations.rs"]
pub(crate) mod migrations;
#[path = "queries/node_class_edits.rs"]
pub(crate) mod node_class_edits;
#[path = "queries/node_classes.rs"]
pub(crate) mod node_classes;
#[path = "queries/node_images.rs"]
pub(crate) mod node_images;
#[path = "queries/nodes.rs"]
pub(crate) mod nodes;
#[path = "queries/ports.rs"]
pub(crate) mod ports;
#[path = "queries/power_actions.rs"]
pub(crate) mod power_actions;
#[path = "queries/power_controls.rs"]
pub(crate) mod power_controls;
#[path = "queries/power_observations.rs"]
pub(crate) mod power_observations;
#[path = "queries/report_lists.rs"]
pub(crate) mod report_lists;
#[path = "queries/reports.rs"]
pub(crate) mod reports;
#[path = "queries/reservations.rs"]
pub(crate) mod reservations;
#[path = "queries/rules.rs"]
pub(crate) mod rules;
#[path = "queries/secrets.rs"]
pub(crate) mod secrets;
#[path = "queries/server_clones.rs"]
pub(crate) mod server_clones;
#[path = "queries/surroundings.rs"]
pub(crate) mod surroundings;
#[path = "queries/task_ends.rs"]
pub(crate) mod task_ends;
#[path = "queries/tasks.rs"]
pub(crate) mod tasks;
#[path = "queries/tokens.rs"]
pub(crate) mod tokens;
#[path = "queries/users.rs"]
pub(crate) mod users;
#[path = "queries/uses.rs"]
pub(crate) mod uses;
