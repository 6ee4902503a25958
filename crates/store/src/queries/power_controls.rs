//! Power controls. Rows leave here with their secrets still encrypted.

use assay_domain::power_control::PowerControlField;
use assay_domain::power_control::PowerControlPatch;
use assay_domain::{Error, Filter, Page, PowerControl, Secret, Timestamp};
use diesel::prelude::*;

use super::{
    Conn, assignments, device_readings, filters, gates, host_keys, power_observations, uses,
};
use crate::convert::{host_key, naive, to_json};
use crate::fault::Outcome;
use crate::keys::{Keyring, Place};
use crate::rows::{PowerControlChanges, PowerControlRow};
use crate::schema::{node_power_controls, nodes, power_controls};

/// Adds a power control. Its secrets are bound to its key, so they follow once it has one.
pub(crate) fn create(
    connection: &mut Conn,
    control: &PowerControl,
    keys: &Keyring,
) -> Outcome<PowerControlRow> {
    let id: i64 = diesel::insert_into(power_controls::table)
        .values((
            power_controls::title.eq(&control.title),
            power_controls::control_type.eq(&control.control_type),
            power_controls::protocol_type.eq(&control.protocol_type),
            power_controls::host.eq(&control.host),
            power_controls::host_key.eq(host_key(&control.host)),
            power_controls::port_number.eq(control.port_number),
            power_controls::login.eq(&control.login),
            power_controls::settings.eq(to_json(&control.settings)?),
            power_controls::refused.eq(&control.refused),
            power_controls::time_created.eq(naive(control.time_created)),
            power_controls::time_updated.eq(control.time_updated.map(naive)),
        ))
        .returning(power_controls::id)
        .get_result(connection)?;
    let password = seal(keys, "password", id, control.password.as_ref())?;
    let ssh_key = seal(keys, "ssh_key", id, control.ssh_key.as_ref())?;
    Ok(diesel::update(power_controls::table.find(id))
        .set((
            power_controls::password.eq(password),
            power_controls::ssh_key.eq(ssh_key),
        ))
        .returning(PowerControlRow::as_returning())
        .get_result(connection)?)
}

/// Changes a power control. Whoever gives credentials, host or port, even the same ones again,
/// asks to try them: the gate that refused credentials had shut opens. Another kind, host or port is
/// another device, of which nothing is known.
pub(crate) fn update(
    connection: &mut Conn,
    id: i64,
    patch: &PowerControlPatch,
    keys: &Keyring,
    now: Timestamp,
) -> Outcome<PowerControlRow> {
    let reopened = patch.login.is_some()
        || patch.password.is_some()
        || patch.ssh_key.is_some()
        || patch.host.is_some()
        || patch.port_number.is_some();
    let sealed = |column, given: &Option<Option<Secret>>| {
        given
            .as_ref()
            .map(|secret| seal(keys, column, id, secret.as_ref()))
            .transpose()
    };
    let changes = PowerControlChanges {
        title: patch.title.clone(),
        control_type: patch.control_type.clone(),
        protocol_type: patch.protocol_type.clone(),
        host: patch.host.clone(),
        host_key: patch.host.as_deref().map(host_key),
        port_number: patch.port_number,
        login: patch.login.clone(),
        password: sealed("password", &patch.password)?,
        ssh_key: sealed("ssh_key", &patch.ssh_key)?,
        settings: patch.settings.as_ref().map(to_json).transpose()?,
        refused: reopened.then_some(None),
        time_updated: Some(naive(now)),
    };
    let before = device(connection, id)?;
    let row: Option<PowerControlRow> = diesel::update(power_controls::table.find(id))
        .set(&changes)
        .returning(PowerControlRow::as_returning())
        .get_result(connection)
        .optional()?;
    let row = row.ok_or_else(|| Error::not_found("Power control", id))?;
    if before != device(connection, id)? {
        assignments::forget_answers(connection, id)?;
        host_keys::forget(connection, id)?;
        device_readings::forget_of_control(connection, id)?;
    }
    if reopened {
        gates::forget_logins(connection, id)?;
        power_observations::read_nodes_of_soon(connection, id)?;
    }
    Ok(row)
}

/// Which device a power control is: kind, protocol, host and port.
type Device = (String, String, String, i32);

fn device(connection: &mut Conn, id: i64) -> Outcome<Option<Device>> {
    Ok(power_controls::table
        .find(id)
        .select((
            power_controls::control_type,
            power_controls::protocol_type,
            power_controls::host_key,
            power_controls::port_number,
        ))
        .first(connection)
        .optional()?)
}

fn seal(keys: &Keyring, column: &str, id: i64, secret: Option<&Secret>) -> Outcome<Option<String>> {
    secret
        .map(|secret| keys.seal(&Place::power_control(column, id), secret))
        .transpose()
}

/// Removes a power control that no node uses.
pub(crate) fn delete(connection: &mut Conn, id: i64) -> Outcome<()> {
    let fed = node_power_controls::table
        .filter(node_power_controls::power_control_id.eq(id))
        .select(node_power_controls::node_id);
    uses::refuse(
        connection,
        nodes::table.filter(nodes::id.eq_any(fed)).into_boxed(),
        &format!("power control {id} is assigned to"),
    )?;
    let removed = diesel::delete(power_controls::table.find(id)).execute(connection)?;
    if removed == 0 {
        return Err(Error::not_found("Power control", id).into());
    }
    Ok(())
}

/// The power controls with these keys.
pub(crate) fn with_secrets(connection: &mut Conn, ids: &[i64]) -> Outcome<Vec<PowerControlRow>> {
    Ok(power_controls::table
        .filter(power_controls::id.eq_any(ids))
        .select(PowerControlRow::as_select())
        .load(connection)?)
}

/// The power controls with these keys, without their secrets.
pub(crate) fn of(connection: &mut Conn, ids: &[i64]) -> Outcome<Vec<PowerControlRow>> {
    let mut rows = with_secrets(connection, ids)?;
    for row in &mut rows {
        row.password = None;
        row.ssh_key = None;
    }
    Ok(rows)
}

/// The power control with that key.
pub(crate) fn find(connection: &mut Conn, id: i64) -> Outcome<Option<PowerControlRow>> {
    Ok(power_controls::table
        .find(id)
        .select(PowerControlRow::as_select())
        .first(connection)
        .optional()?)
}

/// The power controls for which all filters hold, by key.
pub(crate) fn list(
    connection: &mut Conn,
    filters: &[Filter<PowerControlField>],
    page: Page,
) -> Outcome<Vec<PowerControlRow>> {
    Ok(filters::power_controls(filters)?
        .select(PowerControlRow::as_select())
        .order(power_controls::id)
        .offset(page.offset)
        .limit(page.limit)
        .load(connection)?)
}

/// How many power controls there are for which all filters hold.
pub(crate) fn count(connection: &mut Conn, filters: &[Filter<PowerControlField>]) -> Outcome<i64> {
    let query = filters::power_controls(filters)?;
    Ok(query.count().get_result(connection)?)
}

/// Keeps why the device refuses our credentials.
pub(crate) fn refuse(connection: &mut Conn, id: i64, reason: &str) -> Outcome<()> {
    let kept = diesel::update(power_controls::table.find(id))
        .set(power_controls::refused.eq(reason))
        .execute(connection)?;
    if kept == 0 {
        return Err(Error::not_found("Power control", id).into());
    }
    Ok(())
}
