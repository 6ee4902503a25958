//! The history of a node's power commands.

use assay_app::App;
use assay_domain::PowerAction;
use rocket::serde::json::Json;
use rocket::{State, get};
use serde::Serialize;
use utoipa::ToSchema;

use crate::guards::Caller;
use crate::query::Query;
use crate::reply::Answer;

use super::iso;
use super::page::{self, page};

/// A power command that was given to a node.
#[derive(Serialize, ToSchema)]
#[schema(as = PowerAction)]
pub(super) struct PowerActionWire {
    /// What was asked: power_on, power_off, reset or shutdown.
    #[schema(value_type = String, example = "reset")]
    action: &'static str,
    /// The one output that was switched; null when the whole node was (an addition of Assay).
    coil: Option<String>,
    /// Why it failed, with the last state that was seen (an addition of Assay).
    error: Option<String>,
    /// When it ended, UTC (an addition of Assay).
    #[schema(example = "2018-10-25T06:31:38")]
    finish_time: Option<String>,
    /// Key.
    #[schema(example = 1)]
    id: i64,
    /// The node's key.
    #[schema(example = 1)]
    node_id: Option<i64>,
    /// The power control of that output (an addition of Assay).
    power_control_id: Option<i64>,
    /// How far it has come: intended, sent, done, failed, or unknown when nobody can tell (an
    /// addition of Assay).
    #[schema(value_type = String, example = "done")]
    state: &'static str,
    /// The task that does it (an addition of Assay).
    task_id: Option<String>,
    /// When, UTC.
    #[schema(example = "2018-10-25T06:31:36")]
    start_time: String,
    /// Who asked.
    #[schema(example = "admin")]
    user_name: String,
}

impl From<PowerAction> for PowerActionWire {
    fn from(action: PowerAction) -> Self {
        let PowerAction {
            id,
            node_id,
            output,
            command,
            state,
            error,
            user_name,
            start_time,
            finished_at,
            task,
            batch: _,
        } = action;
        let power_control_id = output.as_ref().map(|output| output.power_control_id);
        Self {
            action: command.as_str(),
            coil: output.map(|output| output.port),
            error,
            finish_time: finished_at.map(iso),
            id,
            node_id,
            power_control_id,
            state: state.as_str(),
            task_id: task,
            start_time: iso(start_time),
            user_name,
        }
    }
}

/// A node's power commands.
#[derive(Serialize, ToSchema)]
pub(super) struct PowerActionList {
    /// The page, newest first.
    power_actions: Vec<PowerActionWire>,
}

/// One power command.
#[derive(Serialize, ToSchema)]
pub(super) struct OnePowerAction {
    /// The command.
    power_action: PowerActionWire,
}

/// Lists the power commands that were given to a node, newest first.
#[utoipa::path(
    tag = "nodes",
    params(
        ("node_id" = i64, Path, description = "Key of the node"),
        ("offset" = Option<i64>, Query, description = "How many to skip", minimum = 0),
        ("limit" = Option<i64>, Query, description = "How many at most; all when absent", minimum = 0),
    ),
    responses(
        (status = 200, description = "The commands", body = PowerActionList),
        (status = 404, description = "The node cannot be found"),
    ),
)]
#[get("/v1/nodes/<node_id>/power-actions")]
pub(crate) async fn list_power_actions(
    app: &State<App>,
    caller: Caller,
    query: Query<'_>,
    node_id: i64,
) -> Answer<PowerActionList> {
    query.only(&page::NAMES)?;
    let page = page(&query)?;
    let actions = app.power().history(&caller.0, node_id, page).await?;
    Ok(Json(PowerActionList {
        power_actions: actions.into_iter().map(PowerActionWire::from).collect(),
    }))
}

/// Shows a power command that was given to a node.
#[utoipa::path(
    tag = "nodes",
    params(
        ("node_id" = i64, Path, description = "Key of the node"),
        ("power_action_id" = i64, Path, description = "Key of the command"),
    ),
    responses(
        (status = 200, description = "The command", body = OnePowerAction),
        (status = 404, description = "The node or the command cannot be found"),
    ),
)]
#[get("/v1/nodes/<node_id>/power-actions/<power_action_id>")]
pub(crate) async fn get_power_action(
    app: &State<App>,
    caller: Caller,
    node_id: i64,
    power_action_id: i64,
) -> Answer<OnePowerAction> {
    let action = app
        .power()
        .action(&caller.0, node_id, power_action_id)
        .await?;
    Ok(Json(OnePowerAction {
        power_action: action.into(),
    }))
}
