//! How the operating systems of nodes are reached, what was set on them, and their iSCSI sessions.

use std::net::IpAddr;

use assay_domain::host::{HostAccess, HostSessions, HostSetting, KeptSettings};
use assay_domain::iscsi::Targets;
use assay_domain::{Error, TaskKind, Timestamp};
use diesel::dsl::{exists, not};
use diesel::prelude::*;

use super::{Conn, lock_node, nodes, tasks as task_queries};
use crate::convert::{naive, to_json};
use crate::fault::Outcome;
use crate::rows::{HostAccessRow, HostSessionsRow, HostSettingsRow};
use crate::schema::nodes as all_nodes;
use crate::schema::{host_access, host_sessions, host_settings, tasks};

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
pub(crate) fn record(connection: &mut Conn, node_id: i64, setting: &HostSetting) -> Outcome<()> {
    lock(connection, node_id)?;
    let mut kept = settings(connection, node_id)?;
    kept.settings.retain(|other| !other.is_like(setting));
    kept.settings.push(setting.clone());
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
    // A host that takes longer than the interval is not asked for more and more.
    let under_way = tasks::table
        .filter(tasks::kind.eq(TaskKind::HostKeep.as_str()))
        .filter(tasks::node_id.eq(host_settings::node_id.nullable()))
        .filter(tasks::status.eq_any(task_queries::open()));
    let due: Vec<(i64, i64)> = host_settings::table
        .filter(host_settings::is_kept)
        .filter(host_settings::actions.ne("[]"))
        .filter(not(exists(under_way)))
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

/// The open sessions of a node's operating system, when they were looked at last.
pub(crate) fn sessions(connection: &mut Conn, node_id: i64) -> Outcome<Option<HostSessions>> {
    let row: Option<HostSessionsRow> = host_sessions::table
        .filter(host_sessions::node_id.eq(node_id))
        .select(HostSessionsRow::as_select())
        .first(connection)
        .optional()?;
    row.map(HostSessions::try_from).transpose()
}

/// Keeps the open sessions of a node's operating system.
pub(crate) fn set_sessions(
    connection: &mut Conn,
    node_id: i64,
    targets: &Targets,
    now: Timestamp,
) -> Outcome<()> {
    lock(connection, node_id)?;
    let changes = (
        host_sessions::targets.eq(to_json(targets)?),
        host_sessions::seen_at.eq(naive(now)),
    );
    diesel::insert_into(host_sessions::table)
        .values((host_sessions::node_id.eq(node_id), changes.clone()))
        .on_conflict(host_sessions::node_id)
        .do_update()
        .set(changes)
        .execute(connection)?;
    Ok(())
}

/// The name of the node that has an address; of the first one, should several have it.
pub(crate) fn name_at(connection: &mut Conn, address: IpAddr) -> Outcome<Option<String>> {
    let name: Option<Option<String>> = all_nodes::table
        .filter(all_nodes::ip_addresses.like(format!("%\"{address}\"%")))
        .select(all_nodes::name)
        .order(all_nodes::id)
        .first(connection)
        .optional()?;
    Ok(name.flatten())
}

fn write(connection: &mut Conn, node_id: i64, kept: &KeptSettings) -> Outcome<()> {
    let changes = (
        host_settings::is_kept.eq(kept.is_kept),
        host_settings::actions.eq(to_json(&kept.settings)?),
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
