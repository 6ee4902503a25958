//! Which nodes a machine may be: those of which any of its facts is known; all from indexes.

use std::collections::{BTreeMap, BTreeSet};

use assay_domain::machine::swapped_uuid;
use assay_domain::{Fact, FactKind, Facts};
use diesel::prelude::*;

use super::{Conn, fingerprints};
use crate::convert::parse;
use crate::fault::Outcome;
use crate::schema::{introspections, node_power_controls, nodes, ports, power_controls};
use crate::{Candidate, Candidates};

/// For each fact of a machine the nodes of which it is known, two at least when there are several.
type Holders = BTreeMap<(FactKind, String), BTreeSet<i64>>;

/// Every node of which any of the facts is known, with all that is known of it.
pub(crate) fn candidates(connection: &mut Conn, facts: &Facts) -> Outcome<Candidates> {
    let holders = holders(connection, facts)?;
    let ids: BTreeSet<i64> = holders.values().flatten().copied().collect();
    let shared = holders
        .into_iter()
        .filter(|(_, nodes)| nodes.len() > 1)
        .map(|(fact, _)| fact)
        .collect();
    let nodes = describe(connection, &ids.into_iter().collect::<Vec<_>>())?;
    Ok(Candidates { nodes, shared })
}

/// The keys of the nodes of which any of the facts is known.
pub(crate) fn holder_ids(connection: &mut Conn, facts: &Facts) -> Outcome<BTreeSet<i64>> {
    let holders = holders(connection, facts)?;
    Ok(holders.into_values().flatten().collect())
}

fn holders(connection: &mut Conn, facts: &Facts) -> Outcome<Holders> {
    let mut found = Holders::new();
    let mut add = |kind: FactKind, value: &str, nodes: &[i64]| {
        let own = facts.iter().filter(|fact| fact.kind == kind);
        for fact in
            own.filter(|fact| assay_domain::machine::says_the_same(kind, &fact.value, value))
        {
            let known = found.entry((kind, fact.value.clone())).or_default();
            known.extend(nodes);
        }
    };
    let values = spellings(facts);
    if values.is_empty() {
        return Ok(found);
    }
    for (fact, first, last) in fingerprints::holders(connection, &values)? {
        add(fact.kind, &fact.value, &[first, last]);
    }
    for (kind, value, node) in given(connection, facts)? {
        add(kind, &value, &[node]);
    }
    Ok(found)
}

/// The values to look for: a UUID also in its other byte order; empty ones say nothing.
fn spellings(facts: &Facts) -> Vec<String> {
    let mut values = BTreeSet::new();
    for fact in facts.iter().filter(|fact| !fact.value.trim().is_empty()) {
        if fact.kind == FactKind::SystemUuid {
            values.extend(swapped_uuid(&fact.value));
        }
        values.insert(fact.value.clone());
    }
    values.into_iter().collect()
}

/// What operators, hooks and power controls say of nodes.
fn given(connection: &mut Conn, facts: &Facts) -> Outcome<Vec<(FactKind, String, i64)>> {
    let of = |kind: FactKind| -> Vec<String> {
        let own = facts.iter().filter(|fact| fact.kind == kind).cloned();
        spellings(&own.collect())
    };
    let (uuids, serials) = (of(FactKind::SystemUuid), of(FactKind::SystemSerial));
    let (hosts, macs) = (of(FactKind::BmcAddress), of(FactKind::Card));
    let mut found = Vec::new();
    if !uuids.is_empty() {
        found.extend(by_column(connection, FactKind::SystemUuid, &uuids)?);
    }
    if !serials.is_empty() {
        found.extend(by_column(connection, FactKind::SystemSerial, &serials)?);
    }
    if !hosts.is_empty() {
        found.extend(by_column(connection, FactKind::BmcAddress, &hosts)?);
        found.extend(by_control(connection, &hosts)?);
    }
    if !macs.is_empty() {
        found.extend(by_column(connection, FactKind::Card, &macs)?);
        let rows: Vec<(String, i64)> = ports::table
            .filter(ports::address.eq_any(&macs))
            .select((ports::address, ports::node_id))
            .load(connection)?;
        let rows = rows.into_iter();
        found.extend(rows.map(|(mac, node)| (FactKind::Card, mac, node)));
    }
    Ok(found)
}

