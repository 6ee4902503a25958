//! The queries, compiled for PostgreSQL, and the few places where PostgreSQL differs.
#![allow(
    clippy::duplicate_mod,
    reason = "each query is written once and compiled once per database"
)]

pub(crate) use diesel::pg::{Pg as Backend, PgConnection as Conn};

use diesel::prelude::*;
use diesel_migrations::{EmbeddedMigrations, embed_migrations};

use crate::fault::Outcome;
use crate::schema::{nodes as nodes_table, tasks as tasks_table};

/// All migrations for this database.
pub(crate) const MIGRATIONS: EmbeddedMigrations = embed_migrations!("../../migrations/postgres");

/// The advisory lock of migrations; any number that no other program on the server uses.
const SCHEMA_LOCK: i64 = 0x6173_7361_7921;

/// The advisory lock of enrolments from discovery.
const DISCOVERY_LOCK: i64 = 0x6173_7361_7922;

/// The advisory lock of work on hosts of a cloud.
const HOSTS_LOCK: i64 = 0x6173_7361_7923;

/// How many times as many candidates a claim looks at as it takes: others claim the first ones.
pub(crate) const CANDIDATES: usize = 8;

/// Keeps other processes from migrating at the same time, until the end of the transaction.
pub(crate) fn lock_schema(connection: &mut Conn) -> Outcome<()> {
    lock(connection, SCHEMA_LOCK)
}

/// Runs `work` on one unchanging state of the database.
pub(crate) fn snapshot<T>(
    connection: &mut Conn,
    work: impl FnOnce(&mut Conn) -> Outcome<T>,
) -> Outcome<T> {
    connection
        .build_transaction()
        .repeatable_read()
        .read_only()
        .run(work)
}

/// Keeps others from changing or referring to a node, until the end of the transaction.
pub(crate) fn lock_node(connection: &mut Conn, id: i64) -> Outcome<()> {
    nodes_table::table
        .find(id)
        .select(nodes_table::id)
        .for_update()
        .first::<i64>(connection)
        .optional()?;
    Ok(())
}

/// Of these tasks, in their order, the first `limit` that nobody else is claiming, locked until the
/// end of the transaction. Whoever waited for another claim instead would find the task taken, and
/// two claims that wait for each other would cost a second each until PostgreSQL notices.
pub(crate) fn lock_tasks(connection: &mut Conn, ids: Vec<i64>, limit: usize) -> Outcome<Vec<i64>> {
    Ok(tasks_table::table
        .filter(tasks_table::id.eq_any(ids))
        .select(tasks_table::id)
        .order((tasks_table::claimable_at, tasks_table::id))
        .limit(i64::try_from(limit).unwrap_or(i64::MAX))
        .for_update()
        .skip_locked()
        .load(connection)?)
}

/// Locks these tasks until the end of the transaction, after waiting for others. All who change
/// several tasks lock them in this order, so that no two of them wait for each other.
pub(crate) fn lock_in_order(connection: &mut Conn, ids: &[i64]) -> Outcome<()> {
    tasks_table::table
        .filter(tasks_table::id.eq_any(ids))
        .select(tasks_table::id)
        .order(tasks_table::id)
        .for_update()
        .load::<i64>(connection)?;
    Ok(())
}

/// Keeps others from enrolling and holding machines, until the end of the transaction: whoever comes
/// second sees what the first one did.
pub(crate) fn lock_discovery(connection: &mut Conn) -> Outcome<()> {
    lock(connection, DISCOVERY_LOCK)
}

/// Keeps others from beginning work on hosts of a cloud, until the end of the transaction.
pub(crate) fn lock_hosts(connection: &mut Conn) -> Outcome<()> {
    lock(connection, HOSTS_LOCK)
}

fn lock(connection: &mut Conn, key: i64) -> Outcome<()> {
    diesel::sql_query("SELECT pg_advisory_xact_lock($1)")
        .bind::<diesel::sql_types::BigInt, _>(key)
        .execute(connection)?;
    Ok(())
}

/// Makes the next id of a table follow the ones it has, after rows were put in with their ids.
/// `table` is a name from the schema.
pub(crate) fn continue_ids(connection: &mut Conn, table: &str) -> Outcome<()> {
    diesel::sql_query(format!(
        "SELECT setval(pg_get_serial_sequence('{table}', 'id'), COALESCE(MAX(id), 0) + 1, false) FROM {table}"
    ))
    .execute(connection)?;
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
