//! Which nodes can reach which availability storage, told from both sides.
//!
//! The document says of POST and of PUT that earlier assignments are not deleted, and calls PUT
//! reassigning. The reading here: POST adds to them, PUT replaces them.

use assay_app::App;
use rocket::{State, delete, post, put};

use crate::guards::{Caller, JsonBody};
use crate::reply::{Nothing, Reply};

use super::availability_storage_wire::{NodesOfStorage, StoragesOfNode};

/// Assigns an availability storage to nodes, in addition to the nodes that have it.
#[utoipa::path(
    tag = "availability storages",
    params(("availability_storage_id" = i64, Path, description = "Key of the storage")),
    request_body = NodesOfStorage,
    responses(
        (status = 204, description = "Assigned"),
        (status = 404, description = "The storage cannot be found"),
    ),
)]
#[post(
    "/v1/availability-storages/<availability_storage_id>/nodes",
    data = "<body>"
)]
pub(crate) async fn assign_storage_to_nodes(
    app: &State<App>,
    caller: Caller,
    availability_storage_id: i64,
    body: JsonBody<NodesOfStorage>,
) -> Reply<Nothing> {
    app.availability_storages()
        .assign_to_nodes(&caller.0, availability_storage_id, &body.0.nodes, false)
        .await?;
    Ok(Nothing)
}

/// Assigns an availability storage to these nodes alone: it is taken away from all others. The
/// document contradicts itself here; POST keeps the others.
#[utoipa::path(
    tag = "availability storages",
    params(("availability_storage_id" = i64, Path, description = "Key of the storage")),
    request_body = NodesOfStorage,
    responses(
        (status = 204, description = "Assigned to these nodes alone"),
        (status = 404, description = "The storage cannot be found"),
    ),
)]
#[put(
    "/v1/availability-storages/<availability_storage_id>/nodes",
    data = "<body>"
)]
pub(crate) async fn reassign_storage_to_nodes(
    app: &State<App>,
    caller: Caller,
    availability_storage_id: i64,
    body: JsonBody<NodesOfStorage>,
) -> Reply<Nothing> {
    app.availability_storages()
        .assign_to_nodes(&caller.0, availability_storage_id, &body.0.nodes, true)
        .await?;
    Ok(Nothing)
}

/// Takes an availability storage away from a node.
#[utoipa::path(
    tag = "availability storages",
    params(
        ("availability_storage_id" = i64, Path, description = "Key of the storage"),
        ("node_id" = i64, Path, description = "Key of the node"),
    ),
    responses(
        (status = 204, description = "Taken away"),
        (status = 404, description = "The node cannot be found, or does not have the storage"),
    ),
)]
#[delete("/v1/availability-storages/<availability_storage_id>/nodes/<node_id>")]
pub(crate) async fn unassign_storage_from_node(
    app: &State<App>,
    caller: Caller,
    availability_storage_id: i64,
    node_id: i64,
) -> Reply<Nothing> {
    unassign(app, &caller, node_id, availability_storage_id).await
}

/// Assigns availability storages to a node, in addition to those that it has.
#[utoipa::path(
    tag = "nodes",
    params(("node_id" = i64, Path, description = "Key of the node")),
    request_body = StoragesOfNode,
    responses(
        (status = 204, description = "Assigned"),
        (status = 404, description = "The node cannot be found"),
    ),
)]
#[post("/v1/nodes/<node_id>/availability-storages", data = "<body>")]
pub(crate) async fn assign_storages_to_node(
    app: &State<App>,
    caller: Caller,
    node_id: i64,
    body: JsonBody<StoragesOfNode>,
) -> Reply<Nothing> {
    app.availability_storages()
        .assign_to_node(&caller.0, node_id, &body.0.availability_storages, false)
        .await?;
    Ok(Nothing)
}

/// Gives a node these availability storages alone: all others are taken away. The document
/// contradicts itself here; POST keeps the others.
#[utoipa::path(
    tag = "nodes",
    params(("node_id" = i64, Path, description = "Key of the node")),
    request_body = StoragesOfNode,
    responses(
        (status = 204, description = "These storages alone are assigned"),
        (status = 404, description = "The node cannot be found"),
    ),
)]
#[put("/v1/nodes/<node_id>/availability-storages", data = "<body>")]
pub(crate) async fn reassign_storages_to_node(
    app: &State<App>,
    caller: Caller,
    node_id: i64,
    body: JsonBody<StoragesOfNode>,
) -> Reply<Nothing> {
    app.availability_storages()
        .assign_to_node(&caller.0, node_id, &body.0.availability_storages, true)
        .await?;
    Ok(Nothing)
}

/// Takes an availability storage away from a node.
#[utoipa::path(
    tag = "nodes",
    params(
        ("node_id" = i64, Path, description = "Key of the node"),
        ("availability_storage_id" = i64, Path, description = "Key of the storage"),
    ),
    responses(
        (status = 204, description = "Taken away"),
        (status = 404, description = "The node cannot be found, or does not have the storage"),
    ),
)]
#[delete("/v1/nodes/<node_id>/availability-storages/<availability_storage_id>")]
pub(crate) async fn unassign_node_storage(
    app: &State<App>,
    caller: Caller,
    node_id: i64,
    availability_storage_id: i64,
) -> Reply<Nothing> {
    unassign(app, &caller, node_id, availability_storage_id).await
}

async fn unassign(app: &App, caller: &Caller, node_id: i64, storage: i64) -> Reply<Nothing> {
    let storages = app.availability_storages();
    storages.unassign(&caller.0, node_id, storage).await?;
    Ok(Nothing)
}
