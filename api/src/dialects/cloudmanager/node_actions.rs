//! What is recorded at a node by an action: its boot image, its reserve, its protection.

use assay_app::{App, Protection};
use assay_domain::NodePatch;
use rocket::{State, post};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::guards::{Caller, JsonBody};
use crate::query::{Query, protection};
use crate::reply::{Nothing, Reply};

/// An image to assign.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ImageToAssign {
    /// The image's key.
    #[schema(example = 2)]
    image_id: i64,
}

/// Whether a node is to be in reserve.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Reserve {
    /// True takes it into reserve, false out of it.
    is_reserved: bool,
}

/// Assigns a boot image to a node: its machine boots it from its next boot from the network on,
/// whenever it is not being introspected.
#[utoipa::path(
    tag = "nodes",
    params(
        ("node_id" = i64, Path, description = "Key of the node"),
        ("force" = Option<bool>, Query, description = "Whether it is done to a protected node all the same; for administrators (an addition of Assay)"),
    ),
    request_body = ImageToAssign,
    responses(
        (status = 204, description = "Assigned"),
        (status = 404, description = "The node cannot be found"),
        (status = 409, description = "The node is protected"),
    ),
)]
#[post("/v1/nodes/<node_id>/actions/assign-image", data = "<body>")]
pub(crate) async fn assign_image(
    app: &State<App>,
    caller: Caller,
    query: Query<'_>,
    node_id: i64,
    body: JsonBody<ImageToAssign>,
) -> Reply<Nothing> {
    let patch = NodePatch {
        image_id: Some(Some(body.0.image_id)),
        ..NodePatch::default()
    };
    record(app, &caller, node_id, patch, protection(&query)?).await
}

/// Takes a node into reserve or out of it. Assay changes no node that is in reserve by itself: it
/// reads its power, and does what somebody asks for.
#[utoipa::path(
    tag = "nodes",
    params(("node_id" = i64, Path, description = "Key of the node")),
    request_body = Reserve,
    responses(
        (status = 204, description = "Done"),
        (status = 404, description = "The node cannot be found"),
    ),
)]
#[post("/v1/nodes/<node_id>/actions/reserve", data = "<body>")]
pub(crate) async fn reserve_node(
    app: &State<App>,
    caller: Caller,
    node_id: i64,
    body: JsonBody<Reserve>,
) -> Reply<Nothing> {
    let patch = NodePatch {
        is_reserved: Some(body.0.is_reserved),
        ..NodePatch::default()
    };
    record(app, &caller, node_id, patch, Protection::Respected).await
}

/// Protects a node (NodeSafe): from now on power-off, reset, outputs that feed it switched off, the
/// start of an introspection and another boot image are refused with 409, in every API, unless an
/// administrator forces them with `?force=true`. What has been accepted before goes on.
#[utoipa::path(
    tag = "nodes",
    params(("node_id" = i64, Path, description = "Key of the node")),
    responses(
        (status = 204, description = "The node is protected"),
        (status = 404, description = "The node cannot be found"),
    ),
)]
#[post("/v1/nodes/<node_id>/actions/enable-nodesafe")]
pub(crate) async fn enable_nodesafe(
    app: &State<App>,
    caller: Caller,
    node_id: i64,
) -> Reply<Nothing> {
    protect(app, &caller, node_id, true).await
}

/// Ends the protection of a node (NodeSafe).
#[utoipa::path(
    tag = "nodes",
    params(("node_id" = i64, Path, description = "Key of the node")),
    responses(
        (status = 204, description = "The node is not protected"),
        (status = 404, description = "The node cannot be found"),
    ),
)]
#[post("/v1/nodes/<node_id>/actions/disable-nodesafe")]
pub(crate) async fn disable_nodesafe(
    app: &State<App>,
    caller: Caller,
    node_id: i64,
) -> Reply<Nothing> {
    protect(app, &caller, node_id, false).await
}

async fn protect(app: &App, caller: &Caller, node_id: i64, is_protected: bool) -> Reply<Nothing> {
    let patch = NodePatch {
        is_protected: Some(is_protected),
        ..NodePatch::default()
    };
    record(app, caller, node_id, patch, Protection::Respected).await
}

async fn record(
    app: &App,
    caller: &Caller,
    node_id: i64,
    patch: NodePatch,
    protection: Protection,
) -> Reply<Nothing> {
    let nodes = app.nodes();
    nodes.update(&caller.0, node_id, patch, protection).await?;
    Ok(Nothing)
}
