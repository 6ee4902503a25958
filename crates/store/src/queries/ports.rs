//! Ports of nodes.

use std::collections::HashMap;

use assay_domain::{Error, Port};
use diesel::prelude::*;
use uuid::Uuid;

use super::Conn;
use crate::convert::{all, mac_key, to_json};
use crate::fault::Outcome;
use crate::rows::PortRow;
use crate::schema::{nodes, ports};

/// The ports of these nodes, by key.
pub(crate) fn of_nodes(connection: &mut Conn, node_ids: &[i64]) -> Outcome<Vec<Port>> {
    let rows: Vec<PortRow> = ports::table
        .filter(ports::node_id.eq_any(node_ids))
        .select(PortRow::as_select())
        .order(ports::id)
        .load(connection)?;
    all(rows)
}

/// The ports of one node, by key.
pub(crate) fn of_node(connection: &mut Conn, node_id: i64) -> Outcome<Vec<Port>> {
    let rows: Vec<PortRow> = ports::table
        .filter(ports::node_id.eq(node_id))
        .select(PortRow::as_select())
        .order(ports::id)
        .load(connection)?;
    all(rows)
}

/// Adds a port that must not exist yet.
pub(crate) fn create(
    connection: &mut Conn,
    node_id: i64,
    address: &str,
    pxe_enabled: bool,
) -> Outcome<()> {
    let address = mac_key(address);
    let port = Port {
        id: 0,
        uuid: String::new(),
        node_id,
        address: address.clone(),
        pxe_enabled,
        local_link_connection: serde_json::Map::new(),
        extra: serde_json::Map::new(),
    };
    if let Some((_, holder)) = holders(connection, std::slice::from_ref(&address))?.get(&address) {
        let text = format!("the port {address} belongs to node {holder} already");
        return Err(Error::conflict(text).into());
    }
    insert(connection, node_id, &port)
}

/// Adds what hooks found. A port that the node has is changed instead, so that doing this again
/// changes nothing; a port of another node is left alone, since many machines share the MAC
/// address of, say, their BMC's USB network card.
pub(crate) fn merge(connection: &mut Conn, node_id: i64, found: &[Port]) -> Outcome<()> {
    if found.is_empty() {
        return Ok(());
    }
    let addresses = found
        .iter()
        .map(|port| mac_key(&port.address))
        .collect::<Vec<_>>();
    let mut holders = holders(connection, &addresses)?;
    for (port, address) in found.iter().zip(addresses) {
        match holders.get(&address) {
            None => {
                insert(connection, node_id, port)?;
                // The same address twice in one report.
                holders.insert(address, (node_id, String::new()));
            }
            Some((holder, _)) if *holder == node_id => {
                let id = ports::table
                    .filter(ports::address.eq(&address))
                    .select(ports::id)
                    .first(connection)?;
                change(connection, id, node_id, port)?;
            }
            Some((_, uuid)) => {
                tracing::warn!(%address, node_id, holder = %uuid, "a port is left out: another node has it");
            }
        }
    }
    Ok(())
}

/// Changes a port of the node by its key: whether it boots, its link and its free data.
pub(crate) fn change(connection: &mut Conn, id: i64, node_id: i64, port: &Port) -> Outcome<()> {
    diesel::update(ports::table.find(id).filter(ports::node_id.eq(node_id)))
        .set((
            ports::pxe_enabled.eq(port.pxe_enabled),
            ports::local_link_connection.eq(to_json(&port.local_link_connection)?),
            ports::extra.eq(to_json(&port.extra)?),
        ))
        .execute(connection)?;
    Ok(())
}

/// Removes ports of the node by their keys.
pub(crate) fn delete(connection: &mut Conn, node_id: i64, ids: &[i64]) -> Outcome<()> {
    if !ids.is_empty() {
        diesel::delete(
            ports::table
                .filter(ports::id.eq_any(ids))
                .filter(ports::node_id.eq(node_id)),
        )
        .execute(connection)?;
    }
    Ok(())
}

/// Key and UUID of the node of each of these addresses that is known.
fn holders(connection: &mut Conn, addresses: &[String]) -> Outcome<HashMap<String, (i64, String)>> {
    let rows: Vec<(String, i64, String)> = ports::table
        .inner_join(nodes::table.on(nodes::id.eq(ports::node_id)))
        .filter(ports::address.eq_any(addresses))
        .select((ports::address, nodes::id, nodes::uuid))
        .load(connection)?;
    Ok(rows
        .into_iter()
        .map(|(address, id, uuid)| (address, (id, uuid)))
        .collect())
}

fn insert(connection: &mut Conn, node_id: i64, port: &Port) -> Outcome<()> {
    let uuid = if port.uuid.is_empty() {
        Uuid::new_v4().to_string()
    } else {
        port.uuid.clone()
    };
    diesel::insert_into(ports::table)
        .values((
            ports::uuid.eq(uuid),
            ports::node_id.eq(node_id),
            ports::address.eq(mac_key(&port.address)),
            ports::pxe_enabled.eq(port.pxe_enabled),
            ports::local_link_connection.eq(to_json(&port.local_link_connection)?),
            ports::extra.eq(to_json(&port.extra)?),
        ))
        .execute(connection)?;
    Ok(())
}
