//! Whether the process lives, whether it can serve, and what it has counted.

use assay_app::App;
use assay_domain::Error;
use metrics_exporter_prometheus::PrometheusHandle;
use rocket::http::ContentType;
use rocket::serde::json::Json;
use rocket::{State, get};
use serde::Serialize;
use utoipa::ToSchema;

use crate::reply::{Answer, Reply};

/// Where /metrics takes its text from.
pub(crate) struct Metrics(pub(crate) Option<PrometheusHandle>);

/// All is well.
#[derive(Serialize, ToSchema)]
pub(super) struct Health {
    /// ok.
    #[schema(value_type = String, example = "ok")]
    status: &'static str,
}

const WELL: Health = Health { status: "ok" };

/// Answers as long as the process lives. Needs no token.
#[utoipa::path(
    tag = "health",
    security(()),
    responses((status = 200, description = "It lives", body = Health)),
)]
#[get("/healthz")]
pub(crate) fn check_liveness() -> Json<Health> {
    Json(WELL)
}

/// Answers whether requests can be served: whether the database answers. Needs no token.
#[utoipa::path(
    tag = "health",
    security(()),
    responses(
        (status = 200, description = "Ready", body = Health),
        (status = 503, description = "Not ready"),
    ),
)]
#[get("/readyz")]
pub(crate) async fn check_readiness(app: &State<App>) -> Answer<Health> {
    match app.health().await {
        Ok(()) => Ok(Json(WELL)),
        Err(error) => {
            tracing::warn!(target: "assay_api", %error, "not ready");
            Err(Error::Unavailable {
                message: "the database does not answer".to_owned(),
                retry_after: 1,
            }
            .into())
        }
    }
}

/// Shows all counters in Prometheus' text format. Needs no token.
#[utoipa::path(
    tag = "health",
    security(()),
    responses(
        (status = 200, description = "The counters", body = String, content_type = "text/plain"),
        (status = 503, description = "Nothing is counted in this process"),
    ),
)]
#[get("/metrics")]
pub(crate) async fn show_metrics(
    app: &State<App>,
    metrics: &State<Metrics>,
) -> Reply<(ContentType, String)> {
    let handle = metrics.0.as_ref().ok_or_else(|| Error::Unavailable {
        message: "nothing is counted in this process".to_owned(),
        retry_after: 60,
    })?;
    app.alarms().publish().await;
    let text = ContentType::new("text", "plain").with_params([("version", "0.0.4")]);
    Ok((text, handle.render()))
}
