//! The power of a node, and what single outputs were told.

use assay_app::{App, NodePower, UnderWay};
use assay_domain::{PowerObservation, PowerState};
use rocket::serde::json::Json;
use rocket::{State, get};
use serde::Serialize;
use utoipa::ToSchema;

use crate::dialects::age;
use crate::guards::Caller;
use crate::query::Query;
use crate::reply::Answer;

use super::iso;
use super::page::page;
use super::power_wire::PowerActionWire;

/// A change of power that is going on.
#[derive(Serialize, ToSchema)]
pub(super) struct Transition {
    /// turning_on, turning_off or rebooting.
    #[schema(value_type = String, example = "turning_on")]
    name: &'static str,
    /// Since when, UTC.
    since: String,
}

impl From<UnderWay> for Transition {
    fn from(change: UnderWay) -> Self {
        Self {
            name: change.transition.as_str(),
            since: iso(change.since),
        }
    }
}

/// A node whose power cannot be read.
#[derive(Serialize, ToSchema)]
pub(super) struct Unreachable {
    /// Why the last reading failed.
    reason: Option<String>,
    /// When the first reading of those failed that have failed in a row, UTC.
    since: Option<String>,
    /// How many readings have failed in a row, 3 at least.
    #[schema(example = 3)]
    misses: i32,
}

impl Unreachable {
    fn of(known: &PowerObservation) -> Option<Self> {
        known.is_unreachable().then(|| Self {
            reason: known.error.clone(),
            since: known.missed_since.map(iso),
            misses: known.misses,
        })
    }
}

/// A node's power.
#[derive(Serialize, ToSchema)]
pub(super) struct NodePowerWire {
    /// The last known state: on, off or null.
    #[schema(value_type = Option<String>, example = "off")]
    state: Option<&'static str>,
    /// When it was read, UTC.
    observed_at: Option<String>,
    /// How old that reading is, in seconds.
    #[schema(example = 12)]
    age_seconds: Option<i64>,
    /// Why the last reading failed; null when it did not.
    reading_error: Option<String>,
    /// Since when and why nothing could be read three times in a row or more; else null.
    unreachable: Option<Unreachable>,
    /// What a command is changing now.
    transition: Option<Transition>,
    /// The state in which that is to end: on or off.
    #[schema(value_type = Option<String>, example = "on")]
    wanted: Option<&'static str>,
    /// The last command to the node, or to one output that feeds it.
    last_action: Option<PowerActionWire>,
}

impl From<NodePower> for NodePowerWire {
    fn from(power: NodePower) -> Self {
        let known = power.observation.as_ref();
        let observed_at = known.and_then(|known| known.observed_at);
        Self {
            state: power.state.map(PowerState::as_str),
            observed_at: observed_at.map(iso),
            age_seconds: observed_at.map(age),
            reading_error: known.and_then(|known| known.error.clone()),
            unreachable: known.and_then(Unreachable::of),
            transition: power.under_way.map(Transition::from),
            wanted: power.under_way.map(|change| change.wanted.as_str()),
            last_action: power.last_action.map(PowerActionWire::from),
        }
    }
}

/// A page of the commands to single outputs.
#[derive(Serialize, ToSchema)]
pub(super) struct OutputActions {
    /// The commands, newest first.
    power_actions: Vec<PowerActionWire>,
}

/// Shows the power of a node: what it is, what is being changed, and what was commanded last.
#[utoipa::path(
    tag = "power",
    params(
        ("node" = String, Path, description = "UUID or name of the node"),
        ("refresh" = Option<bool>, Query, description = "Has the power read now; when the devices do not answer, the last state, its age and the reason are shown"),
    ),
    responses(
        (status = 200, description = "The power", body = NodePowerWire),
        (status = 404, description = "The node cannot be found"),
    ),
)]
#[get("/assay/v1/nodes/<node>/power")]
pub(crate) async fn show_node_power(
    app: &State<App>,
    caller: Caller,
    query: Query<'_>,
    node: &str,
) -> Answer<NodePowerWire> {
    query.only(&["refresh"])?;
    let refresh = query.flag("refresh")?.unwrap_or(false);
    let power = app.power().of(&caller.0, node, refresh).await?;
    Ok(Json(power.into()))
}

/// Lists the commands that were given to single outputs of a power control, newest first. A command
/// to an output that is a node's only feed is one to the node.
#[utoipa::path(
    tag = "power",
    params(
        ("power_control_id" = i64, Path, description = "Key of the power control"),
        ("offset" = Option<i64>, Query, description = "How many to skip", minimum = 0),
        ("limit" = Option<i64>, Query, description = "How many at most", minimum = 0),
    ),
    responses(
        (status = 200, description = "A page of commands", body = OutputActions),
        (status = 404, description = "The power control cannot be found"),
    ),
)]
#[get("/assay/v1/power-controls/<power_control_id>/power-actions")]
pub(crate) async fn list_output_actions(
    app: &State<App>,
    caller: Caller,
    query: Query<'_>,
    power_control_id: i64,
) -> Answer<OutputActions> {
    let page = page(&query, app.settings().api_max_limit)?;
    let power = app.power();
    let actions = power.history_of_control(&caller.0, power_control_id, page);
    Ok(Json(OutputActions {
        power_actions: actions.await?.into_iter().map(Into::into).collect(),
    }))
}
