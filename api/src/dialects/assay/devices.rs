//! What nodes' devices say beside power: sensors, log of events, parts, themselves, boot override.

use assay_app::{App, DeviceView};
use assay_domain::{Aspect, DeviceFacts, Error, Page, Result};
use rocket::serde::json::Json;
use rocket::{State, get};
use serde::Serialize;
use utoipa::ToSchema;

use crate::guards::Caller;
use crate::query::Query;
use crate::reply::Answer;

use super::device_wire::{
    AccountWire, BootDeviceWire, BootModeWire, EventWire, InterfaceWire, PartWire, ReadingWire,
    SensorWire,
};
use super::page::page_with;

/// A page of a device's sensors.
#[derive(Serialize, ToSchema)]
pub(super) struct SensorPage {
    /// When they were read.
    reading: ReadingWire,
    /// How many there are.
    total: usize,
    /// The sensors, in the device's order.
    sensors: Vec<SensorWire>,
}

/// A page of a device's log of events.
#[derive(Serialize, ToSchema)]
pub(super) struct EventPage {
    /// When it was read.
    reading: ReadingWire,
    /// How many entries there are.
    total: usize,
    /// The entries, newest first.
    events: Vec<EventWire>,
}

/// A page of a machine's replaceable parts.
#[derive(Serialize, ToSchema)]
pub(super) struct PartPage {
    /// When they were read.
    reading: ReadingWire,
    /// How many there are.
    total: usize,
    /// The parts, in the device's order.
    parts: Vec<PartWire>,
}

/// A device itself.
#[derive(Serialize, ToSchema)]
pub(super) struct Management {
    /// When it was read.
    reading: ReadingWire,
    /// Version of its firmware.
    #[schema(example = "2.14")]
    firmware: Option<String>,
    /// Its network interfaces.
    interfaces: Vec<InterfaceWire>,
    /// Its accounts; null when it does not tell them to the account that Assay uses.
    users: Option<Vec<AccountWire>>,
}

/// A boot override.
#[derive(Serialize, ToSchema)]
#[schema(as = BootOverride)]
pub(super) struct BootOverrideWire {
    /// When it was read.
    reading: ReadingWire,
    /// network, disk, cd, setup, or null for the machine's own order.
    device: Option<BootDeviceWire>,
    /// Whether it is for every boot instead of the next one only.
    persistent: bool,
    /// bios, uefi, or null when it leaves the firmware interface as it is.
    mode: Option<BootModeWire>,
}

/// Shows the sensors of a node's device. It is asked when it never was before, and with `refresh`.
#[utoipa::path(
    tag = "devices",
    params(
        ("node" = String, Path, description = "UUID or name of the node"),
        ("refresh" = Option<bool>, Query, description = "Has the device asked now; when that fails, what was read last is shown with its age and the reason"),
        ("offset" = Option<i64>, Query, description = "How many to skip", minimum = 0),
        ("limit" = Option<i64>, Query, description = "How many at most", minimum = 0),
    ),
    responses(
        (status = 200, description = "A page of sensors", body = SensorPage),
        (status = 404, description = "The node cannot be found"),
        (status = 501, description = "The driver or the device has no sensors"),
        (status = 502, description = "The device was never read, and failed now"),
        (status = 503, description = "The device was never read, and has not answered yet; its task goes on"),
        (status = 504, description = "The device was never read, and did not answer in time"),
    ),
)]
#[get("/assay/v1/nodes/<node>/sensors")]
pub(crate) async fn list_sensors(
    app: &State<App>,
    caller: Caller,
    query: Query<'_>,
    node: &str,
) -> Answer<SensorPage> {
    let (reading, facts, page) = listed(app, &caller, &query, node, Aspect::Sensors).await?;
    let DeviceFacts::Sensors(sensors) = facts else {
        return Err(other_aspect().into());
    };
    Ok(Json(SensorPage {
        reading,
        total: sensors.len(),
        sensors: part(sensors, page),
    }))
}

/// Shows the log of events of a node's device, newest entry first. It is asked when it never was before,
/// and with `refresh`.
#[utoipa::path(
    tag = "devices",
    params(
        ("node" = String, Path, description = "UUID or name of the node"),
        ("refresh" = Option<bool>, Query, description = "Has the device asked now; when that fails, what was read last is shown with its age and the reason"),
        ("offset" = Option<i64>, Query, description = "How many to skip", minimum = 0),
        ("limit" = Option<i64>, Query, description = "How many at most", minimum = 0),
    ),
    responses(
        (status = 200, description = "A page of the log", body = EventPage),
        (status = 404, description = "The node cannot be found"),
        (status = 501, description = "The driver or the device has no log"),
        (status = 502, description = "The device was never read, and failed now"),
        (status = 503, description = "The device was never read, and has not answered yet; its task goes on"),
        (status = 504, description = "The device was never read, and did not answer in time"),
    ),
)]
#[get("/assay/v1/nodes/<node>/events")]
pub(crate) async fn list_events(
    app: &State<App>,
    caller: Caller,
    query: Query<'_>,
    node: &str,
) -> Answer<EventPage> {
    let (reading, facts, page) = listed(app, &caller, &query, node, Aspect::EventLog).await?;
    let DeviceFacts::EventLog(mut entries) = facts else {
        return Err(other_aspect().into());
    };
    entries.reverse();
    Ok(Json(EventPage {
        reading,
        total: entries.len(),
        events: part(entries, page),
    }))
}

