//! Outputs of a power control: switched directly, and the nodes that hang on them.

use assay_app::{App, NodeDetail, Protection};
use assay_domain::PowerCommand;
use rocket::serde::json::Json;
use rocket::{State, get, post};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::guards::{Caller, JsonBody};
use crate::query::{Query, protection};
use crate::reply::{Answer, Nothing, Reply};

use super::input::TextOrNumber;
use super::node_wire::{Named, NodeControl, NodeWire};

/// An output to switch.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CoilBody {
    /// The output; text is taken too.
    #[schema(value_type = i64, example = 1)]
    coil: TextOrNumber,
}

/// A node as it is shown below a power control: with the types of its class, and with what
/// CloudManager's document shows nowhere else.
#[derive(Serialize, ToSchema)]
pub(super) struct FedNode {
    #[serde(flatten)]
    node: NodeWire,
    /// The same as `node_controls`, by the name that CloudManager's document shows here.
    cloud_managers: Vec<NodeControl>,
    /// Always null: Assay keeps no accounts of virtual controllers.
    #[schema(value_type = Option<String>)]
    controller_login: (),
    /// Always null.
    #[schema(value_type = Option<String>)]
    controller_password: (),
}

impl From<NodeDetail> for FedNode {
    fn from(detail: NodeDetail) -> Self {
        let types = detail.class.as_ref().map(|class| {
            let types = class.types.iter().cloned().map(Named::from);
            types.collect()
        });
        let mut node = NodeWire::from(detail);
        if let Some(class) = &mut node.node_class {
            class.node_types = types;
        }
        Self {
            cloud_managers: node.node_controls.clone(),
            node,
            controller_login: (),
            controller_password: (),
        }
    }
}

/// The nodes below a power control.
#[derive(Serialize, ToSchema)]
pub(super) struct FedNodeList {
    /// The nodes, by key.
    nodes: Vec<FedNode>,
}

/// Switches an output on, whatever hangs on it.
#[utoipa::path(
    tag = "power controls",
    params(("power_control_id" = i64, Path, description = "Key of the power control")),
    request_body = CoilBody,
    responses(
        (status = 204, description = "Done, or still being done after the configured wait"),
        (status = 404, description = "The power control cannot be found"),
        (status = 422, description = "The device cannot do that"),
        (status = 502, description = "The device failed"),
        (status = 504, description = "The device did not answer"),
    ),
)]
#[post(
    "/v1/power-controls/<power_control_id>/actions/power-on",
    data = "<body>"
)]
pub(crate) async fn power_on_coil(
    app: &State<App>,
    caller: Caller,
    power_control_id: i64,
    body: JsonBody<CoilBody>,
) -> Reply<Nothing> {
    let respected = Protection::Respected;
    let coil = String::from(body.0.coil);
    app.power_controls()
        .coil_power(
            &caller.0,
            power_control_id,
            &coil,
            PowerCommand::On,
            respected,
        )
        .await?;
    Ok(Nothing)
}

/// Switches an output off, whatever hangs on it.
#[utoipa::path(
    tag = "power controls",
    params(
        ("power_control_id" = i64, Path, description = "Key of the power control"),
        ("force" = Option<bool>, Query, description = "Whether it is done to a protected node all the same; for administrators (an addition of Assay)"),
    ),
    request_body = CoilBody,
    responses(
        (status = 204, description = "Done, or still being done after the configured wait"),
        (status = 404, description = "The power control cannot be found"),
        (status = 409, description = "It feeds a protected node"),
        (status = 422, description = "The device cannot do that"),
        (status = 502, description = "The device failed"),
        (status = 504, description = "The device did not answer"),
    ),
)]
#[post(
    "/v1/power-controls/<power_control_id>/actions/power-off",
    data = "<body>"
)]
pub(crate) async fn power_off_coil(
    app: &State<App>,
    caller: Caller,
    query: Query<'_>,
    power_control_id: i64,
    body: JsonBody<CoilBody>,
) -> Reply<Nothing> {
    let protection = protection(&query)?;
    let coil = String::from(body.0.coil);
    app.power_controls()
        .coil_power(
            &caller.0,
            power_control_id,
            &coil,
            PowerCommand::Off,
            protection,
        )
        .await?;
    Ok(Nothing)
}

/// Lists the nodes that a power control feeds.
#[utoipa::path(
    tag = "power controls",
    params(("power_control_id" = i64, Path, description = "Key of the power control")),
    responses(
        (status = 200, description = "The nodes", body = FedNodeList),
        (status = 404, description = "The power control cannot be found"),
    ),
)]
#[get("/v1/power-controls/<power_control_id>/nodes")]
pub(crate) async fn list_power_control_nodes(
    app: &State<App>,
    caller: Caller,
    query: Query<'_>,
    power_control_id: i64,
) -> Answer<FedNodeList> {
    query.only(&[])?;
    let found = app
        .power_controls()
        .nodes_of(&caller.0, power_control_id)
        .await?;
    Ok(Json(FedNodeList {
        nodes: found.into_iter().map(FedNode::from).collect(),
    }))
}
