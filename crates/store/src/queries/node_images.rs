//! Boot images with what they boot.

use assay_domain::node_class::BootImageField;
use assay_domain::{BootImage, Error, Filter, Page, Timestamp};
use diesel::prelude::*;

use super::node_classes::DEFAULT_IMAGE;
use super::{Conn, filters, uses};
use crate::convert::naive;
use crate::fault::{Fault, Outcome};
use crate::rows::NodeImageRow;
use crate::schema::{node_images, nodes};

/// Adds a boot image.
pub(crate) fn create(
    connection: &mut Conn,
    name: &str,
    content: &str,
    now: Timestamp,
) -> Outcome<BootImage> {
    let row: NodeImageRow = diesel::insert_into(node_images::table)
        .values((
            node_images::name.eq(name),
            node_images::file_data.eq(content),
            node_images::created_at.eq(naive(now)),
        ))
        .returning(NodeImageRow::as_returning())
        .get_result(connection)
        .map_err(|error| taken(error.into(), name))?;
    Ok(row.into())
}

fn taken(fault: Fault, name: &str) -> Fault {
    if fault.is_duplicate("node_images", "name") {
        return Error::conflict(format!("an image with the name {name} exists already")).into();
    }
    fault
}

/// Removes a boot image, if it is not the one of new nodes and no node has it.
pub(crate) fn delete(connection: &mut Conn, id: i64) -> Outcome<()> {
    let name: Option<String> = node_images::table
        .find(id)
        .select(node_images::name)
        .first(connection)
        .optional()?;
    let name = name.ok_or_else(|| Error::not_found("Image", id))?;
    if name == DEFAULT_IMAGE {
        let text = format!("image {id} is the one that new nodes get");
        return Err(Error::conflict(text).into());
    }
    let what = format!("image {id} is assigned to");
    let users = nodes::table.filter(nodes::image_id.eq(id));
    uses::refuse(connection, users.into_boxed(), &what)?;
    diesel::delete(node_images::table.find(id))
        .execute(connection)
        .map_err(|error| uses::lost_race(error.into(), &what))?;
    Ok(())
}

/// The boot image with that key.
pub(crate) fn find(connection: &mut Conn, id: i64) -> Outcome<Option<BootImage>> {
    let row: Option<NodeImageRow> = node_images::table
        .find(id)
        .select(NodeImageRow::as_select())
        .first(connection)
        .optional()?;
    Ok(row.map(BootImage::from))
}

/// The boot images for which all filters hold, by key.
pub(crate) fn list(
    connection: &mut Conn,
    filters: &[Filter<BootImageField>],
    page: Page,
) -> Outcome<Vec<BootImage>> {
    let rows: Vec<NodeImageRow> = filters::node_images(filters)?
        .select(NodeImageRow::as_select())
        .order(node_images::id)
        .offset(page.offset)
        .limit(page.limit)
        .load(connection)?;
    Ok(rows.into_iter().map(BootImage::from).collect())
}

/// How many boot images there are for which all filters hold.
pub(crate) fn count(connection: &mut Conn, filters: &[Filter<BootImageField>]) -> Outcome<i64> {
    let query = filters::node_images(filters)?;
    Ok(query.count().get_result(connection)?)
}
