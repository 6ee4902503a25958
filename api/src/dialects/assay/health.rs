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

use super::iso;

/// Where /metrics takes its text from.
pub(crate) struct Metrics(pub(crate) Option<PrometheusHandle>);

/// All is well.
#[derive(Serialize, ToSchema)]
pub(super) struct Health {
    /// ok.
    #[schema(value_type = String, example = "ok")]
    status: &'static str,
}

/// Whether requests can be served, and what does not hold them up but is not well.
#[derive(Serialize, ToSchema)]
pub(super) struct Readiness {
    /// ok, or degraded while the broker is away: requests are stored, and done when it is back.
    #[schema(value_type = String, example = "ok")]
    status: &'static str,
    /// The queue's engine: embedded or rabbitmq.
    #[schema(value_type = String, example = "rabbitmq")]
    queue: &'static str,
    /// Whether tasks reach workers now.
    queue_connected: bool,
    /// Since when, UTC.
    queue_since: String,
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

/// Answers whether requests can be served: whether the database answers. A broker that is away does
/// not keep requests from being served; the answer says so. Needs no token.
#[utoipa::path(
    tag = "health",
    security(()),
    responses(
        (status = 200, description = "Ready", body = Readiness),
        (status = 503, description = "Not ready"),
    ),
)]
#[get("/readyz")]
pub(crate) async fn check_readiness(app: &State<App>) -> Answer<Readiness> {
    match app.health().await {
        Ok(()) => Ok(Json(readiness(app))),
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

fn readiness(app: &App) -> Readiness {
    let queue = app.queue_link();
    let well = queue.connected && queue.problem.is_none();
    Readiness {
        status: if well { "ok" } else { "degraded" },
        queue: queue.engine,
        queue_connected: well,
        queue_since: iso(queue.since),
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
