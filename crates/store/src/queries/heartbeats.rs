//! What is known of the signs of life that nodes' hosts write to their availability storages.

use assay_domain::{Error, Heartbeat, Page, WatchedHost};
use diesel::prelude::*;

use super::{Conn, availability_storages, lock_node, nodes as node_queries, tasks as task_queries};
use crate::convert::to_json;
use crate::fault::Outcome;
use crate::rows::HeartbeatRow;
use crate::schema::{heartbeats, nodes, tasks};

type Row = (i64, String, Option<String>, HeartbeatRow);

/// A page of the hosts whose signs of life are watched.
pub(crate) fn watched(connection: &mut Conn, page: Page) -> Outcome<Vec<WatchedHost>> {
    let rows: Vec<Row> = heartbeats::table
        .inner_join(nodes::table.on(nodes::id.eq(heartbeats::node_id)))
        .select((
            nodes::id,
            nodes::uuid,
            nodes::name,
            HeartbeatRow::as_select(),
        ))
        .order(nodes::id)
        .offset(page.offset)
        .limit(page.limit)
        .load(connection)?;
    let ids: Vec<i64> = rows.iter().map(|(id, ..)| *id).collect();
    let mut storages = availability_storages::of_nodes(connection, &ids)?;
    let watched = |(node_id, uuid, name, heartbeat): Row| {
        Ok(WatchedHost {
            node_id,
            uuid,
            name,
            storages: storages.remove(&node_id).unwrap_or_default(),
            heartbeat: heartbeat.try_into()?,
        })
    };
    rows.into_iter().map(watched).collect()
}

/// How many hosts are being evacuated because of their silence.
pub(crate) fn evacuations(connection: &mut Conn) -> Outcome<i64> {
    let open = tasks::table
        .filter(tasks::status.eq_any(task_queries::open()))
        .select(tasks::uuid.nullable());
    let evacuated = heartbeats::table.filter(heartbeats::task_uuid.eq_any(open));
    Ok(evacuated.count().get_result(connection)?)
}

/// Has a host's signs of life watched, or not.
pub(crate) fn watch(connection: &mut Conn, node_id: i64, wanted: bool) -> Outcome<()> {
    lock_node(connection, node_id)?;
    if node_queries::find(connection, node_id)?.is_none() {
        return Err(Error::not_found("Node", node_id).into());
    }
    if wanted {
        diesel::insert_into(heartbeats::table)
            .values((heartbeats::node_id.eq(node_id), heartbeats::beats.eq("[]")))
            .on_conflict_do_nothing()
            .execute(connection)?;
    } else {
        let of_node = heartbeats::table.filter(heartbeats::node_id.eq(node_id));
        diesel::delete(of_node).execute(connection)?;
    }
    Ok(())
}

/// Keeps what is known of a host's signs of life.
pub(crate) fn keep(connection: &mut Conn, node_id: i64, heartbeat: &Heartbeat) -> Outcome<()> {
    diesel::update(heartbeats::table.filter(heartbeats::node_id.eq(node_id)))
        .set((
            heartbeats::beats.eq(to_json(&heartbeat.beats)?),
            heartbeats::verdict.eq(&heartbeat.verdict),
            heartbeats::task_uuid.eq(&heartbeat.task),
        ))
        .execute(connection)?;
    Ok(())
}
