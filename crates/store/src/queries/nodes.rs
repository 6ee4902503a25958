//! Nodes: enrolment, change, removal, lists.

use std::collections::{HashMap, HashSet};

use assay_domain::Timestamp;
use assay_domain::node::NodeField;
use assay_domain::{Error, Filter, IntrospectionState, NewNode, Node, NodePatch, Page, PowerState};
use chrono::NaiveDateTime;
use diesel::prelude::*;

use super::{Conn, filters, lock_node, node_classes, ports};
use crate::convert::{all, naive, parse};
use crate::fault::{Fault, Outcome};
use crate::rows::{NodeChanges, NodeRow};
use crate::schema::{introspections, nodes};
use crate::types::NodeNames;

/// Enrols a node with its ports.
pub(crate) fn create(connection: &mut Conn, new: &NewNode, now: Timestamp) -> Outcome<Node> {
    let uuid = new
        .uuid
        .as_deref()
        .ok_or_else(|| Error::internal("a new node without a UUID"))?;
    let mut changes = NodeChanges::of(&new.fields)?;
    changes.created_at.get_or_insert(naive(now));
    node_classes::fill_defaults(connection, &mut changes)?;
    let row: NodeRow = diesel::insert_into(nodes::table)
        .values((nodes::uuid.eq(uuid), &changes))
        .returning(NodeRow::as_returning())
        .get_result(connection)
        .map_err(|error| taken(error.into(), uuid, &new.fields))?;
    for (address, boots) in &new.ports {
        ports::create(connection, row.id, address, *boots)?;
    }
    row.try_into()
}

/// Changes a node.
pub(crate) fn update(
    connection: &mut Conn,
    id: i64,
    patch: &NodePatch,
    now: Timestamp,
) -> Outcome<Node> {
    let (uuid, class, kind): (String, Option<i64>, Option<i64>) = nodes::table
        .find(id)
        .select((nodes::uuid, nodes::node_class_id, nodes::node_type_id))
        .first(connection)
        .optional()?
        .ok_or_else(|| Error::not_found("Node", id))?;
    let mut changes = NodeChanges::of(patch)?;
    node_classes::check(connection, &mut changes, (class, kind))?;
    let row: Option<NodeRow> = diesel::update(nodes::table.find(id))
        .set((&changes, nodes::updated_at.eq(Some(naive(now)))))
        .returning(NodeRow::as_returning())
        .get_result(connection)
        .optional()
        .map_err(|error| taken(error.into(), &uuid, patch))?;
    row.ok_or_else(|| Error::not_found("Node", id))?.try_into()
}

fn taken(fault: Fault, uuid: &str, fields: &NodePatch) -> Fault {
    if fault.is_duplicate("nodes", "uuid") {
        return Error::conflict(format!("a node with the UUID {uuid} exists already")).into();
    }
    if fault.is_duplicate("nodes", "name") {
        let name = fields.name.clone().flatten().unwrap_or_default();
        return Error::conflict(format!("a node with the name {name} exists already")).into();
    }
    fault
}

/// Removes a node and all that belongs to it.
pub(crate) fn delete(connection: &mut Conn, id: i64, now: Timestamp) -> Outcome<()> {
    lock_node(connection, id)?;
    let (uuid, held_by, held_until): (String, Option<String>, Option<NaiveDateTime>) = nodes::table
        .find(id)
        .select((nodes::uuid, nodes::held_by, nodes::held_until))
        .first(connection)
        .optional()?
        .ok_or_else(|| Error::not_found("Node", id))?;
    if let (Some(owner), Some(until)) = (held_by, held_until)
        && until > naive(now)
    {
        return Err(Error::conflict(format!("node {uuid} is held by {owner}")).into());
    }
    let state: Option<String> = introspections::table
        .select(introspections::state)
        .filter(introspections::node_id.eq(id))
        .filter(introspections::is_current)
        .first(connection)
        .optional()?;
    if let Some(state) = state
        && !parse::<IntrospectionState>(&state)?.is_final()
    {
        let text = format!("the introspection of node {uuid} is running ({state})");
        return Err(Error::conflict(text).into());
    }
    diesel::delete(nodes::table.find(id)).execute(connection)?;
    Ok(())
}

/// The node with that key.
pub(crate) fn find(connection: &mut Conn, id: i64) -> Outcome<Option<Node>> {
    let row: Option<NodeRow> = nodes::table
        .find(id)
        .select(NodeRow::as_select())
        .first(connection)
        .optional()?;
    row.map(Node::try_from).transpose()
}

