//! Nodes bound to a virtual controller.

use assay_app::{App, BindingOrder};
use rocket::serde::json::Json;
use rocket::{State, post};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::guards::{Caller, JsonBody};
use crate::reply::Answer;

use super::servers::TaskStarted;

/// Nodes, and the virtual controller that it is about.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NodeBindings {
    /// UUID of the virtual controller.
    #[schema(example = "2eec580b-12f8-4518-bf79-3dc5529617da")]
    controller_uuid: String,
    /// Names of nodes, 1 to 1000, each once.
    #[schema(example = json!(["mnode2.example.org"]))]
    hostnames: Vec<String>,
}

/// Binds nodes to a virtual controller: an instance of the cloud, which has to exist. The binding is the
/// node's `controller_id`; nothing is changed in the cloud or on the machine. A task does it, whose
/// result tells for each node what was done; a node that is bound to it already is left alone.
#[utoipa::path(
    tag = "nodes",
    request_body = NodeBindings,
    responses(
        (status = 200, description = "Its task", body = TaskStarted),
        (status = 400, description = "No name, too many, or one that is there twice"),
        (status = 404, description = "There are no such nodes, all of which are named, or the cloud has no such instance; nothing was done"),
        (status = 409, description = "A node is bound to another virtual controller; nothing was done"),
        (status = 503, description = "No cloud is configured, or it does not answer"),
    ),
)]
#[post("/v1/nodes/actions/attach", data = "<body>")]
pub(crate) async fn attach_nodes(
    app: &State<App>,
    caller: Caller,
    body: JsonBody<NodeBindings>,
) -> Answer<TaskStarted> {
    begin(app, &caller, &body.0, BindingOrder::Attach).await
}

/// Unbinds nodes from a virtual controller. A task does it, whose result tells for each node what was
/// done; one that is not bound to this controller is left alone. The controller need not exist any more
/// while nodes are bound to it.
#[utoipa::path(
    tag = "nodes",
    request_body = NodeBindings,
    responses(
        (status = 200, description = "Its task", body = TaskStarted),
        (status = 400, description = "No name, too many, or one that is there twice"),
        (status = 404, description = "There are no such nodes, all of which are named, or the cloud has no such instance and no node is bound to it; nothing was done"),
        (status = 503, description = "No cloud is configured, or it does not answer"),
    ),
)]
#[post("/v1/nodes/actions/detach", data = "<body>")]
pub(crate) async fn detach_nodes(
    app: &State<App>,
    caller: Caller,
    body: JsonBody<NodeBindings>,
) -> Answer<TaskStarted> {
    begin(app, &caller, &body.0, BindingOrder::Detach).await
}

async fn begin(
    app: &App,
    caller: &Caller,
    asked: &NodeBindings,
    order: BindingOrder,
) -> Answer<TaskStarted> {
    let controllers = app.virtual_controllers();
    let task_id = controllers
        .begin(&caller.0, &asked.controller_uuid, &asked.hostnames, order)
        .await?;
    Ok(Json(TaskStarted { task_id }))
}
