//! Which nodes a machine can be, by addresses, MACs, system UUID and serial; all from indexes.

use std::collections::{BTreeMap, BTreeSet};

use diesel::prelude::*;

use super::Conn;
use crate::convert::{host_key, mac_key, parse};
use crate::fault::Outcome;
use crate::schema::{introspections, node_power_controls, nodes, ports, power_controls};
use crate::{LookupBy, LookupHit, LookupKeys};

/// Every node that one of the keys leads to, once per key.
pub(crate) fn nodes(connection: &mut Conn, keys: &LookupKeys) -> Outcome<Vec<LookupHit>> {
    let mut found = BTreeSet::new();
    for node in by_bmc(connection, &keys.bmc_addresses)? {
        found.insert((node, LookupBy::Bmc));
    }
    for (node, mac) in by_macs(connection, &keys.macs)? {
        found.insert((node, LookupBy::Mac(mac)));
    }
    if let Some(uuid) = present(keys.system_uuid.as_ref()) {
        for node in by_system_uuid(connection, uuid)? {
            found.insert((node, LookupBy::SystemUuid));
        }
    }
    if let Some(serial) = present(keys.serial.as_ref()) {
        let ids: Vec<i64> = nodes::table
            .filter(nodes::serial_number.eq(serial))
            .select(nodes::id)
            .load(connection)?;
        found.extend(ids.into_iter().map(|node| (node, LookupBy::Serial)));
    }
    describe(connection, found)
}

/// A key that says something: an empty one would lead to every node without one.
fn present(key: Option<&String>) -> Option<&str> {
    key.map(|key| key.trim()).filter(|key| !key.is_empty())
}

fn by_bmc(connection: &mut Conn, addresses: &[String]) -> Outcome<Vec<i64>> {
    let hosts = addresses
        .iter()
        .filter_map(|address| present(Some(address)))
        .map(host_key)
        .collect::<Vec<_>>();
    if hosts.is_empty() {
        return Ok(Vec::new());
    }
    let mut ids: Vec<i64> = nodes::table
        .filter(nodes::bmc_address.eq_any(&hosts))
        .select(nodes::id)
        .load(connection)?;
    let controlled: Vec<i64> = power_controls::table
        .inner_join(
            node_power_controls::table
                .on(node_power_controls::power_control_id.eq(power_controls::id)),
        )
        .filter(power_controls::host_key.eq_any(&hosts))
        .select(node_power_controls::node_id)
        .load(connection)?;
    ids.extend(controlled);
    Ok(ids)
}

fn by_macs(connection: &mut Conn, macs: &[String]) -> Outcome<Vec<(i64, String)>> {
    let macs = macs
        .iter()
        .filter_map(|mac| present(Some(mac)))
        .map(mac_key)
        .collect::<Vec<_>>();
    if macs.is_empty() {
        return Ok(Vec::new());
    }
    let mut found: Vec<(i64, String)> = ports::table
        .filter(ports::address.eq_any(&macs))
        .select((ports::node_id, ports::address))
        .load(connection)?;
    let given: Vec<(i64, Option<String>)> = nodes::table
        .filter(nodes::mac_key.eq_any(&macs))
        .select((nodes::id, nodes::mac_key))
        .load(connection)?;
    found.extend(given.into_iter().filter_map(|(id, mac)| Some((id, mac?))));
    Ok(found)
}

fn by_system_uuid(connection: &mut Conn, uuid: &str) -> Outcome<Vec<i64>> {
    Ok(nodes::table
        .filter(nodes::system_uuid.eq(uuid.to_lowercase()))
        .select(nodes::id)
        .load(connection)?)
}

fn describe(connection: &mut Conn, found: BTreeSet<(i64, LookupBy)>) -> Outcome<Vec<LookupHit>> {
    if found.is_empty() {
        return Ok(Vec::new());
    }
    let ids = found.iter().map(|(id, _)| *id).collect::<Vec<_>>();
    let current = introspections::node_id
        .eq(nodes::id)
        .and(introspections::is_current);
    let rows: Vec<(i64, String, Option<String>)> = nodes::table
        .left_join(introspections::table.on(current))
        .filter(nodes::id.eq_any(ids))
        .select((nodes::id, nodes::uuid, introspections::state.nullable()))
        .load(connection)?;
    let known = rows
        .into_iter()
        .map(|(id, uuid, state)| (id, (uuid, state)))
        .collect::<BTreeMap<_, _>>();
    let mut hits = Vec::with_capacity(found.len());
    for (node_id, by) in found {
        if let Some((uuid, state)) = known.get(&node_id) {
            hits.push(LookupHit {
                node_id,
                node_uuid: uuid.clone(),
                by,
                state: state.as_deref().map(parse).transpose()?,
            });
        }
    }
    Ok(hits)
}
