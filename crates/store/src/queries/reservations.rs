//! Reservations of nodes, by compare-and-set: who may drive the machine now.

use assay_domain::{Error, Timestamp};
use chrono::NaiveDateTime;
use diesel::prelude::*;

use super::Conn;
use crate::convert::{naive, utc};
use crate::fault::Outcome;
use crate::schema::nodes;

/// UUID of the node; holder, purpose and since when.
type Holder = (
    String,
    Option<String>,
    Option<String>,
    Option<NaiveDateTime>,
);

/// Takes a node that is free, expired or held by the same owner.
pub(crate) fn reserve(
    connection: &mut Conn,
    id: i64,
    owner: &str,
    purpose: &str,
    now: Timestamp,
    expires: Timestamp,
) -> Outcome<()> {
    let free = nodes::held_by
        .is_null()
        .or(nodes::held_until.le(naive(now)))
        .or(nodes::held_by.eq(owner));
    let taken = diesel::update(nodes::table.find(id).filter(free))
        .set((
            nodes::held_by.eq(owner),
            nodes::held_for.eq(purpose),
            nodes::held_since.eq(naive(now)),
            nodes::held_until.eq(naive(expires)),
        ))
        .execute(connection)?;
    if taken == 1 {
        return Ok(());
    }
    let holder: Option<Holder> = nodes::table
        .find(id)
        .select((
            nodes::uuid,
            nodes::held_by,
            nodes::held_for,
            nodes::held_since,
        ))
        .first(connection)
        .optional()?;
    let (uuid, by, what, since) = holder.ok_or_else(|| Error::not_found("Node", id))?;
    let since = since.map_or_else(String::new, |since| utc(since).to_rfc3339());
    Err(Error::Locked(format!(
        "node {uuid} is held by {} for {} since {since}",
        by.unwrap_or_default(),
        what.unwrap_or_default()
    ))
    .into())
}

/// Lengthens a hold; false when the owner does not hold the node any more.
pub(crate) fn extend(
    connection: &mut Conn,
    id: i64,
    owner: &str,
    expires: Timestamp,
) -> Outcome<bool> {
    let held = diesel::update(nodes::table.find(id).filter(nodes::held_by.eq(owner)))
        .set(nodes::held_until.eq(naive(expires)))
        .execute(connection)?;
    Ok(held == 1)
}

/// Gives a node back, if the owner holds it.
pub(crate) fn release(connection: &mut Conn, id: i64, owner: &str) -> Outcome<()> {
    diesel::update(nodes::table.find(id).filter(nodes::held_by.eq(owner)))
        .set((
            nodes::held_by.eq(None::<String>),
            nodes::held_for.eq(None::<String>),
            nodes::held_since.eq(None::<NaiveDateTime>),
            nodes::held_until.eq(None::<NaiveDateTime>),
        ))
        .execute(connection)?;
    Ok(())
}
