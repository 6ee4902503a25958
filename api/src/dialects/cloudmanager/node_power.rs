//! Power of a node, through its default power control or all of its feeds, and of many nodes.

use std::collections::BTreeMap;

use assay_app::{App, Protection};
use assay_domain::PowerCommand;
use rocket::serde::json::Json;
use rocket::{State, post};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::guards::{Caller, JsonBody};
use crate::query::{Query, protection};
use crate::reply::{Answer, Nothing, Reply};

/// Nodes to restart.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct NodesToReset {
    /// Their keys, 10,000 at most.
    #[schema(example = json!([1, 2]))]
    node_ids: Vec<i64>,
}

/// How many nodes were restarted.
#[derive(Serialize, ToSchema)]
pub(super) struct ResetNodes {
    /// Nodes that could not be restarted, or of which nobody can tell.
    #[schema(example = json!([]))]
    failed: Vec<i64>,
    /// Nodes that have been restarted.
    #[schema(example = json!([1, 2]))]
    success: Vec<i64>,
    /// Why, by the key of each node that failed (an addition of Assay; absent when none has).
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(value_type = BTreeMap<String, String>, example = json!({"3": "Node 3 was not found"}))]
    reasons: BTreeMap<i64, String>,
}

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
    let power = app.power();
    let respected = Protection::Respected;
    power
        .command(&caller.0, node_id, PowerCommand::On, respected)
        .await?;
    Ok(Nothing)
}

/// Switches a node off at once; done when it is off.
#[utoipa::path(
    tag = "nodes",
    params(
        ("node_id" = i64, Path, description = "Key of the node"),
        ("force" = Option<bool>, Query, description = "Whether it is done to a protected node all the same; for administrators (an addition of Assay)"),
    ),
    responses(
        (status = 204, description = "Done, or still being done after the configured wait"),
        (status = 404, description = "The node cannot be found"),
        (status = 409, description = "The node is held by another task, or protected"),
        (status = 422, description = "The device cannot do that"),
        (status = 502, description = "The device failed"),
        (status = 504, description = "The device did not answer"),
    ),
)]
#[post("/v1/nodes/<node_id>/actions/power-off")]
pub(crate) async fn power_off_node(
    app: &State<App>,
    caller: Caller,
    query: Query<'_>,
    node_id: i64,
) -> Reply<Nothing> {
    interrupt(app, &caller, &query, node_id, PowerCommand::Off).await
}

/// Restarts a node at once. Never repeated when its outcome is unknown.
#[utoipa::path(
    tag = "nodes",
    params(
        ("node_id" = i64, Path, description = "Key of the node"),
        ("force" = Option<bool>, Query, description = "Whether it is done to a protected node all the same; for administrators (an addition of Assay)"),
    ),
    responses(
        (status = 204, description = "Done, or still being done after the configured wait"),
        (status = 404, description = "The node cannot be found"),
        (status = 409, description = "The node is held by another task, or protected"),
        (status = 422, description = "The device cannot do that"),
        (status = 502, description = "The device failed"),
        (status = 504, description = "The device did not answer"),
    ),
)]
#[post("/v1/nodes/<node_id>/actions/reset")]
pub(crate) async fn reset_node(
    app: &State<App>,
    caller: Caller,
    query: Query<'_>,
    node_id: i64,
) -> Reply<Nothing> {
    interrupt(app, &caller, &query, node_id, PowerCommand::Reset).await
}

/// Restarts nodes at once, and waits for it up to the configured time (`power_batch_wait`). Each
/// node has a power action of its own. A protected node is among the failed ones. No reset is ever sent twice; one of which nobody can tell
/// what became of it is among the failed ones, as is one that has not ended within the wait.
#[utoipa::path(
    tag = "nodes",
    params(("force" = Option<bool>, Query, description = "Whether it is done to a protected node all the same; for administrators (an addition of Assay)")),
    request_body = NodesToReset,
    responses((status = 200, description = "Which ones were restarted and which were not", body = ResetNodes)),
)]
#[post("/v1/nodes/actions/reset", data = "<body>")]
pub(crate) async fn reset_nodes(
    app: &State<App>,
    caller: Caller,
    query: Query<'_>,
    body: JsonBody<NodesToReset>,
) -> Answer<ResetNodes> {
    let nodes = body.0.node_ids;
    let protection = protection(&query)?;
    let power = app.power();
    let ends = power
        .command_many_and_wait(&caller.0, nodes, PowerCommand::Reset, protection)
        .await?;
    Ok(Json(ResetNodes {
        failed: ends.failed.iter().map(|(id, _)| *id).collect(),
        success: ends.success,
        reasons: ends.failed.into_iter().collect(),
    }))
}

async fn interrupt(
    app: &App,
    caller: &Caller,
    query: &Query<'_>,
    node_id: i64,
    command: PowerCommand,
) -> Reply<Nothing> {
    let protection = protection(query)?;
    app.power()
        .command(&caller.0, node_id, command, protection)
        .await?;
    Ok(Nothing)
}
