//! The benchmarks: the real server on this machine, with the load on the same processors.
#![forbid(unsafe_code)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a program for a developer's terminal; a failure must end it loudly"
)]

mod figures;
mod fleet;
mod load;
mod memory;
mod reading;
mod reporting;
mod sizes;

use figures::Figures;

const USAGE: &str = "usage: assay-bench [sizes] [guest] [start] [reports] [bulk] [status] [page]";

/// Runs the named benchmarks, or all of them.
#[tokio::main]
async fn main() {
    let named: Vec<String> = std::env::args().skip(1).collect();
    if named.iter().any(|name| name.starts_with('-')) {
        println!("{USAGE}");
        return;
    }
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
    figures.print();
}