/// Shows the replaceable parts that a node's device tells of. It is asked when it never was before, and
/// with `refresh`.
#[utoipa::path(
    tag = "devices",
    params(
        ("node" = String, Path, description = "UUID or name of the node"),
        ("refresh" = Option<bool>, Query, description = "Has the device asked now; when that fails, what was read last is shown with its age and the reason"),
        ("offset" = Option<i64>, Query, description = "How many to skip", minimum = 0),
        ("limit" = Option<i64>, Query, description = "How many at most", minimum = 0),
    ),
    responses(
        (status = 200, description = "A page of parts", body = PartPage),
        (status = 404, description = "The node cannot be found"),
        (status = 501, description = "The driver or the device has no list of parts"),
        (status = 502, description = "The device was never read, and failed now"),
        (status = 503, description = "The device was never read, and has not answered yet; its task goes on"),
        (status = 504, description = "The device was never read, and did not answer in time"),
    ),
)]
#[get("/assay/v1/nodes/<node>/parts")]
pub(crate) async fn list_parts(
    app: &State<App>,
    caller: Caller,
    query: Query<'_>,
    node: &str,
) -> Answer<PartPage> {
    let (reading, facts, page) = listed(app, &caller, &query, node, Aspect::Parts).await?;
    let DeviceFacts::Parts(parts) = facts else {
        return Err(other_aspect().into());
    };
    Ok(Json(PartPage {
        reading,
        total: parts.len(),
        parts: part(parts, page),
    }))
}

/// Shows a node's device itself: firmware, network, accounts. It is asked when it never was before, and
/// with `refresh`.
#[utoipa::path(
    tag = "devices",
    params(
        ("node" = String, Path, description = "UUID or name of the node"),
        ("refresh" = Option<bool>, Query, description = "Has the device asked now; when that fails, what was read last is shown with its age and the reason"),
    ),
    responses(
        (status = 200, description = "The device", body = Management),
        (status = 404, description = "The node cannot be found"),
        (status = 501, description = "The driver cannot tell"),
        (status = 502, description = "The device was never read, and failed now"),
        (status = 503, description = "The device was never read, and has not answered yet; its task goes on"),
        (status = 504, description = "The device was never read, and did not answer in time"),
    ),
)]
#[get("/assay/v1/nodes/<node>/management")]
pub(crate) async fn show_management(
    app: &State<App>,
    caller: Caller,
    query: Query<'_>,
    node: &str,
) -> Answer<Management> {
    let (reading, facts) = shown(app, &caller, &query, node, Aspect::Management).await?;
    let DeviceFacts::Management(info) = facts else {
        return Err(other_aspect().into());
    };
    let users = info
        .users
        .map(|users| users.into_iter().map(Into::into).collect());
    Ok(Json(Management {
        reading,
        firmware: info.firmware,
        interfaces: info.interfaces.into_iter().map(Into::into).collect(),
        users,
    }))
}

/// Shows what a node's machine boots next, if its device has been told. It is asked when it never was
/// before, and with `refresh`: a machine that has booted has used up its override.
#[utoipa::path(
    tag = "devices",
    params(
        ("node" = String, Path, description = "UUID or name of the node"),
        ("refresh" = Option<bool>, Query, description = "Has the device asked now; when that fails, what was read last is shown with its age and the reason"),
    ),
    responses(
        (status = 200, description = "The boot override", body = BootOverrideWire),
        (status = 404, description = "The node cannot be found"),
        (status = 501, description = "The driver or the device has no boot override"),
        (status = 502, description = "The device was never read, and failed now"),
        (status = 503, description = "The device was never read, and has not answered yet; its task goes on"),
        (status = 504, description = "The device was never read, and did not answer in time"),
    ),
)]
#[get("/assay/v1/nodes/<node>/boot-override")]
pub(crate) async fn show_boot_override(
    app: &State<App>,
    caller: Caller,
    query: Query<'_>,
    node: &str,
) -> Answer<BootOverrideWire> {
    let (reading, facts) = shown(app, &caller, &query, node, Aspect::BootOverride).await?;
    let DeviceFacts::BootOverride(boot) = facts else {
        return Err(other_aspect().into());
    };
    Ok(Json(BootOverrideWire {
        reading,
        device: boot.device.map(Into::into),
        persistent: boot.persistent,
        mode: boot.mode.map(Into::into),
    }))
}

async fn listed(
    app: &App,
    caller: &Caller,
    query: &Query<'_>,
    node: &str,
    aspect: Aspect,
) -> Result<(ReadingWire, DeviceFacts, Page)> {
    let page = page_with(query, app.settings().api_max_limit, &["refresh"])?;
    let (reading, facts) = read(app, caller, query, node, aspect).await?;
    Ok((reading, facts, page))
}

async fn shown(
    app: &App,
    caller: &Caller,
    query: &Query<'_>,
    node: &str,
    aspect: Aspect,
) -> Result<(ReadingWire, DeviceFacts)> {
    query.only(&["refresh"])?;
    read(app, caller, query, node, aspect).await
}

async fn read(
    app: &App,
    caller: &Caller,
    query: &Query<'_>,
    node: &str,
    aspect: Aspect,
) -> Result<(ReadingWire, DeviceFacts)> {
    let refresh = query.flag("refresh")?.unwrap_or(false);
    let view: DeviceView = app.devices().show(&caller.0, node, aspect, refresh).await?;
    Ok(((&view).into(), view.facts))
}

fn part<T, W: From<T>>(all: Vec<T>, page: Page) -> Vec<W> {
    let skipped = usize::try_from(page.offset).unwrap_or(usize::MAX);
    let taken = usize::try_from(page.limit).unwrap_or(0);
    let rest = all.into_iter().skip(skipped);
    rest.take(taken).map(W::from).collect()
}

fn other_aspect() -> Error {
    Error::internal("a reading is of another aspect than was asked for")
}