/// The node with that UUID.
pub(crate) fn by_uuid(connection: &mut Conn, uuid: &str) -> Outcome<Option<Node>> {
    let row: Option<NodeRow> = nodes::table
        .filter(nodes::uuid.eq(uuid))
        .select(NodeRow::as_select())
        .first(connection)
        .optional()?;
    row.map(Node::try_from).transpose()
}

/// The node with that name.
pub(crate) fn by_name(connection: &mut Conn, name: &str) -> Outcome<Option<Node>> {
    let row: Option<NodeRow> = nodes::table
        .filter(nodes::name.eq(name))
        .select(NodeRow::as_select())
        .first(connection)
        .optional()?;
    row.map(Node::try_from).transpose()
}

/// The nodes whose `hypervisor_id`, or else name, is one of these.
pub(crate) fn of_hypervisors(connection: &mut Conn, ids: &[String]) -> Outcome<Vec<Node>> {
    let rows: Vec<NodeRow> = nodes::table
        .filter(nodes::hypervisor_id.eq_any(ids).or(nodes::name.eq_any(ids)))
        .order(nodes::id)
        .select(NodeRow::as_select())
        .load(connection)?;
    all(rows)
}

/// The nodes that have one of these keys, UUIDs or names.
pub(crate) fn names_of(
    connection: &mut Conn,
    ids: &[i64],
    uuids: &[String],
    names: &[String],
) -> Outcome<Vec<NodeNames>> {
    let rows: Vec<(i64, String, Option<String>)> = nodes::table
        .filter(
            nodes::id
                .eq_any(ids)
                .or(nodes::uuid.eq_any(uuids))
                .or(nodes::name.assume_not_null().eq_any(names)),
        )
        .select((nodes::id, nodes::uuid, nodes::name))
        .load(connection)?;
    let names = rows
        .into_iter()
        .map(|(id, uuid, name)| NodeNames { id, uuid, name });
    Ok(names.collect())
}

/// Which of these nodes are protected.
pub(crate) fn protected(connection: &mut Conn, ids: &[i64]) -> Outcome<HashSet<i64>> {
    let found: Vec<i64> = nodes::table
        .filter(nodes::id.eq_any(ids))
        .filter(nodes::is_protected)
        .select(nodes::id)
        .load(connection)?;
    Ok(found.into_iter().collect())
}

/// The nodes for which all filters hold, by key.
pub(crate) fn list(
    connection: &mut Conn,
    filters: &[Filter<NodeField>],
    page: Page,
) -> Outcome<Vec<Node>> {
    let rows: Vec<NodeRow> = filters::nodes(filters)?
        .select(NodeRow::as_select())
        .order(nodes::id)
        .offset(page.offset)
        .limit(page.limit)
        .load(connection)?;
    all(rows)
}

/// How many nodes there are for which all filters hold.
pub(crate) fn count(connection: &mut Conn, filters: &[Filter<NodeField>]) -> Outcome<i64> {
    Ok(filters::nodes(filters)?.count().get_result(connection)?)
}

/// The last known power states of these nodes; those without are left out.
pub(crate) fn power_states_of(
    connection: &mut Conn,
    ids: &[i64],
) -> Outcome<HashMap<i64, PowerState>> {
    let rows: Vec<(i64, String)> = nodes::table
        .filter(nodes::id.eq_any(ids))
        .filter(nodes::power_state.is_not_null())
        .select((nodes::id, nodes::power_state.assume_not_null()))
        .load(connection)?;
    let state = |(id, state): (i64, String)| Ok((id, parse(&state)?));
    rows.into_iter().map(state).collect()
}

/// Keeps a power state that was read; nothing is written when it is the known one.
pub(crate) fn set_power_state(
    connection: &mut Conn,
    id: i64,
    state: Option<PowerState>,
    now: Timestamp,
) -> Outcome<()> {
    let known: Option<String> = nodes::table
        .find(id)
        .select(nodes::power_state)
        .first(connection)
        .optional()?
        .ok_or_else(|| Error::not_found("Node", id))?;
    let state = state.map(PowerState::as_str);
    if known.as_deref() != state {
        diesel::update(nodes::table.find(id))
            .set((
                nodes::power_state.eq(state),
                nodes::updated_at.eq(Some(naive(now))),
            ))
            .execute(connection)?;
    }
    Ok(())
}
