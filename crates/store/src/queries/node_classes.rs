//! Node classes and types, the names of boot images, and which of them a node gets.

use std::collections::HashMap;

use assay_domain::node_class::NodeClassField;
use assay_domain::{Error, Filter, NodeClass, NodeImage, NodeType, Page};
use diesel::prelude::*;

use super::{Conn, filters};
use crate::fault::Outcome;
use crate::rows::{NodeChanges, NodeClassRow, NodeTypeRow};
use crate::schema::{node_classes, node_images, node_types};

/// The name of the image that a new node gets.
pub(super) const DEFAULT_IMAGE: &str = "default";

/// The whole of a list.
const ALL: Page = Page {
    offset: 0,
    limit: i64::MAX,
};

/// All classes with their types.
pub(crate) fn classes(connection: &mut Conn) -> Outcome<Vec<NodeClass>> {
    list(connection, &[], ALL)
}

/// The classes for which all filters hold, by key, with their types.
pub(crate) fn list(
    connection: &mut Conn,
    filters: &[Filter<NodeClassField>],
    page: Page,
) -> Outcome<Vec<NodeClass>> {
    let classes: Vec<NodeClassRow> = filters::node_classes(filters)?
        .select(NodeClassRow::as_select())
        .order(node_classes::id)
        .offset(page.offset)
        .limit(page.limit)
        .load(connection)?;
    with_types(connection, classes)
}

/// How many classes there are for which all filters hold.
pub(crate) fn count(connection: &mut Conn, filters: &[Filter<NodeClassField>]) -> Outcome<i64> {
    let query = filters::node_classes(filters)?;
    Ok(query.count().get_result(connection)?)
}

/// The class with that key.
pub(crate) fn find(connection: &mut Conn, id: i64) -> Outcome<Option<NodeClass>> {
    let class: Option<NodeClassRow> = node_classes::table
        .find(id)
        .select(NodeClassRow::as_select())
        .first(connection)
        .optional()?;
    let mut found = with_types(connection, class.into_iter().collect())?;
    Ok(found.pop())
}

fn with_types(connection: &mut Conn, classes: Vec<NodeClassRow>) -> Outcome<Vec<NodeClass>> {
    let ids: Vec<i64> = classes.iter().map(|class| class.id).collect();
    let types: Vec<NodeTypeRow> = node_types::table
        .filter(node_types::node_class_id.eq_any(ids))
        .select(NodeTypeRow::as_select())
        .order(node_types::id)
        .load(connection)?;
    let mut by_class: HashMap<i64, Vec<NodeType>> = HashMap::new();
    for row in types {
        let of_class = by_class.entry(row.node_class_id).or_default();
        of_class.push(NodeType::from(row));
    }
    let classes = classes.into_iter().map(|row| NodeClass {
        types: by_class.remove(&row.id).unwrap_or_default(),
        id: row.id,
        name: row.name,
        is_default: row.is_default,
    });
    Ok(classes.collect())
}

/// The names of all boot images, without what they boot.
pub(crate) fn images(connection: &mut Conn) -> Outcome<Vec<NodeImage>> {
    let images: Vec<(i64, String)> = node_images::table
        .select((node_images::id, node_images::name))
        .order(node_images::id)
        .load(connection)?;
    let images = images.into_iter().map(|(id, name)| NodeImage { id, name });
    Ok(images.collect())
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
