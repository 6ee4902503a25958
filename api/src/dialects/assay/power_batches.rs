//! Power commands to many nodes at once, and how they stand.

use std::collections::BTreeMap;

use assay_app::{AcceptedPower, App, BatchStatus, NodeRef, RefusedPower};
use assay_domain::{Error, PowerActionState, PowerCommand};
use rocket::http::Status as HttpStatus;
use rocket::serde::json::Json;
use rocket::{State, get, post};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::guards::{Caller, JsonBody};
use crate::query::{Query, protection};
use crate::reply::{Answer, Reply, with_status};

use super::iso;
use super::page::page_with;
use super::power_wire::PowerActionWire;

/// A node as a caller names it: by key, or by UUID or name.
#[derive(Deserialize)]
#[serde(untagged, expecting = "expected a node's key, UUID or name")]
enum NodeName {
    Id(i64),
    Text(String),
}

impl From<NodeName> for NodeRef {
    fn from(name: NodeName) -> Self {
        match name {
            NodeName::Id(id) => Self::Id(id),
            NodeName::Text(text) => Self::Text(text),
        }
    }
}

/// A command to many nodes.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ManyNodes {
    /// The nodes, 10,000 at most, each by UUID or name, or by its key as a number.
    #[schema(value_type = Vec<String>, example = json!(["node1.example.org", "5b1c6b5e-9d5e-4b9e-8f0b-1c2d3e4f5a6b"]))]
    nodes: Vec<NodeName>,
    /// power_on, power_off, reset or shutdown.
    #[schema(example = "power_on")]
    command: String,
}

/// A node that gets the command.
#[derive(Serialize, ToSchema)]
pub(super) struct AcceptedNode {
    /// UUID of the node.
    node: String,
    /// Name of the node.
    name: Option<String>,
    /// Key of the node in CloudManager's API.
    node_id: i64,
    /// Key of its power action.
    action: i64,
    /// UUID of its task.
    task: String,
}

impl From<AcceptedPower> for AcceptedNode {
    fn from(accepted: AcceptedPower) -> Self {
        let AcceptedPower { node, action, task } = accepted;
        Self {
            node: node.uuid,
            name: node.name,
            node_id: node.id,
            action,
            task,
        }
    }
}

/// A node that does not.
#[derive(Serialize, ToSchema)]
pub(super) struct RefusedNode {
    /// The node as it was named.
    node: String,
    /// Why.
    #[schema(example = "Node 7 was not found")]
    reason: String,
}

impl From<RefusedPower> for RefusedNode {
    fn from(refused: RefusedPower) -> Self {
        let RefusedPower { node, reason } = refused;
        Self {
            node: node.to_string(),
            reason,
        }
    }
}

/// What was made of a command to many nodes.
#[derive(Serialize, ToSchema)]
pub(super) struct BatchAnswer {
    /// UUID by which to ask how it stands; null when no node gets the command.
    batch: Option<String>,
    /// The nodes that get the command, in the order of the request; each once.
    accepted: Vec<AcceptedNode>,
    /// The nodes that do not.
    refused: Vec<RefusedNode>,
}

/// A node's part of a command to many nodes.
#[derive(Serialize, ToSchema)]
pub(super) struct BatchPart {
    /// UUID of the node.
    node: String,
    /// Name of the node.
    name: Option<String>,
    /// What became of it.
    action: PowerActionWire,
}

/// How a command to many nodes stands.
#[derive(Serialize, ToSchema)]
pub(super) struct BatchWire {
    /// What was asked.
    #[schema(value_type = String, example = "power_on")]
    command: &'static str,
    /// Who asked.
    #[schema(example = "admin")]
    requested_by: String,
    /// When, UTC.
    requested_at: String,
    /// Whether nothing more happens.
    is_over: bool,
    /// At how many nodes it is intended, sent, done, failed and unknown.
    #[schema(value_type = BTreeMap<String, i64>)]
    counts: BTreeMap<&'static str, i64>,
    /// A page of its parts, in the order of the request.
    parts: Vec<BatchPart>,
}

impl From<BatchStatus> for BatchWire {
    fn from(status: BatchStatus) -> Self {
        let mut counts: BTreeMap<_, _> = PowerActionState::ALL
            .into_iter()
            .map(|state| (state.as_str(), 0))
            .collect();
        for (state, count) in &status.counts {
            counts.insert(state.as_str(), *count);
        }
        let parts = status.actions.into_iter().map(|(action, node)| BatchPart {
            node: node.uuid,
            name: node.name,
            action: action.into(),
        });
        Self {
            command: status.command.as_str(),
            requested_by: status.user_name,
            requested_at: iso(status.start_time),
            is_over: status.counts.iter().all(|(state, _)| state.is_final()),
            counts,
            parts: parts.collect(),
        }
    }
}

/// Gives many nodes a power command. Each has a power action and a task of its own; the answer does
/// not wait for them. A node that is not known, is protected or cannot be switched is refused, the
/// others go on.
#[utoipa::path(
    tag = "power",
    params(("force" = Option<bool>, Query, description = "Whether it is done to protected nodes all the same; for administrators")),
    request_body = ManyNodes,
    responses((status = 202, description = "Which nodes get the command", body = BatchAnswer)),
)]
#[post("/assay/v1/power", data = "<body>")]
pub(crate) async fn command_many_nodes(
    app: &State<App>,
    caller: Caller,
    query: Query<'_>,
    body: JsonBody<ManyNodes>,
) -> Reply<(HttpStatus, Json<BatchAnswer>)> {
    let ManyNodes { nodes, command } = body.0;
    let command: PowerCommand = command.parse().map_err(|_| {
        Error::invalid(format!(
            "command: '{command}' is not one of power_on, power_off, reset and shutdown"
        ))
    })?;
    let nodes = nodes.into_iter().map(NodeRef::from).collect();
    let protection = protection(&query)?;
    let power = app.power();
    let batch = power
        .command_many(&caller.0, nodes, command, protection)
        .await?;
    let answer = BatchAnswer {
        batch: (!batch.accepted.is_empty()).then_some(batch.id),
        accepted: batch.accepted.into_iter().map(Into::into).collect(),
        refused: batch.refused.into_iter().map(Into::into).collect(),
    };
    Ok(with_status(HttpStatus::Accepted, answer))
}

/// Shows how a command to many nodes stands: counts, and a page of what became of it at each node.
#[utoipa::path(
    tag = "power",
    params(
        ("batch" = String, Path, description = "UUID of the request for many nodes"),
        ("state" = Option<String>, Query, description = "Only parts in this state: intended, sent, done, failed or unknown"),
        ("offset" = Option<i64>, Query, description = "How many to skip", minimum = 0),
        ("limit" = Option<i64>, Query, description = "How many at most", minimum = 0),
    ),
    responses(
        (status = 200, description = "How it stands", body = BatchWire),
        (status = 404, description = "The request cannot be found"),
    ),
)]
#[get("/assay/v1/power/<batch>")]
pub(crate) async fn show_power_batch(
    app: &State<App>,
    caller: Caller,
    query: Query<'_>,
    batch: &str,
) -> Answer<BatchWire> {
    let page = page_with(&query, app.settings().api_max_limit, &["state"])?;
    let state = query.get("state").map(|text| {
        let state = text.parse::<PowerActionState>();
        state.map_err(|_| Error::invalid(format!("state: '{text}' is no state of a power action")))
    });
    let state = state.transpose()?;
    let status = app.power().batch(&caller.0, batch, state, page).await?;
    Ok(Json(status.into()))
}
