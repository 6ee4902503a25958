//! PXE admission: keeps the DHCP server beside this process told of whom to serve.

use assay_app::App;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

/// Looks again every `admission.interval` until `stop` is cancelled. Not a chore of the fleet: each
/// process has a DHCP server of its own beside it, or none.
pub(crate) async fn run(app: App, stop: CancellationToken) {
    if !app.admission().is_active() {
        return;
    }
    let mut ticks = interval(app.settings().admission.interval);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = stop.cancelled() => return,
        }
        // To its end, so that no file is left half-way by a stop.
        app.admission().reconcile().await;
    }
}
