//! Power controls: list, count, create, get, update, delete, and the kinds there are.

use assay_app::App;
use assay_domain::power_control::DEVICE_TYPES;
use rocket::serde::json::Json;
use rocket::{State, delete, get, post, put};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use crate::guards::{Caller, JsonBody};
use crate::query::Query;
use crate::reply::{Answer, Nothing, Reply};

use super::filter::power_control_filters;
use super::node_wire::Count;
use super::page::{self, page};
use super::power_control_wire::{
    NewPowerControlBody, OnePowerControl, PowerControlList, PowerControlPatchBody, PowerControlWire,
};

/// Filters of power controls. Each takes `value` or `op:value` with the operators eq, ne, gt, ge,
/// lt, le, like, in:a,b, nin:a,b, null:true|false.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "describes parameters that are read by name")]
struct PowerControlFilters {
    /// Key
    id: Option<String>,
    /// When it was created, e.g. `ge:2018-10-17T12:18:35`
    created_at: Option<String>,
    /// Label
    title: Option<String>,
    /// Kind of device
    control_type: Option<String>,
    /// Protocol
    protocol_type: Option<String>,
    /// Host name or address
    host: Option<String>,
    /// Port
    port_number: Option<String>,
}

/// The kinds of devices.
#[derive(Serialize, ToSchema)]
pub(super) struct TypeList {
    /// Pairs of control type and protocol type.
    #[schema(value_type = Vec<Vec<String>>, example = json!([["Redfish", "redfish"]]))]
    types: Vec<[&'static str; 2]>,
}

/// The protocols.
#[derive(Serialize, ToSchema)]
pub(super) struct ProtocolList {
    /// Names of protocols.
    #[schema(value_type = Vec<String>, example = json!(["modbus", "snmp", "ssh", "intel_amt", "ipmi", "redfish"]))]
    protocols: Vec<&'static str>,
}

/// Lists power controls, by key.
#[utoipa::path(
    tag = "power controls",
    params(
        PowerControlFilters,
        ("offset" = Option<i64>, Query, description = "How many to skip", minimum = 0),
        ("limit" = Option<i64>, Query, description = "How many at most; all when absent", minimum = 0),
    ),
    responses((status = 200, description = "The power controls", body = PowerControlList)),
)]
#[get("/v1/power-controls")]
pub(crate) async fn list_power_controls(
    app: &State<App>,
    caller: Caller,
    query: Query<'_>,
) -> Answer<PowerControlList> {
    let filters = power_control_filters(&query, &page::NAMES)?;
    let found = app
        .power_controls()
        .list(&caller.0, filters, page(&query)?)
        .await?;
    Ok(Json(PowerControlList {
        power_controls: found.into_iter().map(PowerControlWire::from).collect(),
    }))
}

/// Counts power controls.
#[utoipa::path(
    tag = "power controls",
    params(PowerControlFilters),
    responses((status = 200, description = "How many pass the filters", body = Count)),
)]
#[get("/v1/power-controls/count")]
pub(crate) async fn count_power_controls(
    app: &State<App>,
    caller: Caller,
    query: Query<'_>,
) -> Answer<Count> {
    let filters = power_control_filters(&query, &[])?;
    let count = app.power_controls().count(&caller.0, filters).await?;
    Ok(Json(Count { count }))
}

/// Creates a power control.
#[utoipa::path(
    tag = "power controls",
    request_body = NewPowerControlBody,
    responses((status = 200, description = "The new power control", body = OnePowerControl)),
)]
#[post("/v1/power-controls", data = "<body>")]
pub(crate) async fn create_power_control(
    app: &State<App>,
    caller: Caller,
    body: JsonBody<NewPowerControlBody>,
) -> Answer<OnePowerControl> {
    let control = body.0.power_control.into_record()?;
    let created = app.power_controls().create(&caller.0, control).await?;
    Ok(Json(OnePowerControl {
        power_control: created.into(),
    }))
}

/// Shows a power control.
#[utoipa::path(
    tag = "power controls",
    params(("power_control_id" = i64, Path, description = "Key of the power control")),
    responses(
        (status = 200, description = "The power control", body = OnePowerControl),
        (status = 404, description = "The power control cannot be found"),
    ),
)]
#[get("/v1/power-controls/<power_control_id>")]
pub(crate) async fn get_power_control(
    app: &State<App>,
    caller: Caller,
    power_control_id: i64,
) -> Answer<OnePowerControl> {
    let found = app
        .power_controls()
        .get(&caller.0, power_control_id)
        .await?;
    Ok(Json(OnePowerControl {
        power_control: found.into(),
    }))
}

/// Changes a power control; what is not given stays.
#[utoipa::path(
    tag = "power controls",
    params(("power_control_id" = i64, Path, description = "Key of the power control")),
    request_body = PowerControlPatchBody,
    responses(
        (status = 200, description = "The changed power control", body = OnePowerControl),
        (status = 404, description = "The power control cannot be found"),
    ),
)]
#[put("/v1/power-controls/<power_control_id>", data = "<body>")]
pub(crate) async fn update_power_control(
    app: &State<App>,
    caller: Caller,
    power_control_id: i64,
    body: JsonBody<PowerControlPatchBody>,
) -> Answer<OnePowerControl> {
    let patch = body.0.power_control.into_patch()?;
    let changed = app
        .power_controls()
        .update(&caller.0, power_control_id, patch)
        .await?;
    Ok(Json(OnePowerControl {
        power_control: changed.into(),
    }))
}

/// Deletes a power control.
#[utoipa::path(
    tag = "power controls",
    params(("power_control_id" = i64, Path, description = "Key of the power control")),
    responses(
        (status = 204, description = "Deleted"),
        (status = 404, description = "The power control cannot be found"),
        (status = 409, description = "It still feeds a node"),
    ),
)]
#[delete("/v1/power-controls/<power_control_id>")]
pub(crate) async fn delete_power_control(
    app: &State<App>,
    caller: Caller,
    power_control_id: i64,
) -> Reply<Nothing> {
    app.power_controls()
        .delete(&caller.0, power_control_id)
        .await?;
    Ok(Nothing)
}

/// Lists the kinds of devices as pairs of control type and protocol type.
#[utoipa::path(
    tag = "power controls",
    responses((status = 200, description = "The pairs", body = TypeList)),
)]
#[get("/v1/power-controls/types")]
pub(crate) fn list_power_control_types(_caller: Caller) -> Json<TypeList> {
    Json(TypeList {
        types: DEVICE_TYPES
            .iter()
            .map(|known| [known.control_type, known.protocol_type])
            .collect(),
    })
}

/// Lists the protocols of power controls.
#[utoipa::path(
    tag = "power controls",
    responses((status = 200, description = "The protocols", body = ProtocolList)),
)]
#[get("/v1/power-controls/protocols")]
pub(crate) fn list_power_control_protocols(_caller: Caller) -> Json<ProtocolList> {
    let mut protocols = Vec::new();
    for known in DEVICE_TYPES {
        if !protocols.contains(&known.protocol_type) {
            protocols.push(known.protocol_type);
        }
    }
    Json(ProtocolList { protocols })
}
