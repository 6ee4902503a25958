//! Audits of how the load of an aggregate's hosts could be levelled.

use assay_app::App;
use assay_domain::cloud::AuditRecord;
use assay_domain::{Error, Result};
use rocket::serde::json::Json;
use rocket::{State, post};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::guards::{Caller, JsonBody, RawBody};
use crate::reply::{Answer, Nothing, Reply};

/// Whether the moves are made as well.
#[derive(Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub(super) struct AuditOptions {
    /// Whether what is found is applied by itself.
    auto_apply: bool,
}

/// Which audit is meant.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AuditRef {
    /// Its number, or that as text.
    #[schema(value_type = i64, example = 99)]
    audit_id: Value,
}

impl AuditRef {
    fn id(&self) -> Result<i64> {
        let id = match &self.audit_id {
            Value::Number(number) => number.as_i64(),
            Value::String(text) => text.parse().ok(),
            _ => None,
        };
        id.ok_or_else(|| Error::invalid(format!("audit_id: {} is no number", self.audit_id)))
    }
}

/// How far an audit is.
#[derive(Serialize, ToSchema)]
#[schema(as = Audit)]
pub(super) struct AuditWire {
    /// Its number.
    #[schema(example = 99)]
    id: i64,
    /// PENDING, DONE, APPLYING, APPLIED or FAILED.
    #[schema(value_type = String, example = "DONE")]
    status: &'static str,
}

/// An audit.
#[derive(Serialize, ToSchema)]
pub(super) struct AuditAnswer {
    /// How far it is.
    audit: AuditWire,
}

impl From<AuditRecord> for AuditAnswer {
    fn from(audit: AuditRecord) -> Self {
        Self {
            audit: AuditWire {
                id: audit.id,
                status: audit.status.as_str(),
            },
        }
    }
}

/// Begins to find out which live migrations would level the load of an aggregate's hosts: processors and
/// memory given away, as shares of what allocation ratios allow. At most `cloud.audit_moves` are
/// proposed, none against server groups. `GET /assay/v1/audits/{id}` shows them with their reasons.
#[utoipa::path(
    tag = "cloud",
    params(("aggregate_id" = i64, Path, description = "Number of the host aggregate in the cloud")),
    request_body = Option<AuditOptions>,
    responses(
        (status = 200, description = "The audit that was begun", body = AuditAnswer),
        (status = 404, description = "The cloud has no such aggregate"),
        (status = 503, description = "No cloud is configured, or it does not answer"),
    ),
)]
#[post("/v1/aggregates/<aggregate_id>/actions/execute-audit", data = "<body>")]
pub(crate) async fn execute_audit(
    app: &State<App>,
    caller: Caller,
    aggregate_id: i64,
    body: RawBody,
) -> Answer<AuditAnswer> {
    let options: AuditOptions = if body.0.trim_ascii().is_empty() {
        AuditOptions::default()
    } else {
        serde_json::from_slice(&body.0)
            .map_err(|error| Error::invalid(format!("the body is not what is expected: {error}")))?
    };
    let audit = app
        .audits()
        .begin(&caller.0, aggregate_id, options.auto_apply)
        .await?;
    Ok(Json(audit.into()))
}

/// Begins to make the moves that an audit has found, one after the other, each only if it is still
/// possible and helps by then.
#[utoipa::path(
    tag = "cloud",
    params(("aggregate_id" = i64, Path, description = "Number of the host aggregate in the cloud")),
    request_body = AuditRef,
    responses(
        (status = 204, description = "It was begun"),
        (status = 404, description = "The aggregate has no such audit"),
        (status = 409, description = "It is not done, or was applied"),
        (status = 503, description = "No cloud is configured, or it does not answer"),
    ),
)]
#[post("/v1/aggregates/<aggregate_id>/actions/apply-audit", data = "<body>")]
pub(crate) async fn apply_audit(
    app: &State<App>,
    caller: Caller,
    aggregate_id: i64,
    body: JsonBody<AuditRef>,
) -> Reply<Nothing> {
    let id = body.0.id()?;
    app.audits().apply(&caller.0, aggregate_id, id).await?;
    Ok(Nothing)
}

/// Shows how far an audit is.
#[utoipa::path(
    tag = "cloud",
    params(("aggregate_id" = i64, Path, description = "Number of the host aggregate in the cloud")),
    request_body = AuditRef,
    responses(
        (status = 200, description = "How far it is", body = AuditAnswer),
        (status = 404, description = "The aggregate has no such audit"),
    ),
)]
#[post(
    "/v1/aggregates/<aggregate_id>/actions/get-audit-status",
    data = "<body>"
)]
pub(crate) async fn audit_status(
    app: &State<App>,
    caller: Caller,
    aggregate_id: i64,
    body: JsonBody<AuditRef>,
) -> Answer<AuditAnswer> {
    let id = body.0.id()?;
    let audit = app.audits().get(&caller.0, aggregate_id, id).await?;
    Ok(Json(audit.into()))
}
