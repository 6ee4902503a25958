//! Every row of every table, out and in again.

use std::path::Path;

use assay_domain::Error;
use diesel::prelude::*;

use super::{Conn, continue_ids, snapshot};
use crate::backup_file::{self, Sink};
use crate::fault::Outcome;
use crate::rows;

/// How many rows are read at a time; some hold a whole report.
const BATCH: i64 = 50;

/// Implements saving and loading for all tables, which are given so that no row refers to a row of
/// a later table.
macro_rules! tables {
    ($($table:ident: $row:ident,)+) => {
        fn save_all(connection: &mut Conn, sink: &mut Sink) -> Outcome<()> {
            $({
                use crate::schema::$table::{id, table};
                let mut last = i64::MIN;
                loop {
                    let batch: Vec<rows::$row> = table
                        .filter(id.gt(last))
                        .order(id)
                        .limit(BATCH)
                        .select(rows::$row::as_select())
                        .load(connection)?;
                    let Some(row) = batch.last() else { break };
                    last = row.id;
                    for row in &batch {
                        sink.row(stringify!($table), row)?;
                    }
                }
            })+
            Ok(())
        }

        fn load_row(connection: &mut Conn, table: &str, row: &str) -> Outcome<()> {
            match table {
                $(stringify!($table) => {
                    let row: rows::$row = serde_json::from_str(row)?;
                    diesel::insert_into(crate::schema::$table::table)
                        .values(&row)
                        .execute(connection)?;
                })+
                other => {
                    let text = format!("the backup has a table {other}, which is not known");
                    return Err(Error::invalid(text).into());
                }
            }
            Ok(())
        }

        fn clear(connection: &mut Conn) -> Outcome<()> {
            for table in [$(stringify!($table)),+].iter().rev() {
                diesel::sql_query(format!("DELETE FROM {table}")).execute(connection)?;
            }
            Ok(())
        }

        fn continue_all(connection: &mut Conn) -> Outcome<()> {
            for table in [$(stringify!($table)),+] {
                continue_ids(connection, table)?;
            }
            Ok(())
        }
    };
}

tables! {
    node_images: NodeImageRow,
    node_classes: NodeClassRow,
    node_types: NodeTypeRow,
    nodes: NodeRow,
    availability_storages: AvailabilityStorageRow,
    node_availability_storages: NodeStorageRow,
    ports: PortRow,
    tasks: TaskRow,
    task_messages: TaskMessageRow,
    dead_letters: DeadLetterRow,
    introspections: IntrospectionRow,
    introspection_phases: PhaseRow,
    introspection_evidence: EvidenceRow,
    introspection_diagnoses: DiagnosisRow,
    stray_evidence: StrayRow,
    reports: ReportRow,
    node_fingerprints: FingerprintRow,
    boot_claims: BootClaimRow,
    discovery_boots: DiscoveryBootRow,
    held_reports: HeldReportRow,
    alarms: AlarmRow,
    rules: RuleRow,
    users: UserRow,
    revoked_tokens: RevokedTokenRow,
    power_controls: PowerControlRow,
    host_keys: HostKeyRow,
    node_power_controls: AssignmentRow,
    power_actions: PowerActionRow,
    power_observations: PowerObservationRow,
    device_readings: DeviceReadingRow,
    host_access: HostAccessRow,
    host_settings: HostSettingsRow,
    host_sessions: HostSessionsRow,
    instance_moves: InstanceMoveRow,
    host_progress: HostProgressRow,
    audits: AuditRow,
    server_clones: ServerCloneRow,
    heartbeats: HeartbeatRow,
    dry_runs: DryRunRow,
    dry_run_results: DryRunResultRow,
}

/// Writes the database's state of this moment into a file.
pub(crate) fn save(connection: &mut Conn, to: &Path, migrations: &[String]) -> Outcome<u64> {
    let mut sink = Sink::create(to, migrations)?;
    snapshot(connection, |connection| save_all(connection, &mut sink))?;
    sink.finish()
}

/// Replaces all rows by those of a file, which has been verified.
pub(crate) fn load(connection: &mut Conn, from: &Path, force: bool) -> Outcome<u64> {
    if !force && !is_empty(connection)? {
        return Err(Error::conflict("the database is not empty: nothing was restored").into());
    }
    clear(connection)?;
    let mut count = 0;
    backup_file::rows(from, |table, row| {
        count += 1;
        load_row(connection, table, row)
    })?;
    continue_all(connection)?;
    Ok(count)
}

fn is_empty(connection: &mut Conn) -> Outcome<bool> {
    use crate::schema::{
        availability_storages, node_images, nodes, power_controls, rules, tasks, users,
    };
    let images = node_images::table.filter(node_images::file_data.ne(""));
    let counts: [i64; 7] = [
        images.count().get_result(connection)?,
        availability_storages::table
            .count()
            .get_result(connection)?,
        nodes::table.count().get_result(connection)?,
        tasks::table.count().get_result(connection)?,
        rules::table.count().get_result(connection)?,
        users::table.count().get_result(connection)?,
        power_controls::table.count().get_result(connection)?,
    ];
    Ok(counts.iter().all(|count| *count == 0))
}
