//! Availability storages, and which nodes can reach them.

use std::collections::{BTreeSet, HashMap};

use assay_domain::availability_storage::AvailabilityStorageField;
use assay_domain::{
    AvailabilityStorage, AvailabilityStoragePatch, Error, Filter, Page, StorageAssignment,
};
use diesel::prelude::*;

use super::{Conn, filters, lock_node, uses};
use crate::fault::{Fault, Outcome};
use crate::rows::AvailabilityStorageRow;
use crate::schema::{availability_storages, node_availability_storages, nodes};

/// Adds a storage; its key is given here.
pub(crate) fn create(
    connection: &mut Conn,
    new: &AvailabilityStorage,
) -> Outcome<AvailabilityStorage> {
    let row: AvailabilityStorageRow = diesel::insert_into(availability_storages::table)
        .values((
            availability_storages::name.eq(&new.name),
            availability_storages::compute_path.eq(&new.compute_path),
            availability_storages::controller_path.eq(&new.controller_path),
        ))
        .returning(AvailabilityStorageRow::as_returning())
        .get_result(connection)
        .map_err(|error| taken(error.into(), &new.name))?;
    Ok(row.into())
}

/// Changes a storage.
pub(crate) fn update(
    connection: &mut Conn,
    id: i64,
    patch: &AvailabilityStoragePatch,
) -> Outcome<AvailabilityStorage> {
    let before = found(connection, id)?;
    let name = patch.name.as_ref().unwrap_or(&before.name);
    let compute = patch.compute_path.as_ref();
    let controller = patch.controller_path.as_ref();
    let row: AvailabilityStorageRow = diesel::update(availability_storages::table.find(id))
        .set((
            availability_storages::name.eq(name),
            availability_storages::compute_path.eq(compute.unwrap_or(&before.compute_path)),
            availability_storages::controller_path
                .eq(controller.unwrap_or(&before.controller_path)),
        ))
        .returning(AvailabilityStorageRow::as_returning())
        .get_result(connection)
        .map_err(|error| taken(error.into(), name))?;
    Ok(row.into())
}

fn taken(fault: Fault, name: &str) -> Fault {
    if fault.is_duplicate("availability_storages", "name") {
        let text = format!("an availability storage with the name {name} exists already");
        return Error::conflict(text).into();
    }
    fault
}

/// Removes a storage that is assigned to no node.
pub(crate) fn delete(connection: &mut Conn, id: i64) -> Outcome<()> {
    found(connection, id)?;
    let assigned = node_availability_storages::table
        .filter(node_availability_storages::availability_storage_id.eq(id))
        .select(node_availability_storages::node_id);
    let users = nodes::table.filter(nodes::id.eq_any(assigned));
    let what = format!("availability storage {id} is assigned to");
    uses::refuse(connection, users.into_boxed(), &what)?;
    diesel::delete(availability_storages::table.find(id))
        .execute(connection)
        .map_err(|error| uses::lost_race(error.into(), &what))?;
    Ok(())
}

fn found(connection: &mut Conn, id: i64) -> Outcome<AvailabilityStorage> {
    find(connection, id)?.ok_or_else(|| Error::not_found("Availability storage", id).into())
}

/// The storage with that key.
pub(crate) fn find(connection: &mut Conn, id: i64) -> Outcome<Option<AvailabilityStorage>> {
    let row: Option<AvailabilityStorageRow> = availability_storages::table
        .find(id)
        .select(AvailabilityStorageRow::as_select())
        .first(connection)
        .optional()?;
    Ok(row.map(AvailabilityStorage::from))
}

/// The storages for which all filters hold, by key.
pub(crate) fn list(
    connection: &mut Conn,
    filters: &[Filter<AvailabilityStorageField>],
    page: Page,
) -> Outcome<Vec<AvailabilityStorage>> {
    let rows: Vec<AvailabilityStorageRow> = filters::availability_storages(filters)?
        .select(AvailabilityStorageRow::as_select())
        .order(availability_storages::id)
        .offset(page.offset)
        .limit(page.limit)
        .load(connection)?;
    Ok(rows.into_iter().map(AvailabilityStorage::from).collect())
}

/// How many storages there are for which all filters hold.
pub(crate) fn count(
    connection: &mut Conn,
    filters: &[Filter<AvailabilityStorageField>],
) -> Outcome<i64> {
    let query = filters::availability_storages(filters)?;
    Ok(query.count().get_result(connection)?)
}

/// Assigns storages to a node; `only` takes all others away.
pub(crate) fn assign_to_node(
    connection: &mut Conn,
    node_id: i64,
    storages: &[i64],
    only: bool,
) -> Outcome<()> {
    use node_availability_storages as links;
    lock_node(connection, node_id)?;
    let is_known: i64 = nodes::table.find(node_id).count().get_result(connection)?;
    if is_known == 0 {
        return Err(Error::not_found("Node", node_id).into());
    }
    let known: Vec<i64> = availability_storages::table
        .filter(availability_storages::id.eq_any(storages))
        .select(availability_storages::id)
        .load(connection)?;
    refuse_unknown(storages, &known, "availability_storages", "storage")?;
    if only {
        let others = links::table
            .filter(links::node_id.eq(node_id))
            .filter(links::availability_storage_id.ne_all(storages));
        diesel::delete(others).execute(connection)?;
    }
    let pairs = storages.iter().map(|storage| (node_id, *storage));
    link(connection, &pairs.collect::<Vec<_>>())
}

