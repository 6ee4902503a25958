//! What cannot be removed because nodes use it.

use assay_domain::Error;
use diesel::prelude::*;

use super::{Backend, Conn};
use crate::fault::{Fault, Outcome};
use crate::schema::nodes;

/// How many nodes a refusal names.
const NAMED: usize = 10;

/// Refuses when there are such nodes: `what` is followed by the names of the first ones, or their
/// UUIDs where they have none.
pub(crate) fn refuse(
    connection: &mut Conn,
    users: nodes::BoxedQuery<'_, Backend>,
    what: &str,
) -> Outcome<()> {
    let users: Vec<(String, Option<String>)> = users
        .select((nodes::uuid, nodes::name))
        .order(nodes::id)
        .limit(1 + i64::try_from(NAMED).unwrap_or(i64::MAX))
        .load(connection)?;
    if users.is_empty() {
        return Ok(());
    }
    let more = if users.len() > NAMED { " and more" } else { "" };
    let names = users
        .into_iter()
        .take(NAMED)
        .map(|(uuid, name)| name.unwrap_or(uuid))
        .collect::<Vec<_>>()
        .join(", ");
    Err(Error::conflict(format!("{what} {names}{more}")).into())
}

/// As [`refuse`], for the row that another transaction began to use meanwhile.
pub(crate) fn lost_race(fault: Fault, what: &str) -> Fault {
    if fault.is_reference() {
        return Error::conflict(format!("{what} a node")).into();
    }
    fault
}
