//! The benchmarks: the real server on this machine, with the load on the same processors.
#![forbid(unsafe_code)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a program for a developer's terminal; a failure must end it loudly"
)]

mod cloud;
mod dry_run;
mod figures;
mod fleet;
mod introspections;
mod load;
mod nodes;
mod power;
mod power_on;
mod power_sync;
mod reading;
mod reporting;
mod rig;
mod sizes;
mod tasks;

use figures::Figures;

const USAGE: &str = "usage: assay-bench [sizes] [guest] [start] [reports] [bulk] [status] [page] \
    [tasks] [introspections] [dry-run] [power-status] \
    [power-on] [power-sync] [node-page] [node-writers] [cloud-plans]";

/// Runs the named benchmarks, or all of them.
#[tokio::main]
async fn main() {
    let named: Vec<String> = std::env::args().skip(1).collect();
    if named.iter().any(|name| name.starts_with('-')) {
        println!("{USAGE}");
        return;
    }
    // Who is asked first may need it; a second one changes nothing.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let wanted = |name: &str| named.is_empty() || named.iter().any(|one| one == name);
    let mut figures = Figures::default();
    if wanted("sizes") {
        sizes::measure(&mut figures);
    }
    if wanted("guest") {
        sizes::guest(&mut figures).await;
    }
    if wanted("start") {
        reading::start(&mut figures).await;
    }
    if wanted("reports") {
        reporting::reports(&mut figures).await;
    }
    if wanted("status") {
        reading::status(&mut figures).await;
    }
    if wanted("bulk") || wanted("page") {
        reporting::bulk(&mut figures).await;
    }
    if wanted("tasks") {
        tasks::tasks(&mut figures).await;
    }
    if wanted("introspections") {
        introspections::introspections(&mut figures).await;
    }
    if wanted("dry-run") {
        dry_run::dry_run(&mut figures).await;
    }
    if wanted("power-status") {
        power::power_status(&mut figures).await;
    }
    if wanted("power-on") {
        power_on::power_on(&mut figures).await;
    }
    if wanted("power-sync") {
        power_sync::power_sync(&mut figures).await;
    }
    if wanted("node-page") {
        nodes::page(&mut figures).await;
    }
    if wanted("node-writers") {
        nodes::writers(&mut figures).await;
    }
    if wanted("cloud-plans") {
        cloud::plans(&mut figures).await;
    }
    figures.print();
}
