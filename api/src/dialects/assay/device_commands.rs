//! What nodes' devices are told beside power: light, log, boot override.

use std::time::Duration;

use assay_app::{App, Protection};
use assay_domain::capability::{BootOverride, Identify};
use assay_domain::{DeviceCommand, Error, Result};
use rocket::{State, delete, post, put};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::guards::{Caller, JsonBody};
use crate::query::{Query, protection};
use crate::reply::Reply;

use super::device_wire::{BootDeviceWire, BootModeWire};
use super::told::{OngoingTask, Told, told};

/// The longest time for which a light is switched on, in seconds (IPMI 2.0, section 28.5: one byte).
const LONGEST_LIGHT: u64 = 255;

/// How the identification light is to shine.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Light {
    /// Whether it shines.
    on: bool,
    /// For how long it shines, 1 to 255 s; until it is switched off when this is not given.
    #[schema(minimum = 1, maximum = 255, example = 60)]
    seconds: Option<u64>,
}

impl Light {
    fn wanted(self) -> Result<Identify> {
        match (self.on, self.seconds) {
            (true, None) => Ok(Identify::On),
            (false, None) => Ok(Identify::Off),
            (true, Some(seconds)) if (1..=LONGEST_LIGHT).contains(&seconds) => {
                Ok(Identify::For(Duration::from_secs(seconds)))
            }
            (true, Some(seconds)) => Err(Error::invalid(format!(
                "seconds: {seconds} is not within 1 to {LONGEST_LIGHT}"
            ))),
            (false, Some(_)) => Err(Error::invalid("seconds: only for a light that is on")),
        }
    }
}

/// What a machine is to boot next.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct WantedBoot {
    /// network, disk, cd or setup; null takes an override back.
    #[serde(deserialize_with = "Option::deserialize")]
    #[schema(required)]
    device: Option<BootDeviceWire>,
    /// For every boot instead of the next one only.
    #[serde(default)]
    persistent: bool,
    /// bios or uefi; as the machine is set up when this is not given.
    mode: Option<BootModeWire>,
}

/// Switches the light that shows people in front of the rack which machine a node is.
#[utoipa::path(
    tag = "devices",
    params(("node" = String, Path, description = "UUID or name of the node")),
    request_body = Light,
    responses(
        (status = 202, description = "Its task goes on", body = OngoingTask),
        (status = 204, description = "Done"),
        (status = 404, description = "The node cannot be found"),
        (status = 409, description = "The task was revoked"),
        (status = 501, description = "The driver or the device has no light"),
        (status = 502, description = "The device failed"),
        (status = 503, description = "The device could not be asked"),
        (status = 504, description = "The device did not answer in time"),
    ),
)]
#[post("/assay/v1/nodes/<node>/identify", data = "<body>")]
pub(crate) async fn identify_node(
    app: &State<App>,
    caller: Caller,
    node: &str,
    body: JsonBody<Light>,
) -> Reply<Told> {
    let wanted = body.0.wanted()?;
    let command = DeviceCommand::Identify(wanted);
    tell(app, &caller, node, command, Protection::default()).await
}

/// Removes all entries of a device's log of events.
#[utoipa::path(
    tag = "devices",
    params(("node" = String, Path, description = "UUID or name of the node")),
    responses(
        (status = 202, description = "Its task goes on", body = OngoingTask),
        (status = 204, description = "Done"),
        (status = 404, description = "The node cannot be found"),
        (status = 409, description = "The task was revoked"),
        (status = 501, description = "The driver or the device has no log"),
        (status = 502, description = "The device failed"),
        (status = 503, description = "The device could not be asked"),
        (status = 504, description = "The device did not answer in time"),
    ),
)]
#[delete("/assay/v1/nodes/<node>/events")]
pub(crate) async fn clear_events(app: &State<App>, caller: Caller, node: &str) -> Reply<Told> {
    let command = DeviceCommand::ClearEventLog;
    tell(app, &caller, node, command, Protection::default()).await
}

/// Sets what a node's machine boots next, or takes that back.
#[utoipa::path(
    tag = "devices",
    params(
        ("node" = String, Path, description = "UUID or name of the node"),
        ("force" = Option<bool>, Query, description = "Whether it is done to a protected node all the same; for administrators"),
    ),
    request_body = WantedBoot,
    responses(
        (status = 202, description = "Its task goes on", body = OngoingTask),
        (status = 204, description = "Done"),
        (status = 404, description = "The node cannot be found"),
        (status = 409, description = "The node is protected, or the task was revoked"),
        (status = 501, description = "The driver or the device has no such boot override"),
        (status = 502, description = "The device failed"),
        (status = 503, description = "The device could not be asked"),
        (status = 504, description = "The device did not answer in time"),
    ),
)]
#[put("/assay/v1/nodes/<node>/boot-override", data = "<body>")]
pub(crate) async fn set_boot_override(
    app: &State<App>,
    caller: Caller,
    query: Query<'_>,
    node: &str,
    body: JsonBody<WantedBoot>,
) -> Reply<Told> {
    let protection = protection(&query)?;
    let wanted = BootOverride {
        device: body.0.device.map(Into::into),
        persistent: body.0.persistent,
        mode: body.0.mode.map(Into::into),
    };
    let command = DeviceCommand::SetBootOverride(wanted);
    tell(app, &caller, node, command, protection).await
}

async fn tell(
    app: &App,
    caller: &Caller,
    node: &str,
    command: DeviceCommand,
    protection: Protection,
) -> Reply<Told> {
    let devices = app.devices();
    let waited = devices.command(&caller.0, node, command, protection);
    Ok(told(waited.await?))
}
