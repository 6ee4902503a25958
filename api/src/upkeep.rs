//! Keeps what is counted from growing: samples are folded into their distributions now and then,
//! whether anybody reads /metrics or not.

use std::time::Duration;

use metrics_exporter_prometheus::PrometheusHandle;
use rocket::fairing::AdHoc;
use rocket::tokio;

const INTERVAL: Duration = Duration::from_secs(5);

/// A fairing that does it for as long as the server runs.
pub(crate) fn upkeep(metrics: PrometheusHandle) -> AdHoc {
    AdHoc::on_liftoff("metrics upkeep", move |rocket| {
        let mut stopped = rocket.shutdown();
        tokio::spawn(async move {
            loop {
                tokio::select! {
                    () = &mut stopped => return,
                    () = tokio::time::sleep(INTERVAL) => metrics.run_upkeep(),
                }
            }
        });
        Box::pin(async {})
    })
}
