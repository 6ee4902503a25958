//! What is noted on instances of the cloud, by keys.

use std::collections::BTreeMap;

use assay_app::App;
use rocket::serde::json::Json;
use rocket::{State, delete, get, put};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::guards::{Caller, JsonBody};
use crate::reply::{Answer, Nothing, Reply};

/// Texts by keys.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = BTreeMap<String, String>)]
pub(super) struct Texts(BTreeMap<String, String>);

/// The metadata of an instance.
#[derive(Serialize, ToSchema)]
pub(super) struct SystemMetadata {
    /// Texts by keys, e.g. `cpu_benchmark`, `image_disk_format`.
    metadata: Texts,
}

/// Shows the metadata of an instance: that of its server in the cloud (Nova's
/// `/servers/{id}/metadata`), where all tools of the cloud see it. Nova's own `system_metadata`, a copy of
/// the image's properties, has no API of its own; what is set here under its keys (`image_*`) is kept
/// beside it and changes nothing of it.
#[utoipa::path(
    tag = "servers",
    params(("instance_uuid" = String, Path, description = "UUID of the instance")),
    responses(
        (status = 200, description = "All of it", body = SystemMetadata),
        (status = 404, description = "The cloud has no such instance"),
        (status = 503, description = "No cloud is configured, or it does not answer"),
    ),
)]
#[get("/v1/system_metadata/<instance_uuid>")]
pub(crate) async fn get_system_metadata(
    app: &State<App>,
    caller: Caller,
    instance_uuid: &str,
) -> Answer<SystemMetadata> {
    let known = app.servers().metadata(&caller.0, instance_uuid).await?;
    Ok(Json(SystemMetadata {
        metadata: Texts(known),
    }))
}

/// Adds to the metadata of an instance. It merges: keys that are named get these values, all others stay
/// as they are. Values are strings.
#[utoipa::path(
    tag = "servers",
    params(("instance_uuid" = String, Path, description = "UUID of the instance")),
    request_body(content = Texts, example = json!({"image_min_ram": "1", "image_min_disk": "10"})),
    responses(
        (status = 204, description = "Done"),
        (status = 400, description = "A value is no string, or a key or value is not as the cloud wants it: keys have 1 to 255 of the characters a-z, A-Z, 0-9, `-`, `_`, `:`, `.` and blank, values up to 255"),
        (status = 404, description = "The cloud has no such instance"),
        (status = 409, description = "The cloud refused, e.g. for a quota"),
        (status = 503, description = "No cloud is configured, or it does not answer"),
    ),
)]
#[put("/v1/system_metadata/<instance_uuid>", data = "<body>")]
pub(crate) async fn update_system_metadata(
    app: &State<App>,
    caller: Caller,
    instance_uuid: &str,
    body: JsonBody<Texts>,
) -> Reply<Nothing> {
    let Texts(notes) = body.0;
    let servers = app.servers();
    servers
        .add_metadata(&caller.0, instance_uuid, &notes)
        .await?;
    Ok(Nothing)
}

/// Removes one key from the metadata of an instance.
#[utoipa::path(
    tag = "servers",
    params(
        ("instance_uuid" = String, Path, description = "UUID of the instance"),
        ("removed" = String, Path, description = "The key"),
    ),
    responses(
        (status = 204, description = "Removed"),
        (status = 404, description = "The cloud has no such instance, or the instance no such key"),
        (status = 503, description = "No cloud is configured, or it does not answer"),
    ),
)]
#[delete("/v1/system_metadata/<instance_uuid>/removed/<removed>")]
pub(crate) async fn delete_system_metadata(
    app: &State<App>,
    caller: Caller,
    instance_uuid: &str,
    removed: &str,
) -> Reply<Nothing> {
    let servers = app.servers();
    servers
        .remove_metadata(&caller.0, instance_uuid, removed)
        .await?;
    Ok(Nothing)
}
