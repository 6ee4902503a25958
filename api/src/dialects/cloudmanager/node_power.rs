//! Power of a node, through its default power control.

use assay_app::App;
use assay_domain::PowerCommand;
use rocket::{State, post};

use crate::guards::Caller;
use crate::reply::{Nothing, Reply};

/// Switches a node on; done at once when it is on.
#[utoipa::path(
    tag = "nodes",
    params(("node_id" = i64, Path, description = "Key of the node")),
    responses(
        (status = 204, description = "Done, or still being done after the configured wait"),
        (status = 404, description = "The node cannot be found"),
        (status = 409, description = "The node is held by another task"),
        (status = 422, description = "The device cannot do that"),
        (status = 502, description = "The device failed"),
        (status = 504, description = "The device did not answer"),
    ),
)]
#[post("/v1/nodes/<node_id>/actions/power-on")]
pub(crate) async fn power_on_node(
    app: &State<App>,
    caller: Caller,
    node_id: i64,
) -> Reply<Nothing> {
    command(app, caller, node_id, PowerCommand::On).await
}

/// Switches a node off at once; done when it is off.
#[utoipa::path(
    tag = "nodes",
    params(("node_id" = i64, Path, description = "Key of the node")),
    responses(
        (status = 204, description = "Done, or still being done after the configured wait"),
        (status = 404, description = "The node cannot be found"),
        (status = 409, description = "The node is held by another task"),
        (status = 422, description = "The device cannot do that"),
        (status = 502, description = "The device failed"),
        (status = 504, description = "The device did not answer"),
    ),
)]
#[post("/v1/nodes/<node_id>/actions/power-off")]
pub(crate) async fn power_off_node(
    app: &State<App>,
    caller: Caller,
    node_id: i64,
) -> Reply<Nothing> {
    command(app, caller, node_id, PowerCommand::Off).await
}

/// Restarts a node at once. Never repeated when its outcome is unknown.
#[utoipa::path(
    tag = "nodes",
    params(("node_id" = i64, Path, description = "Key of the node")),
    responses(
        (status = 204, description = "Done, or still being done after the configured wait"),
        (status = 404, description = "The node cannot be found"),
        (status = 409, description = "The node is held by another task"),
        (status = 422, description = "The device cannot do that"),
        (status = 502, description = "The device failed"),
        (status = 504, description = "The device did not answer"),
    ),
)]
#[post("/v1/nodes/<node_id>/actions/reset")]
pub(crate) async fn reset_node(app: &State<App>, caller: Caller, node_id: i64) -> Reply<Nothing> {
    command(app, caller, node_id, PowerCommand::Reset).await
}

async fn command(app: &App, caller: Caller, node_id: i64, command: PowerCommand) -> Reply<Nothing> {
    app.power().command(&caller.0, node_id, command).await?;
    Ok(Nothing)
}
