//! `assay-worker`: works on tasks until a signal ends it.

use std::net::SocketAddr;

use tokio_util::sync::CancellationToken;

use super::say;
use crate::args::Common;
use crate::assembly::build_app;
use crate::config::Config;
use crate::error::Error;
use crate::logging;
use crate::notify;
use crate::server::{present, record_metrics};
use crate::signals::{Asked, Signals};

/// Works until SIGTERM or SIGINT; what it holds then is finished or handed back.
pub(crate) async fn run(common: &Common, listen: Option<SocketAddr>) -> Result<(), Error> {
    let config = Config::load(common)?;
    logging::start(&config.log)?;
    let app = build_app(&config).await?;
    let metrics = record_metrics()?;
    let stop = CancellationToken::new();
    let mut url = None;
    let mut background = Vec::new();
    if let Some(address) = listen.or(config.worker_listen) {
        let health = assay_worker::Health::bind(address)
            .await
            .map_err(Error::io(address.to_string()))?;
        let bound = format!("http://{}", health.address());
        say(&format!("listening on {bound}"));
        url = Some(bound);
        background.push(tokio::spawn(health.serve(
            app.clone(),
            metrics,
            stop.clone(),
        )));
    }
    background.push(present(&app, "worker", url, &stop));
    background.push(tokio::spawn(assay_worker::run(app.clone(), stop.clone())));
    say(&format!("working as {}", app.process_id()));
    notify::ready();
    let mut signals = Signals::listen()?;
    while signals.next().await != Asked::End {}
    tracing::info!("stopping");
    notify::stopping();
    stop.cancel();
    for running in background {
        let _ = running.await;
    }
    app.close().await;
    Ok(())
}
