//! The sweeper: ends introspections that are late or lost their owner, and deletes old tasks.

use assay_app::App;
use tokio_util::sync::CancellationToken;

/// Sweeps every `sweep_interval` until `stop` is cancelled; once at the start.
pub(crate) async fn run(app: App, stop: CancellationToken) {
    let mut ticks = tokio::time::interval(app.settings().sweep_interval);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = ticks.tick() => sweep(&app).await,
            () = stop.cancelled() => return,
        }
    }
}

async fn sweep(app: &App) {
    match app.introspections().sweep().await {
        Ok(0) => {}
        Ok(ended) => tracing::info!(ended, "swept introspections"),
        Err(error) => tracing::error!(%error, "introspections were not swept"),
    }
    if let Err(error) = app.tasks().prune().await {
        tracing::error!(%error, "old tasks were not deleted");
    }
}
