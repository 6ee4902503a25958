//! What dry runs look at, and what they said of it.

use std::collections::HashMap;

use assay_domain::{DryRunReports, DryRunSubject, Node, Port};
use diesel::prelude::*;

use super::{Conn, ports};
use crate::fault::Outcome;
use crate::rows::{DryRunResultRow, NodeRow};
use crate::schema::{dry_run_results, nodes, reports};

/// Key and size of the reports to look at, up to one of them, by key.
pub(crate) fn choose(
    connection: &mut Conn,
    which: DryRunReports,
    up_to: i64,
) -> Outcome<Vec<(i64, i64)>> {
    let all: Vec<(i64, i64, i64)> = reports::table
        .filter(reports::id.le(up_to))
        .select((reports::id, reports::size, reports::node_id))
        .order(reports::id)
        .load(connection)?;
    let newest: HashMap<i64, i64> = all.iter().map(|(id, _, node)| (*node, *id)).collect();
    let chosen = all.into_iter().filter(|(id, _, node)| match which {
        DryRunReports::All => true,
        DryRunReports::Newest => newest.get(node) == Some(id),
    });
    Ok(chosen.map(|(id, size, _)| (id, size)).collect())
}

/// These reports with their nodes, by key; those that are gone are left out.
pub(crate) fn subjects(connection: &mut Conn, ids: &[i64]) -> Outcome<Vec<DryRunSubject>> {
    let rows: Vec<(i64, i64, Vec<u8>)> = reports::table
        .filter(reports::id.eq_any(ids))
        .select((reports::id, reports::node_id, reports::raw))
        .order(reports::id)
        .load(connection)?;
    let node_ids: Vec<i64> = rows.iter().map(|(_, node, _)| *node).collect();
    let found: Vec<NodeRow> = nodes::table
        .filter(nodes::id.eq_any(&node_ids))
        .select(NodeRow::as_select())
        .load(connection)?;
    let mut known: HashMap<i64, Node> = HashMap::new();
    for row in found {
        known.insert(row.id, row.try_into()?);
    }
    let mut held: HashMap<i64, Vec<Port>> = HashMap::new();
    for port in ports::of_nodes(connection, &node_ids)? {
        held.entry(port.node_id).or_default().push(port);
    }
    let subjects = rows.into_iter().filter_map(|(report_id, node_id, raw)| {
        Some(DryRunSubject {
            report_id,
            node: known.get(&node_id)?.clone(),
            ports: held.get(&node_id).cloned().unwrap_or_default(),
            raw,
        })
    });
    Ok(subjects.collect())
}

/// Results of a run behind one of them, in order; of one node when it is given.
pub(crate) fn results(
    connection: &mut Conn,
    run: i64,
    node: Option<&str>,
    after: i64,
    limit: i64,
) -> Outcome<Vec<DryRunResultRow>> {
    let query = dry_run_results::table
        .filter(dry_run_results::dry_run_id.eq(run))
        .filter(dry_run_results::id.gt(after))
        .select(DryRunResultRow::as_select())
        .order(dry_run_results::id)
        .limit(limit)
        .into_boxed();
    let query = match node {
        Some(uuid) => query.filter(dry_run_results::node_uuid.eq(uuid.to_owned())),
        None => query,
    };
    Ok(query.load(connection)?)
}
