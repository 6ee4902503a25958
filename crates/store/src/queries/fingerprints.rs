//! What each node's machine was by its last processed report.

use std::collections::{BTreeMap, BTreeSet};

use assay_domain::{Fact, Facts, Timestamp};
use diesel::prelude::*;

use super::Conn;
use crate::convert::{naive, parse};
use crate::fault::Outcome;
use crate::rows::FingerprintRow;
use crate::schema::node_fingerprints as table;

/// Keeps what a report says. Kinds of facts that the report does not have stay as they were: a BMC
/// that did not answer this time is still the same BMC. Gives whether anything was new.
pub(crate) fn keep(
    connection: &mut Conn,
    node_id: i64,
    facts: &Facts,
    now: Timestamp,
) -> Outcome<bool> {
    let kinds: BTreeSet<_> = facts.iter().map(|fact| fact.kind).collect();
    let mut known = of_nodes(connection, &[node_id])?
        .remove(&node_id)
        .unwrap_or_default();
    known.retain(|fact| kinds.contains(&fact.kind));
    if known == *facts {
        return Ok(false);
    }
    let names = kinds.iter().map(|kind| kind.as_str()).collect::<Vec<_>>();
    diesel::delete(table::table)
        .filter(table::node_id.eq(node_id))
        .filter(table::kind.eq_any(names))
        .execute(connection)?;
    for fact in facts {
        diesel::insert_into(table::table)
            .values((
                table::node_id.eq(node_id),
                table::kind.eq(fact.kind.as_str()),
                table::value.eq(&fact.value),
                table::place.eq(&fact.place),
                table::seen_at.eq(naive(now)),
            ))
            .execute(connection)?;
    }
    Ok(true)
}

/// The fingerprints of these nodes.
pub(crate) fn of_nodes(connection: &mut Conn, node_ids: &[i64]) -> Outcome<BTreeMap<i64, Facts>> {
    let rows: Vec<FingerprintRow> = table::table
        .filter(table::node_id.eq_any(node_ids))
        .select(FingerprintRow::as_select())
        .load(connection)?;
    let mut found: BTreeMap<i64, Facts> = BTreeMap::new();
    for row in rows {
        let node_id = row.node_id;
        found
            .entry(node_id)
            .or_default()
            .insert(Fact::try_from(row)?);
    }
    Ok(found)
}

/// Of these values the ones in any fingerprint, with their kind and the first and the last node.
pub(crate) fn holders(connection: &mut Conn, values: &[String]) -> Outcome<Vec<(Fact, i64, i64)>> {
    use diesel::dsl::{max, min};
    let rows: Vec<(String, String, Option<i64>, Option<i64>)> = table::table
        .filter(table::value.eq_any(values))
        .group_by((table::kind, table::value))
        .select((
            table::kind,
            table::value,
            min(table::node_id),
            max(table::node_id),
        ))
        .load(connection)?;
    rows.into_iter()
        .filter_map(|(kind, value, first, last)| Some((kind, value, first?, last?)))
        .map(|(kind, value, first, last)| Ok((Fact::new(parse(&kind)?, value), first, last)))
        .collect()
}
