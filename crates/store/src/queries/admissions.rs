//! Which network cards belong to machines that are to boot now, and which to any node.

use assay_domain::IntrospectionState;
use diesel::dsl::{count_star, max};
use diesel::prelude::*;

use super::Conn;
use crate::fault::Outcome;
use crate::schema::{introspections, node_images, nodes, ports};

/// States of an introspection in which its machine must be able to boot.
const BOOTING: [IntrospectionState; 2] =
    [IntrospectionState::Starting, IntrospectionState::Waiting];

/// How many introspections have their machine boot and how many nodes have an image to boot, and the
/// newest of the introspections. As none of these returns to such a state, two equal marks mean the
/// same machines, unless a node got an image while another one lost its own.
pub(crate) fn mark(connection: &mut Conn) -> Outcome<(i64, Option<i64>)> {
    let (booting, newest): (i64, Option<i64>) = introspections::table
        .filter(introspections::finished_at.is_null())
        .filter(introspections::state.eq_any(BOOTING.map(IntrospectionState::as_str)))
        .select((count_star(), max(introspections::id)))
        .first(connection)?;
    let with_image: i64 = nodes::table
        .inner_join(node_images::table.on(nodes::image_id.eq(node_images::id.nullable())))
        .filter(node_images::file_data.ne(""))
        .count()
        .get_result(connection)?;
    Ok((booting + with_image, newest))
}

/// The addresses, as they were given, of all machines that are to boot; some may come twice.
pub(crate) fn booting(connection: &mut Conn) -> Outcome<Vec<String>> {
    let booting = BOOTING.map(IntrospectionState::as_str);
    let mut found: Vec<String> = introspections::table
        .inner_join(ports::table.on(ports::node_id.eq(introspections::node_id)))
        .filter(introspections::finished_at.is_null())
        .filter(introspections::state.eq_any(booting))
        .select(ports::address)
        .load(connection)?;
    let own: Vec<Option<String>> = introspections::table
        .inner_join(nodes::table.on(nodes::id.eq(introspections::node_id)))
        .filter(introspections::finished_at.is_null())
        .filter(introspections::state.eq_any(booting))
        .filter(nodes::mac_key.is_not_null())
        .select(nodes::mac_key)
        .load(connection)?;
    found.extend(own.into_iter().flatten());
    found.extend(with_image(connection)?);
    Ok(found)
}

/// The addresses of all nodes with an image to boot.
fn with_image(connection: &mut Conn) -> Outcome<Vec<String>> {
    let images: Vec<i64> = node_images::table
        .filter(node_images::file_data.ne(""))
        .select(node_images::id)
        .load(connection)?;
    let mut found: Vec<String> = nodes::table
        .inner_join(ports::table.on(ports::node_id.eq(nodes::id)))
        .filter(nodes::image_id.assume_not_null().eq_any(&images))
        .select(ports::address)
        .load(connection)?;
    let own: Vec<Option<String>> = nodes::table
        .filter(nodes::image_id.assume_not_null().eq_any(&images))
        .filter(nodes::mac_key.is_not_null())
        .select(nodes::mac_key)
        .load(connection)?;
    found.extend(own.into_iter().flatten());
    Ok(found)
}

/// The addresses of one node.
pub(crate) fn of_node(connection: &mut Conn, node_id: i64) -> Outcome<Vec<String>> {
    let mut found: Vec<String> = ports::table
        .filter(ports::node_id.eq(node_id))
        .select(ports::address)
        .load(connection)?;
    let own: Option<Option<String>> = nodes::table
        .find(node_id)
        .select(nodes::mac_key)
        .first(connection)
        .optional()?;
    found.extend(own.flatten());
    Ok(found)
}

/// The addresses of all nodes.
pub(crate) fn of_all(connection: &mut Conn) -> Outcome<Vec<String>> {
    let mut found: Vec<String> = ports::table.select(ports::address).load(connection)?;
    let own: Vec<Option<String>> = nodes::table
        .filter(nodes::mac_key.is_not_null())
        .select(nodes::mac_key)
        .load(connection)?;
    found.extend(own.into_iter().flatten());
    Ok(found)
}