/// The first and the last node with each of these values in the column of that kind.
fn by_column(
    connection: &mut Conn,
    kind: FactKind,
    values: &[String],
) -> Outcome<Vec<(FactKind, String, i64)>> {
    use diesel::dsl::{max, min};
    type Rows = Vec<(Option<String>, Option<i64>, Option<i64>)>;
    macro_rules! rows {
        ($column:expr) => {
            nodes::table
                .filter($column.eq_any(values))
                .group_by($column)
                .select(($column, min(nodes::id), max(nodes::id)))
                .load(connection)?
        };
    }
    let rows: Rows = match kind {
        FactKind::SystemUuid => rows!(nodes::system_uuid),
        FactKind::SystemSerial => rows!(nodes::serial_number),
        FactKind::BmcAddress => rows!(nodes::bmc_address),
        FactKind::Card => rows!(nodes::mac_key),
        FactKind::ChassisSerial | FactKind::BoardSerial | FactKind::BmcMac => Vec::new(),
    };
    let known = rows
        .into_iter()
        .filter_map(|(value, first, last)| Some((value?, [first?, last?])));
    Ok(known
        .flat_map(|(value, nodes)| nodes.map(|node| (kind, value.clone(), node)))
        .collect())
}

fn by_control(connection: &mut Conn, hosts: &[String]) -> Outcome<Vec<(FactKind, String, i64)>> {
    use diesel::dsl::{max, min};
    let rows: Vec<(String, Option<i64>, Option<i64>)> = power_controls::table
        .inner_join(
            node_power_controls::table
                .on(node_power_controls::power_control_id.eq(power_controls::id)),
        )
        .filter(power_controls::host_key.eq_any(hosts))
        .group_by(power_controls::host_key)
        .select((
            power_controls::host_key,
            min(node_power_controls::node_id),
            max(node_power_controls::node_id),
        ))
        .load(connection)?;
    let known = rows
        .into_iter()
        .filter_map(|(host, first, last)| Some((host, [first?, last?])));
    Ok(known
        .flat_map(|(host, nodes)| nodes.map(|node| (FactKind::BmcAddress, host.clone(), node)))
        .collect())
}

/// Key, UUID, system UUID, serial number, BMC address, MAC address, state of the introspection.
type NodeFacts = (
    i64,
    String,
    Option<String>,
    Option<String>,
    Option<String>,
    Option<String>,
    Option<String>,
);

fn describe(connection: &mut Conn, ids: &[i64]) -> Outcome<Vec<Candidate>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let current = introspections::node_id
        .eq(nodes::id)
        .and(introspections::is_current);
    let rows: Vec<NodeFacts> = nodes::table
        .left_join(introspections::table.on(current))
        .filter(nodes::id.eq_any(ids))
        .select((
            nodes::id,
            nodes::uuid,
            nodes::system_uuid,
            nodes::serial_number,
            nodes::bmc_address,
            nodes::mac_key,
            introspections::state.nullable(),
        ))
        .order(nodes::id)
        .load(connection)?;
    let mut known = fingerprints::of_nodes(connection, ids)?;
    for (node_id, fact) in attached(connection, ids)? {
        known.entry(node_id).or_default().insert(fact);
    }
    let mut found = Vec::with_capacity(rows.len());
    for (node_id, node_uuid, system_uuid, serial, bmc, mac, state) in rows {
        let mut facts = known.remove(&node_id).unwrap_or_default();
        let given = [
            (FactKind::SystemUuid, system_uuid),
            (FactKind::SystemSerial, serial),
            (FactKind::BmcAddress, bmc),
            (FactKind::Card, mac),
        ];
        facts.extend(given.into_iter().filter_map(|(kind, value)| {
            let value = value.filter(|value| !value.trim().is_empty())?;
            Some(Fact::new(kind, value))
        }));
        let state = state.as_deref().map(parse).transpose()?;
        found.push(Candidate {
            node_id,
            node_uuid,
            state,
            facts,
        });
    }
    Ok(found)
}

/// Ports and addresses of power controls.
fn attached(connection: &mut Conn, ids: &[i64]) -> Outcome<Vec<(i64, Fact)>> {
    let ports: Vec<(i64, String)> = ports::table
        .filter(ports::node_id.eq_any(ids))
        .select((ports::node_id, ports::address))
        .load(connection)?;
    let hosts: Vec<(i64, String)> = node_power_controls::table
        .inner_join(
            power_controls::table.on(power_controls::id.eq(node_power_controls::power_control_id)),
        )
        .filter(node_power_controls::node_id.eq_any(ids))
        .select((node_power_controls::node_id, power_controls::host_key))
        .load(connection)?;
    let cards = ports
        .into_iter()
        .map(|(node, mac)| (node, Fact::new(FactKind::Card, mac)));
    let bmcs = hosts
        .into_iter()
        .map(|(node, host)| (node, Fact::new(FactKind::BmcAddress, host)));
    Ok(cards.chain(bmcs).collect())
}
