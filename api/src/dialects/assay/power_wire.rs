//! Power actions as this API shows them.

use assay_domain::PowerAction;
use serde::Serialize;
use utoipa::ToSchema;

use super::iso;

/// A power command: who gave it, when, and what became of it.
#[derive(Serialize, ToSchema)]
#[schema(as = PowerAction)]
pub(super) struct PowerActionWire {
    /// Key.
    #[schema(example = 1)]
    id: i64,
    /// The node's key; null for an output that feeds no node.
    node_id: Option<i64>,
    /// The power control of the one output that is switched; null when the whole node is.
    power_control_id: Option<i64>,
    /// That output.
    output: Option<String>,
    /// What was asked: power_on, power_off, reset or shutdown.
    #[schema(value_type = String, example = "power_on")]
    command: &'static str,
    /// How far it has come: intended, sent, done, failed, or unknown when nobody can tell.
    #[schema(value_type = String, example = "done")]
    state: &'static str,
    /// Why it failed, with the last state that was seen.
    error: Option<String>,
    /// Who asked.
    #[schema(example = "admin")]
    requested_by: String,
    /// When it was asked for, UTC.
    requested_at: String,
    /// When it ended, UTC.
    finished_at: Option<String>,
    /// UUID of the task that does it.
    task: Option<String>,
    /// UUID of the request for many nodes that it came with.
    batch: Option<String>,
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
            batch,
        } = action;
        Self {
            id,
            node_id,
            power_control_id: output.as_ref().map(|output| output.power_control_id),
            output: output.map(|output| output.port),
            command: command.as_str(),
            state: state.as_str(),
            error,
            requested_by: user_name,
            requested_at: iso(start_time),
            finished_at: finished_at.map(iso),
            task,
            batch,
        }
    }
}
