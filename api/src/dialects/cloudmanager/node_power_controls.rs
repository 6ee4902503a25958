//! Which power controls feed a node. Request bodies are flat, answers are wrapped.

use assay_app::App;
use rocket::serde::json::Json;
use rocket::{State, delete, get, post, put};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::guards::{Caller, JsonBody};
use crate::query::Query;
use crate::reply::{Answer, Nothing, Reply};

use super::input::TextOrNumber;
use super::node_wire::NodeControl;

/// The power controls of a node.
#[derive(Serialize, ToSchema)]
pub(super) struct NodeControlList {
    /// All of them.
    power_controls: Vec<NodeControl>,
}

/// One power control of a node.
#[derive(Serialize, ToSchema)]
pub(super) struct OneNodeControl {
    /// The power control as it feeds the node.
    power_control: NodeControl,
}

/// A power control to assign.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Assignment {
    /// The power control's key.
    #[schema(example = 1)]
    power_control_id: i64,
    /// The output that feeds the node; a number is taken as text.
    #[schema(value_type = String, example = "1")]
    power_control_port: TextOrNumber,
    /// Whether the node's power actions use it; a node's first one is always the default.
    is_default: Option<bool>,
}

/// A change of an assignment.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AssignmentPatch {
    /// Whether the node's power actions use it; making one the default unsets the former.
    is_default: Option<bool>,
    /// The output that feeds the node; a number is taken as text.
    #[schema(value_type = Option<String>, example = "1")]
    power_control_port: Option<TextOrNumber>,
}

/// Lists the power controls that feed a node.
#[utoipa::path(
    tag = "nodes",
    params(("node_id" = i64, Path, description = "Key of the node")),
    responses(
        (status = 200, description = "The power controls", body = NodeControlList),
        (status = 404, description = "The node cannot be found"),
    ),
)]
#[get("/v1/nodes/<node_id>/power-controls")]
pub(crate) async fn list_node_power_controls(
    app: &State<App>,
    caller: Caller,
    query: Query<'_>,
    node_id: i64,
) -> Answer<NodeControlList> {
    query.only(&[])?;
    let found = app.power_controls().assignments(&caller.0, node_id).await?;
    Ok(Json(NodeControlList {
        power_controls: found.into_iter().map(NodeControl::from).collect(),
    }))
}

/// Assigns a power control to a node.
#[utoipa::path(
    tag = "nodes",
    params(("node_id" = i64, Path, description = "Key of the node")),
    request_body = Assignment,
    responses(
        (status = 200, description = "The new assignment", body = OneNodeControl),
        (status = 404, description = "The node or the power control cannot be found"),
        (status = 409, description = "The output feeds another node"),
    ),
)]
#[post("/v1/nodes/<node_id>/power-controls", data = "<body>")]
pub(crate) async fn assign_power_control(
    app: &State<App>,
    caller: Caller,
    node_id: i64,
    body: JsonBody<Assignment>,
) -> Answer<OneNodeControl> {
    let Assignment {
        power_control_id,
        power_control_port,
        is_default,
    } = body.0;
    let port = String::from(power_control_port);
    let assigned = app
        .power_controls()
        .assign(
            &caller.0,
            node_id,
            power_control_id,
            &port,
            is_default.unwrap_or(false),
        )
        .await?;
    Ok(Json(OneNodeControl {
        power_control: assigned.into(),
    }))
}

/// Shows a power control that feeds a node.
#[utoipa::path(
    tag = "nodes",
    params(
        ("node_id" = i64, Path, description = "Key of the node"),
        ("power_control_id" = i64, Path, description = "Key of the power control"),
    ),
    responses(
        (status = 200, description = "The assignment", body = OneNodeControl),
        (status = 404, description = "The node, or the power control at it, cannot be found"),
    ),
)]
#[get("/v1/nodes/<node_id>/power-controls/<power_control_id>")]
pub(crate) async fn get_node_power_control(
    app: &State<App>,
    caller: Caller,
    node_id: i64,
    power_control_id: i64,
) -> Answer<OneNodeControl> {
    let found = app
        .power_controls()
        .assignment(&caller.0, node_id, power_control_id)
        .await?;
    Ok(Json(OneNodeControl {
        power_control: found.into(),
    }))
}

/// Changes which output feeds a node, or makes a power control the default.
#[utoipa::path(
    tag = "nodes",
    params(
        ("node_id" = i64, Path, description = "Key of the node"),
        ("power_control_id" = i64, Path, description = "Key of the power control"),
    ),
    request_body = AssignmentPatch,
    responses(
        (status = 200, description = "The changed assignment", body = OneNodeControl),
        (status = 404, description = "The node, or the power control at it, cannot be found"),
        (status = 409, description = "The output feeds another node"),
    ),
)]
#[put(
    "/v1/nodes/<node_id>/power-controls/<power_control_id>",
    data = "<body>"
)]
pub(crate) async fn update_node_power_control(
    app: &State<App>,
    caller: Caller,
    node_id: i64,
    power_control_id: i64,
    body: JsonBody<AssignmentPatch>,
) -> Answer<OneNodeControl> {
    let AssignmentPatch {
        is_default,
        power_control_port,
    } = body.0;
    let port = power_control_port.map(String::from);
    let changed = app
        .power_controls()
        .update_assignment(&caller.0, node_id, power_control_id, port, is_default)
        .await?;
    Ok(Json(OneNodeControl {
        power_control: changed.into(),
    }))
}

/// Takes a power control off a node; its output is free again.
#[utoipa::path(
    tag = "nodes",
    params(
        ("node_id" = i64, Path, description = "Key of the node"),
        ("power_control_id" = i64, Path, description = "Key of the power control"),
    ),
    responses(
        (status = 204, description = "Done"),
        (status = 404, description = "The node, or the power control at it, cannot be found"),
    ),
)]
#[delete("/v1/nodes/<node_id>/power-controls/<power_control_id>")]
pub(crate) async fn unassign_power_control(
    app: &State<App>,
    caller: Caller,
    node_id: i64,
    power_control_id: i64,
) -> Reply<Nothing> {
    app.power_controls()
        .unassign(&caller.0, node_id, power_control_id)
        .await?;
    Ok(Nothing)
}
