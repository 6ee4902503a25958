//! Node classes, types and boot images, and which of them a node gets.

use assay_domain::{Error, NodeClass, NodeImage, NodeType};
use diesel::prelude::*;

use super::Conn;
use crate::fault::Outcome;
use crate::rows::{NodeChanges, NodeClassRow, NodeImageRow, NodeTypeRow};
use crate::schema::{node_classes, node_images, node_types};

/// The name of the image that a new node gets.
const DEFAULT_IMAGE: &str = "default";

/// All classes with their types.
pub(crate) fn classes(connection: &mut Conn) -> Outcome<Vec<NodeClass>> {
    let classes: Vec<NodeClassRow> = node_classes::table
        .select(NodeClassRow::as_select())
        .order(node_classes::id)
        .load(connection)?;
    let types: Vec<NodeTypeRow> = node_types::table
        .select(NodeTypeRow::as_select())
        .order(node_types::id)
        .load(connection)?;
    let mut classes = classes
        .into_iter()
        .map(|row| NodeClass {
            id: row.id,
            name: row.name,
            is_default: row.is_default,
            types: Vec::new(),
        })
        .collect::<Vec<_>>();
    for row in types {
        if let Some(class) = classes
            .iter_mut()
            .find(|class| class.id == row.node_class_id)
        {
            class.types.push(NodeType::from(row));
        }
    }
    Ok(classes)
}

/// All boot images.
pub(crate) fn images(connection: &mut Conn) -> Outcome<Vec<NodeImage>> {
    let images: Vec<NodeImageRow> = node_images::table
        .select(NodeImageRow::as_select())
        .order(node_images::id)
        .load(connection)?;
    Ok(images.into_iter().map(NodeImage::from).collect())
}

/// Fills image, class and type of a new node that were not given.
pub(crate) fn fill_defaults(connection: &mut Conn, changes: &mut NodeChanges) -> Outcome<()> {
    if changes.image_id.is_none() {
        let image = node_images::table
            .select(node_images::id)
            .filter(node_images::name.eq(DEFAULT_IMAGE))
            .first(connection)
            .optional()?;
        changes.image_id = Some(image);
    }
    if changes.node_class_id.is_none() && changes.node_type_id.flatten().is_none() {
        let class = node_classes::table
            .select(node_classes::id)
            .filter(node_classes::is_default)
            .order(node_classes::id)
            .first(connection)
            .optional()?;
        changes.node_class_id = Some(class);
    }
    check(connection, changes, (None, None))
}

/// Checks that image, class and type exist and fit, and completes class by type and type by class.
/// `before` are the node's class and type so far.
pub(crate) fn check(
    connection: &mut Conn,
    changes: &mut NodeChanges,
    before: (Option<i64>, Option<i64>),
) -> Outcome<()> {
    if let Some(Some(id)) = changes.image_id {
        let known: i64 = node_images::table.find(id).count().get_result(connection)?;
        if known == 0 {
            return Err(Error::invalid(format!("there is no image {id}")).into());
        }
    }
    if changes.node_class_id.is_none() && changes.node_type_id.is_none() {
        return Ok(());
    }
    let class = changes.node_class_id.unwrap_or(before.0);
    let given_type = changes.node_type_id;
    let (class, kind) = match given_type.unwrap_or(before.1) {
        Some(kind) => {
            let of_type = class_of(connection, kind)?;
            match class {
                Some(class) if class == of_type => (Some(class), Some(kind)),
                _ if changes.node_class_id.is_none() => (Some(of_type), Some(kind)),
                None if given_type.is_none() => (None, None),
                // A new class without a new type: the old type does not fit any more.
                Some(class) if given_type.is_none() => {
                    (Some(class), first_type(connection, class)?)
                }
                _ => {
                    return Err(Error::invalid(format!(
                        "the node type {kind} is not of the given node class"
                    ))
                    .into());
                }
            }
        }
        None if given_type.is_some() => (class, None),
        None => match class {
            Some(class) => (Some(class), first_type(connection, class)?),
            None => (None, None),
        },
    };
    changes.node_class_id = Some(class);
    changes.node_type_id = Some(kind);
    Ok(())
}

fn class_of(connection: &mut Conn, kind: i64) -> Outcome<i64> {
    node_types::table
        .find(kind)
        .select(node_types::node_class_id)
        .first(connection)
        .optional()?
        .ok_or_else(|| Error::invalid(format!("there is no node type {kind}")).into())
}

fn first_type(connection: &mut Conn, class: i64) -> Outcome<Option<i64>> {
    let known: i64 = node_classes::table
        .find(class)
        .count()
        .get_result(connection)?;
    if known == 0 {
        return Err(Error::invalid(format!("there is no node class {class}")).into());
    }
    let first = node_types::table
        .select(node_types::id)
        .filter(node_types::node_class_id.eq(class))
        .order(node_types::id)
        .first(connection)
        .optional()?;
    Ok(first)
}
