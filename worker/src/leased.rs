//! Work that one process of the fleet does at a time: whoever holds its lease. When that one dies, another
//! takes over.

use assay_app::App;
use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

/// Does the work, which never ends by itself, whenever this process holds the lease, until `stop` is cancelled.
pub(crate) async fn run<Working>(
    app: &App,
    lease: &'static str,
    stop: &CancellationToken,
    work: impl Fn() -> Working,
) where
    Working: Future<Output = ()>,
{
    let mut ticks = interval(app.fleet().lease_time() / 3);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut holds = false;
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            () = stop.cancelled() => break,
        }
        holds = hold(app, lease).await;
        if holds {
            tracing::info!(lease, "this process has the lease");
            tokio::select! {
                () = lose(app, lease) => holds = false,
                () = work() => {}
                () = stop.cancelled() => break,
            }
        }
    }
    if holds && let Err(error) = app.fleet().give_up(lease).await {
        tracing::warn!(lease, %error, "the lease was not given up; it runs out");
    }
}

async fn hold(app: &App, lease: &str) -> bool {
    match app.fleet().hold(lease).await {
        Ok(holds) => holds,
        Err(error) => {
            tracing::warn!(lease, %error, "the lease could not be asked for");
            false
        }
    }
}

/// Keeps the lease; ends when it is lost, be it that the database has not answered for as long as the lease
/// counts.
async fn lose(app: &App, lease: &str) {
    let time = app.fleet().lease_time();
    let mut renewed = Instant::now();
    loop {
        tokio::time::sleep(time / 3).await;
        let asked = Instant::now();
        match tokio::time::timeout(time / 3, app.fleet().hold(lease)).await {
            Ok(Ok(true)) => renewed = asked,
            Ok(Err(_)) | Err(_) if renewed.elapsed() < time => {}
            _ => break,
        }
    }
    tracing::warn!(lease, "the lease was lost; another process goes on");
}
