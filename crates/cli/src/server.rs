//! A running server: API, worker or both over one store.

use std::net::SocketAddr;

use assay_api::{Running, ServerConfig, TlsFiles};
use assay_app::{App, Presence};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::assembly::build_app;
use crate::config::Config;
use crate::error::Error;

/// What a server does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Roles {
    /// Whether it works on tasks beside serving the API.
    works: bool,
}

impl Roles {
    /// API and worker.
    pub(crate) const ALL: Self = Self { works: true };
    /// The API alone.
    pub(crate) const API: Self = Self { works: false };

    fn as_str(self) -> &'static str {
        if self.works { "server" } else { "api" }
    }
}

/// A running server.
pub(crate) struct Server {
    /// Where it listens.
    pub(crate) address: SocketAddr,
    /// `http` or `https`.
    pub(crate) scheme: &'static str,
    /// Its use cases.
    pub(crate) app: App,
    listener: Option<Running>,
    metrics: PrometheusHandle,
    config: Config,
    background: Vec<JoinHandle<()>>,
    stop: CancellationToken,
}

impl Server {
    /// Starts to listen, and to work when that is one of its roles.
    ///
    /// # Errors
    /// Whatever keeps the database, the listener or the configuration from being used.
    pub(crate) async fn start(config: Config, roles: Roles) -> Result<Self, Error> {
        config.check()?;
        let app = build_app(&config).await?;
        let metrics = record_metrics()?;
        let listener = launch(&config, config.listen, app.clone(), metrics.clone()).await?;
        let stop = CancellationToken::new();
        let scheme = if config.tls.is_some() {
            "https"
        } else {
            "http"
        };
        let url = format!("{scheme}://{}", listener.address());
        let presence = present(&app, roles.as_str(), Some(url), &stop);
        let worker = roles
            .works
            .then(|| tokio::spawn(assay_worker::run(app.clone(), stop.clone())));
        Ok(Self {
            address: listener.address(),
            scheme,
            app,
            listener: Some(listener),
            metrics,
            config,
            background: worker.into_iter().chain([presence]).collect(),
            stop,
        })
    }

    /// The URL that callers use.
    pub(crate) fn url(&self) -> String {
        format!("{}://{}", self.scheme, self.address)
    }

    /// Reads certificate and key again: a new listener takes the place of the old one. A pair that
    /// cannot be read leaves the old listener in place.
    pub(crate) async fn reload(&mut self) -> Result<(), Error> {
        if let Some(tls) = &self.config.tls {
            crate::commands::serve::check_tls(tls)?;
        }
        let server = listener_of(&self.config, self.address, self.metrics.clone());
        if let Some(listener) = self.listener.take() {
            let replaced = listener.replace(self.app.clone(), server).await;
            self.listener = Some(replaced.map_err(Error::Server)?);
        }
        Ok(())
    }

    /// Waits until the listener ends by itself, which it does only when it fails.
    pub(crate) async fn failed(&mut self) -> Error {
        match &mut self.listener {
            Some(listener) => Error::Server(listener.failed().await),
            None => Error::Server("there is no listener".to_owned()),
        }
    }

    /// Takes no more requests, and lets the worker finish or hand back what it holds.
    pub(crate) async fn stop(self) {
        self.stop.cancel();
        if let Some(listener) = self.listener {
            listener.stop().await;
        }
        for running in self.background {
            let _ = running.await;
        }
        self.app.close().await;
    }
}

/// Shows this process to the fleet until `stop` is cancelled.
pub(crate) fn present(
    app: &App,
    role: &'static str,
    url: Option<String>,
    stop: &CancellationToken,
) -> JoinHandle<()> {
    let (app, stop) = (app.clone(), stop.clone());
    tokio::spawn(async move {
        let presence = Presence {
            role,
            version: env!("CARGO_PKG_VERSION"),
            url,
        };
        app.fleet().stay_present(presence, stop).await;
    })
}

/// Counts from now on what this process does.
pub(crate) fn record_metrics() -> Result<PrometheusHandle, Error> {
    PrometheusBuilder::new()
        .install_recorder()
        .map_err(|error| Error::Server(error.to_string()))
}

async fn launch(
    config: &Config,
    listen: SocketAddr,
    app: App,
    metrics: PrometheusHandle,
) -> Result<Running, Error> {
    let server = listener_of(config, listen, metrics);
    assay_api::launch(app, server).await.map_err(Error::Server)
}

fn listener_of(config: &Config, listen: SocketAddr, metrics: PrometheusHandle) -> ServerConfig {
    ServerConfig {
        address: listen.ip(),
        port: listen.port(),
        tls: config.tls.as_ref().map(|tls| TlsFiles {
            certificate: tls.certificate.clone(),
            key: tls.key.clone(),
        }),
        metrics: Some(metrics),
    }
}
