//! Changes of node classes and of their types.

use assay_domain::{Error, NodeClass, NodeType};
use diesel::prelude::*;

use super::{Conn, node_classes as classes, uses};
use crate::fault::{Fault, Outcome};
use crate::rows::NodeTypeRow;
use crate::schema::{node_classes, node_types, nodes};

/// Adds a class with types of these names.
pub(crate) fn create(connection: &mut Conn, name: &str, types: &[String]) -> Outcome<NodeClass> {
    let id: i64 = diesel::insert_into(node_classes::table)
        .values((
            node_classes::name.eq(name),
            node_classes::is_default.eq(false),
        ))
        .returning(node_classes::id)
        .get_result(connection)
        .map_err(|error| name_taken(error.into(), name))?;
    for kind in types {
        create_type(connection, id, kind)?;
    }
    found(connection, id)
}

/// Renames a class, and gives it types of these names: types that it has keep their keys, those
/// whose names are not given go.
pub(crate) fn update(
    connection: &mut Conn,
    id: i64,
    name: Option<&str>,
    types: Option<&[String]>,
) -> Outcome<NodeClass> {
    // Whoever changes it meanwhile waits, so that of two lists of types one counts.
    diesel::update(node_classes::table.find(id))
        .set(node_classes::name.eq(node_classes::name))
        .execute(connection)?;
    let before = found(connection, id)?;
    if let Some(name) = name {
        diesel::update(node_classes::table.find(id))
            .set(node_classes::name.eq(name))
            .execute(connection)
            .map_err(|error| name_taken(error.into(), name))?;
    }
    if let Some(types) = types {
        for kind in &before.types {
            if !types.contains(&kind.name) {
                delete_type(connection, id, kind.id)?;
            }
        }
        for name in types {
            if !before.types.iter().any(|kind| kind.name == *name) {
                create_type(connection, id, name)?;
            }
        }
    }
    found(connection, id)
}

/// Removes a class with its types, if it is not the default one and no node is of it.
pub(crate) fn delete(connection: &mut Conn, id: i64) -> Outcome<()> {
    let class = found(connection, id)?;
    if class.is_default {
        let text = format!("node class {id} is the one that new nodes get");
        return Err(Error::conflict(text).into());
    }
    let what = format!("node class {id} is the class of");
    let users = nodes::table.filter(nodes::node_class_id.eq(id));
    uses::refuse(connection, users.into_boxed(), &what)?;
    diesel::delete(node_classes::table.find(id))
        .execute(connection)
        .map_err(|error| uses::lost_race(error.into(), &what))?;
    Ok(())
}

/// Adds a type to a class.
pub(crate) fn create_type(connection: &mut Conn, class: i64, name: &str) -> Outcome<NodeType> {
    let row: NodeTypeRow = diesel::insert_into(node_types::table)
        .values((
            node_types::node_class_id.eq(class),
            node_types::name.eq(name),
        ))
        .returning(NodeTypeRow::as_returning())
        .get_result(connection)
        .map_err(|error| type_taken(error.into(), class, name))?;
    Ok(row.into())
}

/// Renames a type of a class.
pub(crate) fn update_type(
    connection: &mut Conn,
    class: i64,
    id: i64,
    name: Option<&str>,
) -> Outcome<NodeType> {
    let kind = found_type(connection, class, id)?;
    let Some(name) = name else { return Ok(kind) };
    let row: NodeTypeRow = diesel::update(node_types::table.find(id))
        .set(node_types::name.eq(name))
        .returning(NodeTypeRow::as_returning())
        .get_result(connection)
        .map_err(|error| type_taken(error.into(), class, name))?;
    Ok(row.into())
}

/// Removes a type of a class, if no node is of it.
pub(crate) fn delete_type(connection: &mut Conn, class: i64, id: i64) -> Outcome<()> {
    let kind = found_type(connection, class, id)?;
    let what = format!("node type {id} ('{}') is the type of", kind.name);
    let users = nodes::table.filter(nodes::node_type_id.eq(id));
    uses::refuse(connection, users.into_boxed(), &what)?;
    diesel::delete(node_types::table.find(id))
        .execute(connection)
        .map_err(|error| uses::lost_race(error.into(), &what))?;
    Ok(())
}

fn found(connection: &mut Conn, id: i64) -> Outcome<NodeClass> {
    classes::find(connection, id)?.ok_or_else(|| Error::not_found("Node class", id).into())
}

fn found_type(connection: &mut Conn, class: i64, id: i64) -> Outcome<NodeType> {
    let row: Option<NodeTypeRow> = node_types::table
        .find(id)
        .filter(node_types::node_class_id.eq(class))
        .select(NodeTypeRow::as_select())
        .first(connection)
        .optional()?;
    let row = row.ok_or_else(|| Error::not_found("Type of the node class", id))?;
    Ok(row.into())
}

fn name_taken(fault: Fault, name: &str) -> Fault {
    if fault.is_duplicate("node_classes", "name") {
        return Error::conflict(format!("a node class with the name {name} exists already")).into();
    }
    fault
}

fn type_taken(fault: Fault, class: i64, name: &str) -> Fault {
    if fault.is_duplicate("node_types", "name") {
        let text = format!("node class {class} has a type with the name '{name}' already");
        return Error::conflict(text).into();
    }
    if fault.is_reference() {
        return Error::not_found("Node class", class).into();
    }
    fault
}
