//! The gates of devices: decided by the domain, kept by compare-and-set on a version.

use assay_domain::gate::{Entry, GateRecord, GateRules};
use assay_domain::{Error, Timestamp};
use diesel::prelude::*;

use super::Conn;
use crate::fault::Outcome;
use crate::rows::GateRow;
use crate::schema::{gates, power_controls};

/// How often a change is tried when others change the same gate at the same moment.
const ATTEMPTS: u32 = 5;

/// Lets a process through, or says what it has to wait for.
pub(crate) fn enter(
    connection: &mut Conn,
    id: i64,
    caller: &str,
    rules: &GateRules,
    now: Timestamp,
) -> Outcome<Entry> {
    change(connection, id, |record| record.enter(caller, rules, now))
}

/// Keeps the gate for a process; `false` when another one has it.
pub(crate) fn extend(
    connection: &mut Conn,
    id: i64,
    caller: &str,
    rules: &GateRules,
    now: Timestamp,
) -> Outcome<bool> {
    change(connection, id, |record| record.extend(caller, rules, now))
}

/// Notes that a process was let in by the device.
pub(crate) fn accepted(connection: &mut Conn, id: i64, caller: &str) -> Outcome<()> {
    change(connection, id, |record| record.accepted(caller))
}

/// Frees the gate.
pub(crate) fn leave(
    connection: &mut Conn,
    id: i64,
    caller: &str,
    rules: &GateRules,
    now: Timestamp,
) -> Outcome<()> {
    change(connection, id, |record| {
        record.leave(caller, rules.pace, now);
    })
}

/// The gate as it is.
pub(crate) fn find(connection: &mut Conn, id: i64) -> Outcome<GateRecord> {
    Ok(load(connection, id)?.1)
}

/// Forgets logins that ended without a word: there are new credentials.
pub(crate) fn forget_logins(connection: &mut Conn, id: i64) -> Outcome<()> {
    change(connection, id, GateRecord::forget_logins)
}

fn change<T>(connection: &mut Conn, id: i64, decide: impl Fn(&mut GateRecord) -> T) -> Outcome<T> {
    for _ in 0..ATTEMPTS {
        let (version, before) = load(connection, id)?;
        let mut record = before.clone();
        let answer = decide(&mut record);
        if record == before || save(connection, id, version, &record)? {
            return Ok(answer);
        }
    }
    Err(Error::Unavailable {
        message: format!("the gate of power control {id} changes all the time"),
        retry_after: 1,
    }
    .into())
}

/// The gate and its version; none for one that was never entered.
fn load(connection: &mut Conn, id: i64) -> Outcome<(Option<i64>, GateRecord)> {
    let row: Option<(Option<String>, Option<GateRow>)> = power_controls::table
        .left_join(gates::table.on(gates::power_control_id.eq(power_controls::id)))
        .filter(power_controls::id.eq(id))
        .select((power_controls::refused, Option::<GateRow>::as_select()))
        .first(connection)
        .optional()?;
    let (refused, row) = row.ok_or_else(|| Error::not_found("Power control", id))?;
    let version = row.as_ref().map(|row| row.version);
    let record = row.map(GateRecord::from).unwrap_or_default();
    Ok((version, GateRecord { refused, ..record }))
}

/// Keeps a changed gate, unless somebody has changed it meanwhile.
fn save(
    connection: &mut Conn,
    id: i64,
    version: Option<i64>,
    record: &GateRecord,
) -> Outcome<bool> {
    let row = GateRow::of(record, version.map_or(1, |version| version + 1));
    let kept = match version {
        None => diesel::insert_into(gates::table)
            .values((gates::power_control_id.eq(id), &row))
            .on_conflict(gates::power_control_id)
            .do_nothing()
            .execute(connection)?,
        Some(version) => diesel::update(
            gates::table
                .filter(gates::power_control_id.eq(id))
                .filter(gates::version.eq(version)),
        )
        .set(&row)
        .execute(connection)?,
    };
    Ok(kept == 1)
}
