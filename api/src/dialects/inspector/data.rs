//! Introspection data: as processed, as the machine sent it, and processing it again.

use assay_app::App;
use assay_domain::ReportKind;
use rocket::http::Status as HttpStatus;
use rocket::serde::json::Json;
use rocket::{Data, State, get, post};

use crate::guards::{Caller, Intake};
use crate::reply::{Reply, StoredJson, with_status};

use super::wire::Accepted;

/// Shows the processed data of the node's last successful introspection.
#[utoipa::path(
    tag = "introspection",
    params(("node_id" = String, Path, description = "UUID or name of the node")),
    responses(
        (status = 200, description = "The data; its form depends on ramdisk and hooks", body = Object),
        (status = 404, description = "The node or its data cannot be found"),
    ),
)]
#[get("/v1/introspection/<node_id>/data")]
pub(crate) async fn get_introspection_data(
    app: &State<App>,
    caller: Caller,
    node_id: &str,
) -> Reply<StoredJson> {
    let data = app
        .introspections()
        .data(&caller.0, node_id, ReportKind::Processed)
        .await?;
    Ok(StoredJson(data))
}

/// Shows the data as the machine sent it (from 1.17).
#[utoipa::path(
    tag = "introspection",
    params(("node_id" = String, Path, description = "UUID or name of the node")),
    responses(
        (status = 200, description = "The report as it arrived", body = Object),
        (status = 404, description = "The node or its data cannot be found"),
    ),
)]
#[get("/v1/introspection/<node_id>/data/unprocessed")]
pub(crate) async fn get_unprocessed_data(
    app: &State<App>,
    caller: Caller,
    node_id: &str,
) -> Reply<StoredJson> {
    let data = app
        .introspections()
        .data(&caller.0, node_id, ReportKind::Raw)
        .await?;
    Ok(StoredJson(data))
}

/// Processes the stored data again, or (from 1.15) the data in the request.
#[utoipa::path(
    tag = "introspection",
    params(("node_id" = String, Path, description = "UUID or name of the node")),
    request_body(content = Option<Object>, content_type = "application/json", description = "Introspection data to process instead of the stored"),
    responses(
        (status = 202, description = "Accepted", body = Accepted),
        (status = 404, description = "The node or its data cannot be found"),
        (status = 409, description = "The node is locked for processing"),
        (status = 413, description = "The data is too large"),
    ),
)]
#[post("/v1/introspection/<node_id>/data/unprocessed", data = "<body>")]
pub(crate) async fn reapply_introspection(
    app: &State<App>,
    caller: Caller,
    intake: Intake<'_>,
    node_id: &str,
    body: Data<'_>,
) -> Reply<(HttpStatus, Json<Accepted>)> {
    let received = intake.read(body).await?;
    let data = if received.bytes.trim_ascii().is_empty() {
        None
    } else {
        Some(received.bytes.clone())
    };
    app.introspections()
        .reapply(&caller.0, node_id, data)
        .await?;
    Ok(with_status(HttpStatus::Accepted, Accepted {}))
}
