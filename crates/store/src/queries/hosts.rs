//! How the operating systems of nodes are reached, and what was set on them.

use assay_domain::host::{HostAccess, HostAction, KeptSettings};
use assay_domain::{Error, Timestamp};
use diesel::prelude::*;

use super::{Conn, lock_node, nodes};
use crate::convert::{naive, to_json};
use crate::fault::Outcome;
use crate::rows::{HostAccessRow, HostSettingsRow};
use crate::schema::{host_access, host_settings};

/// How a node's operating system is reached.
pub(crate) fn access(connection: &mut Conn, node_id: i64) -> Outcome<Option<HostAccess>> {
    let row: Option<HostAccessRow> = host_access::table
        .filter(host_access::node_id.eq(node_id))
        .select(HostAccessRow::as_select())
        .first(connection)
        .optional()?;
    Ok(row.map(HostAccess::from))
}

/// Keeps how a node's operating system is reached.
pub(crate) fn set_access(connection: &mut Conn, access: &HostAccess) -> Outcome<()> {
    lock(connection, access.node_id)?;
    forget_access(connection, access.node_id)?;
    diesel::insert_into(host_access::table)
        .values((
            host_access::node_id.eq(access.node_id),
            host_access::address.eq(&access.address),
            host_access::port.eq(access.port.map(i32::from)),
            host_access::snmp_port.eq(access.snmp_port.map(i32::from)),
            host_access::host_key.eq(&access.host_key),
        ))
        .execute(connection)?;
    Ok(())
}

/// Forgets how a node's operating system is reached.
pub(crate) fn forget_access(connection: &mut Conn, node_id: i64) -> Outcome<bool> {
    let known = host_access::table.filter(host_access::node_id.eq(node_id));
    Ok(diesel::delete(known).execute(connection)? > 0)
}

/// What was set on a node's operating system.
pub(crate) fn settings(connection: &mut Conn, node_id: i64) -> Outcome<KeptSettings> {
    let row: Option<HostSettingsRow> = host_settings::table
        .filter(host_settings::node_id.eq(node_id))
        .select(HostSettingsRow::as_select())
        .first(connection)
        .optional()?;
    let kept = row.map(KeptSettings::try_from).transpose()?;
    Ok(kept.unwrap_or_default())
}

/// Records something that was set.
pub(crate) fn record(connection: &mut Conn, node_id: i64, action: &HostAction) -> Outcome<()> {
    lock(connection, node_id)?;
    let mut kept = settings(connection, node_id)?;
    kept.actions.retain(|other| !other.is_like(action));
    kept.actions.push(action.clone());
    write(connection, node_id, &kept)
}

/// Has what was set kept so, or not.
pub(crate) fn keep(connection: &mut Conn, node_id: i64, is_kept: bool) -> Outcome<()> {
    lock(connection, node_id)?;
    let mut kept = settings(connection, node_id)?;
    kept.is_kept = is_kept;
    write(connection, node_id, &kept)
}

/// Nodes whose settings are due to be looked at.
pub(crate) fn claim(
    connection: &mut Conn,
    before: Timestamp,
    limit: i64,
    now: Timestamp,
) -> Outcome<Vec<i64>> {
    let due: Vec<(i64, i64)> = host_settings::table
        .filter(host_settings::is_kept)
        .filter(host_settings::actions.ne("[]"))
        .filter(
            host_settings::kept_at
                .is_null()
                .or(host_settings::kept_at.lt(naive(before))),
        )
        .select((host_settings::id, host_settings::node_id))
        .order(host_settings::id)
        .limit(limit)
        .load(connection)?;
    let (rows, nodes): (Vec<i64>, Vec<i64>) = due.into_iter().unzip();
    diesel::update(host_settings::table.filter(host_settings::id.eq_any(rows)))
        .set(host_settings::kept_at.eq(naive(now)))
        .execute(connection)?;
    Ok(nodes)
}

fn write(connection: &mut Conn, node_id: i64, kept: &KeptSettings) -> Outcome<()> {
    let changes = (
        host_settings::is_kept.eq(kept.is_kept),
        host_settings::actions.eq(to_json(&kept.actions)?),
    );
    diesel::insert_into(host_settings::table)
        .values((host_settings::node_id.eq(node_id), changes.clone()))
        .on_conflict(host_settings::node_id)
        .do_update()
        .set(changes)
        .execute(connection)?;
    Ok(())
}

fn lock(connection: &mut Conn, node_id: i64) -> Outcome<()> {
    lock_node(connection, node_id)?;
    match nodes::find(connection, node_id)? {
        Some(_) => Ok(()),
        None => Err(Error::not_found("Node", node_id).into()),
    }
}