/// Assigns a storage to nodes; `only` takes it away from all others.
pub(crate) fn assign_to_nodes(
    connection: &mut Conn,
    storage: i64,
    node_ids: &[i64],
    only: bool,
) -> Outcome<()> {
    use node_availability_storages as links;
    // Whoever assigns it meanwhile waits, so that of two replacements one counts.
    let locked = diesel::update(availability_storages::table.find(storage))
        .set(availability_storages::name.eq(availability_storages::name))
        .execute(connection)?;
    if locked == 0 {
        return Err(Error::not_found("Availability storage", storage).into());
    }
    let known: Vec<i64> = nodes::table
        .filter(nodes::id.eq_any(node_ids))
        .select(nodes::id)
        .load(connection)?;
    refuse_unknown(node_ids, &known, "nodes", "node")?;
    if only {
        let others = links::table
            .filter(links::availability_storage_id.eq(storage))
            .filter(links::node_id.ne_all(node_ids));
        diesel::delete(others).execute(connection)?;
    }
    let pairs = node_ids.iter().map(|node| (*node, storage));
    link(connection, &pairs.collect::<Vec<_>>())
}

fn refuse_unknown(given: &[i64], known: &[i64], field: &str, what: &str) -> Outcome<()> {
    match given.iter().find(|id| !known.contains(id)) {
        None => Ok(()),
        Some(id) => Err(Error::invalid(format!("{field}: there is no {what} {id}")).into()),
    }
}

/// Stores pairs of node and storage that are not stored yet.
fn link(connection: &mut Conn, pairs: &[(i64, i64)]) -> Outcome<()> {
    use node_availability_storages as links;
    for (node, storage) in pairs {
        diesel::insert_into(links::table)
            .values((
                links::node_id.eq(node),
                links::availability_storage_id.eq(storage),
            ))
            .on_conflict((links::node_id, links::availability_storage_id))
            .do_nothing()
            .execute(connection)
            .map_err(|error| gone(error.into()))?;
    }
    Ok(())
}

fn gone(fault: Fault) -> Fault {
    if fault.is_reference() {
        return Error::conflict("the node or the storage has just been deleted").into();
    }
    fault
}

/// Takes a storage away from a node; false when it was not assigned.
pub(crate) fn unassign(connection: &mut Conn, node_id: i64, storage: i64) -> Outcome<bool> {
    use node_availability_storages as links;
    let row = links::table
        .filter(links::node_id.eq(node_id))
        .filter(links::availability_storage_id.eq(storage));
    Ok(diesel::delete(row).execute(connection)? > 0)
}

type Row = (AvailabilityStorageRow, i64, Option<String>);

/// The storages of these nodes, each node's in the order of the storages' keys.
pub(crate) fn of_nodes(
    connection: &mut Conn,
    ids: &[i64],
) -> Outcome<HashMap<i64, Vec<AvailabilityStorage>>> {
    use node_availability_storages as links;
    let mut of_nodes: HashMap<i64, Vec<AvailabilityStorage>> = HashMap::new();
    let (Some(first), Some(last)) = (ids.iter().min(), ids.iter().max()) else {
        return Ok(of_nodes);
    };
    // The range says no more, but tells PostgreSQL's planner how few are wanted while it has no
    // statistics yet of many that were assigned at once; it would read them all.
    let links: Vec<(i64, i64)> = links::table
        .filter(links::node_id.between(first, last))
        .filter(links::node_id.eq_any(ids))
        .select((links::node_id, links::availability_storage_id))
        .order((links::node_id, links::availability_storage_id))
        .load(connection)?;
    let wanted: BTreeSet<i64> = links.iter().map(|(_, storage)| *storage).collect();
    let rows: Vec<AvailabilityStorageRow> = availability_storages::table
        .filter(availability_storages::id.eq_any(wanted))
        .select(AvailabilityStorageRow::as_select())
        .load(connection)?;
    let storages: HashMap<i64, AvailabilityStorage> =
        rows.into_iter().map(|row| (row.id, row.into())).collect();
    for (node, storage) in links {
        // Each was there when it was linked; one that is gone since is not the node's any more.
        if let Some(storage) = storages.get(&storage) {
            of_nodes.entry(node).or_default().push(storage.clone());
        }
    }
    Ok(of_nodes)
}

/// The nodes of these storages, by the nodes' keys.
pub(crate) fn of_storages(connection: &mut Conn, ids: &[i64]) -> Outcome<Vec<StorageAssignment>> {
    use node_availability_storages as links;
    let rows: Vec<Row> = links::table
        .inner_join(nodes::table.on(nodes::id.eq(links::node_id)))
        .inner_join(
            availability_storages::table
                .on(availability_storages::id.eq(links::availability_storage_id)),
        )
        .filter(links::availability_storage_id.eq_any(ids))
        .select((AvailabilityStorageRow::as_select(), nodes::id, nodes::name))
        .order((nodes::id, availability_storages::id))
        .load(connection)?;
    Ok(rows.into_iter().map(assignment).collect())
}

fn assignment((row, node_id, node_name): Row) -> StorageAssignment {
    StorageAssignment {
        storage: row.into(),
        node_id,
        node_name,
    }
}
