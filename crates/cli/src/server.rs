//! The all-in-one server: store, use cases, API and worker in one process.

use std::net::SocketAddr;
use std::sync::Arc;

use assay_api::{Running, ServerConfig, TlsFiles};
use assay_app::{App, Clock};
use assay_drivers::{Drivers, Gate};
use assay_hooks::Pipeline;
use assay_queue::EmbeddedQueue;
use assay_store::Store;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::config::Config;
use crate::error::Error;

/// Opens the store with an up-to-date schema.
pub(crate) async fn open_store(config: &Config) -> Result<Store, Error> {
    std::fs::create_dir_all(&config.data_dir)
        .map_err(Error::io(config.data_dir.display().to_string()))?;
    let store = Store::open(&config.store()).await?;
    let applied = store.migrate().await?;
    if !applied.is_empty() {
        tracing::info!(?applied, "database migrated");
    }
    Ok(store)
}

/// Puts the use cases together.
pub(crate) async fn build_app(config: &Config) -> Result<App, Error> {
    let store = open_store(config).await?;
    let pipeline = Pipeline::new(config.settings.hooks.clone())
        .map_err(|error| Error::Config(format!("hooks: {error}")))?;
    let gate = Gate::new(Drivers::standard(), Arc::new(store.clone()));
    let queue = Arc::new(EmbeddedQueue::new(store.clone()));
    Ok(App::new(
        store,
        queue,
        gate,
        pipeline,
        config.settings.clone(),
        Clock,
    ))
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
    worker: JoinHandle<()>,
    stop: CancellationToken,
}

impl Server {
    /// Starts API and worker.
    ///
    /// # Errors
    /// Whatever keeps the database, the listener or the configuration from being used.
    pub(crate) async fn start(config: Config) -> Result<Self, Error> {
        config.check()?;
        let app = build_app(&config).await?;
        let metrics = PrometheusBuilder::new()
            .install_recorder()
            .map_err(|error| Error::Server(error.to_string()))?;
        let listener = launch(&config, config.listen, app.clone(), metrics.clone()).await?;
        let stop = CancellationToken::new();
        let worker = tokio::spawn(assay_worker::run(app.clone(), stop.clone()));
        Ok(Self {
            address: listener.address(),
            scheme: if config.tls.is_some() {
                "https"
            } else {
                "http"
            },
            app,
            listener: Some(listener),
            metrics,
            config,
            worker,
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
        let _ = self.worker.await;
        self.app.close().await;
    }
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
