//! Health and counters of a worker that serves no API, over a listener of its own.

use std::convert::Infallible;
use std::net::SocketAddr;

use assay_app::App;
use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use metrics_exporter_prometheus::PrometheusHandle;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How long a caller may take to send its request.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often samples are folded into their distributions, whether anybody reads them or not.
const UPKEEP: Duration = Duration::from_secs(5);
/// The version of Prometheus' text format.
const METRICS_TEXT: HeaderValue = HeaderValue::from_static("text/plain; version=0.0.4");
const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// A listener for `/healthz`, `/readyz` and `/metrics`.
pub struct Health {
    listener: TcpListener,
    address: SocketAddr,
}

impl Health {
    /// Takes the address; port 0 takes a free one.
    ///
    /// # Errors
    /// What the system says: the address is in use, or none of this host.
    pub async fn bind(address: SocketAddr) -> std::io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        Ok(Self { listener, address })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Answers until `stop` is cancelled.
    pub async fn serve(self, app: App, metrics: PrometheusHandle, stop: CancellationToken) {
        let connections = TaskTracker::new();
        let mut upkeep = tokio::time::interval(UPKEEP);
        loop {
            tokio::select! {
                accepted = self.listener.accept() => match accepted {
                    Ok((stream, _)) => {
                        let talk = talk(stream, app.clone(), metrics.clone(), stop.clone());
                        connections.spawn(talk);
                    }
                    Err(error) => {
                        tracing::warn!(%error, "a caller of the health listener was lost");
                        tokio::time::sleep(Duration::from_millis(100)).await;
                    }
                },
                _ = upkeep.tick() => metrics.run_upkeep(),
                () = stop.cancelled() => break,
            }
        }
        connections.close();
        connections.wait().await;
    }
}

async fn talk(stream: TcpStream, app: App, metrics: PrometheusHandle, stop: CancellationToken) {
    let service = service_fn(move |request: Request<Incoming>| {
        let (app, metrics) = (app.clone(), metrics.clone());
        async move { Ok::<_, Infallible>(answer(&request, &app, &metrics).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(PATIENCE)
        .serve_connection(TokioIo::new(stream), service);
    tokio::select! {
        ended = connection => if let Err(error) = ended {
            tracing::debug!(%error, "a connection to the health listener broke");
        },
        () = stop.cancelled() => {}
    }
}

async fn answer(
    request: &Request<Incoming>,
    app: &App,
    metrics: &PrometheusHandle,
) -> Response<Full<Bytes>> {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return reply(StatusCode::METHOD_NOT_ALLOWED, JSON, "{}".to_owned());
    }
    match request.uri().path() {
        "/healthz" => status(StatusCode::OK, "ok"),
        "/readyz" => match app.health().await {
            Ok(()) => status(StatusCode::OK, "ok"),
            Err(error) => {
                tracing::warn!(%error, "not ready");
                status(StatusCode::SERVICE_UNAVAILABLE, &error.to_string())
            }
        },
        "/metrics" => reply(StatusCode::OK, METRICS_TEXT, metrics.render()),
        _ => status(StatusCode::NOT_FOUND, "not found"),
    }
}

fn status(code: StatusCode, text: &str) -> Response<Full<Bytes>> {
    let body = serde_json::json!({ "status": text });
    reply(code, JSON, body.to_string())
}

fn reply(code: StatusCode, kind: HeaderValue, body: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = code;
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}
