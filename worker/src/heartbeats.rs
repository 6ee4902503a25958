//! Watches the signs of life that hosts write to their storages, in one process of those that have them.

use assay_app::{App, HEARTBEATS_LEASE, HeartbeatWatch};
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::leased;

/// Watches whenever this process holds the lease, until `stop` is cancelled.
pub(crate) async fn run(app: App, stop: CancellationToken) {
    if app.settings().heartbeats.watch {
        leased::run(&app, HEARTBEATS_LEASE, &stop, || watch(&app)).await;
    }
}

/// Never ends.
async fn watch(app: &App) {
    let mut looks = interval(app.settings().heartbeats.interval);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut watch = HeartbeatWatch::default();
    loop {
        let _ = looks.tick().await;
        if let Err(error) = watch.look(app).await {
            tracing::error!(%error, "signs of life were not looked at");
        }
    }
}
