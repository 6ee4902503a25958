//! Introspections: start, status, abort.

use assay_app::{App, StartOptions};
use assay_domain::Error;
use rocket::http::Status as HttpStatus;
use rocket::serde::json::Json;
use rocket::{State, get, post};

use crate::guards::{Caller, RawBody};
use crate::link::Base;
use crate::query::{Query, protection};
use crate::reply::{Answer, Reply, with_status};

use super::version::Version;
use super::wire::{Accepted, Status};

/// Query parameters of old clients, gone since 1.12 at every version.
const GONE: [&str; 2] = ["new_ipmi_username", "new_ipmi_password"];

/// Starts the introspection of a node: sets its boot device and power, and awaits its report.
/// Poll the status until it is finished.
#[utoipa::path(
    tag = "introspection",
    params(
        ("node_id" = String, Path, description = "UUID or name of the node"),
        ("manage_boot" = Option<bool>, Query, description = "Whether boot device and power are set (from 1.13); true when absent"),
        ("force" = Option<bool>, Query, description = "Whether a protected node is introspected all the same; for administrators (an addition of Assay)"),
    ),
    request_body(content = Option<Object>, content_type = "application/json", description = "Not needed; a JSON object is accepted"),
    responses(
        (status = 202, description = "Accepted", body = Accepted),
        (status = 404, description = "The node cannot be found"),
        (status = 409, description = "An introspection of the node is running, or the node is protected"),
    ),
)]
#[post("/v1/introspection/<node_id>", data = "<body>")]
pub(crate) async fn start_introspection(
    app: &State<App>,
    caller: Caller,
    query: Query<'_>,
    node_id: &str,
    body: RawBody,
) -> Reply<(HttpStatus, Json<Accepted>)> {
    body.object(app.settings().json_depth)?;
    if let Some(gone) = GONE.iter().find(|name| query.get(name).is_some()) {
        return Err(Error::invalid(format!(
            "{gone} is gone: setting IPMI credentials is not supported"
        ))
        .into());
    }
    let options = StartOptions {
        manage_boot: query.flag("manage_boot")?,
        protection: protection(&query)?,
    };
    app.introspections()
        .start(&caller.0, node_id, options)
        .await?;
    Ok(with_status(HttpStatus::Accepted, Accepted {}))
}

/// Shows how the newest introspection of a node stands.
#[utoipa::path(
    tag = "introspection",
    params(("node_id" = String, Path, description = "UUID or name of the node")),
    responses(
        (status = 200, description = "The status", body = Status),
        (status = 404, description = "The node cannot be found, or was never introspected"),
    ),
)]
#[get("/v1/introspection/<node_id>")]
pub(crate) async fn get_introspection_status(
    app: &State<App>,
    caller: Caller,
    version: Version,
    base: Base,
    node_id: &str,
) -> Answer<Status> {
    let introspection = app.introspections().status(&caller.0, node_id).await?;
    Ok(Json(Status::new(introspection, version, &base)))
}

/// Aborts the running introspection of a node.
#[utoipa::path(
    tag = "introspection",
    params(("node_id" = String, Path, description = "UUID or name of the node")),
    responses(
        (status = 202, description = "Accepted", body = Accepted),
        (status = 404, description = "The node cannot be found"),
        (status = 409, description = "The node is locked for processing, or not under introspection"),
    ),
)]
#[post("/v1/introspection/<node_id>/abort")]
pub(crate) async fn abort_introspection(
    app: &State<App>,
    caller: Caller,
    node_id: &str,
) -> Reply<(HttpStatus, Json<Accepted>)> {
    app.introspections().abort(&caller.0, node_id).await?;
    Ok(with_status(HttpStatus::Accepted, Accepted {}))
}
