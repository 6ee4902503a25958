//! The history of a node's power commands.

use assay_app::App;
use assay_domain::{Page, PowerAction};
use rocket::serde::json::Json;
use rocket::{State, get};
use serde::Serialize;
use utoipa::ToSchema;

use crate::guards::Caller;
use crate::reply::Answer;

use super::iso;

/// A power command that was given to a node.
#[derive(Serialize, ToSchema)]
#[schema(as = PowerAction)]
pub(super) struct PowerActionWire {
    /// What was asked: power_on, power_off, reset or shutdown.
    #[schema(value_type = String, example = "reset")]
    action: &'static str,
    /// Key.
    #[schema(example = 1)]
    id: i64,
    /// The node's key.
    #[schema(example = 1)]
    node_id: i64,
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
            command,
            state: _,
            error: _,
            user_name,
            start_time,
            finished_at: _,
        } = action;
        Self {
            action: command.as_str(),
            id,
            node_id,
            start_time: iso(start_time),
            user_name,
        }
    }
}

/// A node's power commands.
#[derive(Serialize, ToSchema)]
pub(super) struct PowerActionList {
    /// All of them.
    power_actions: Vec<PowerActionWire>,
}

/// One power command.
#[derive(Serialize, ToSchema)]
pub(super) struct OnePowerAction {
    /// The command.
    power_action: PowerActionWire,
}

/// Lists the power commands that were given to a node.
#[utoipa::path(
    tag = "nodes",
    params(("node_id" = i64, Path, description = "Key of the node")),
    responses(
        (status = 200, description = "The commands", body = PowerActionList),
        (status = 404, description = "The node cannot be found"),
    ),
)]
#[get("/v1/nodes/<node_id>/power-actions")]
pub(crate) async fn list_power_actions(
    app: &State<App>,
    caller: Caller,
    node_id: i64,
) -> Answer<PowerActionList> {
    let everything = Page {
        offset: 0,
        limit: i64::MAX,
    };
    let actions = app.power().history(&caller.0, node_id, everything).await?;
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
