//! The gates of devices, and how old what is known of the power of nodes is.

use assay_app::App;
use assay_domain::gate::GateRecord;
use assay_domain::power_observation::ReadingSummary;
use rocket::serde::json::Json;
use rocket::{State, get};
use serde::Serialize;
use utoipa::ToSchema;

use super::iso;
use crate::guards::Caller;
use crate::reply::Answer;

/// The gate of a device: who is at it now, and whether it may be asked.
#[derive(Serialize, ToSchema)]
pub(super) struct Gate {
    /// Whether the device has refused our credentials: nobody asks it until they change.
    shut: bool,
    /// What the device said when it refused them.
    reason: Option<String>,
    /// The process that is at the device.
    holder: Option<String>,
    /// Until when that counts, unless it is extended.
    held_until: Option<String>,
    /// Logins that ended without anybody telling how, since one was accepted: there are at most two
    /// within five minutes.
    open_logins: i32,
    /// When the first of these began.
    open_since: Option<String>,
    /// When a process that had died at the device was taken over last.
    lost_at: Option<String>,
}

impl From<GateRecord> for Gate {
    fn from(record: GateRecord) -> Self {
        let GateRecord {
            refused,
            holder,
            held_until,
            next_at: _,
            full_at: _,
            lost_at,
            open_logins,
            open_since,
        } = record;
        Self {
            shut: refused.is_some(),
            reason: refused,
            holder,
            held_until: held_until.map(iso),
            open_logins,
            open_since: open_since.map(iso),
            lost_at: lost_at.map(iso),
        }
    }
}

/// How far the readings of the power of all nodes have come.
#[derive(Serialize, ToSchema)]
pub(super) struct PowerReadings {
    /// Nodes that have a power control.
    nodes: i64,
    /// Those of them that did not answer three times in a row, or more.
    unreachable: i64,
    /// When that of the others was read which was read the longest ago; null when one never was.
    oldest: Option<String>,
    /// How long ago that is, in seconds.
    age_seconds: Option<f64>,
    /// The longest time between two readings of a node that answers, in seconds.
    interval_seconds: f64,
}

/// Shows who is at a device, and why it is not asked.
#[utoipa::path(
    tag = "power",
    params(("id" = i64, Path, description = "Key of the power control")),
    responses(
        (status = 200, description = "The gate", body = Gate),
        (status = 404, description = "There is no such power control"),
    ),
)]
#[get("/assay/v1/power-controls/<id>/gate")]
pub(crate) async fn show_gate(app: &State<App>, caller: Caller, id: i64) -> Answer<Gate> {
    Ok(Json(app.power_controls().gate(&caller.0, id).await?.into()))
}

/// Shows how old what is known of the power of nodes is.
#[utoipa::path(
    tag = "power",
    responses((status = 200, description = "The readings", body = PowerReadings)),
)]
#[get("/assay/v1/power-readings")]
pub(crate) async fn show_power_readings(app: &State<App>, caller: Caller) -> Answer<PowerReadings> {
    let ReadingSummary {
        nodes,
        unreachable,
        oldest,
    } = app.power_sync().summary(&caller.0).await?;
    let age = oldest.and_then(|oldest| (app.clock().now() - oldest).to_std().ok());
    Ok(Json(PowerReadings {
        nodes,
        unreachable,
        oldest: oldest.map(iso),
        age_seconds: age.map(|age| age.as_secs_f64()),
        interval_seconds: app.settings().power_sync.interval.as_secs_f64(),
    }))
}
