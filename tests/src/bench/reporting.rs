//! Reports: from /v1/continue to finished.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use assay_tests::program::resident_mib;
use assay_tests::{Client, Server, Setup};
use tokio::task::JoinSet;

use crate::figures::Figures;
use crate::fleet::{self, Waiting};
use crate::load::{self, Connection};
use crate::reading;

/// 2,000 reports of 22 KiB from 8 clients.
pub(crate) async fn reports(figures: &mut Figures) {
    let server = server().await;
    let waiting = fleet::waiting(server.client(), 0, 2000).await;
    let seconds = deliver(&server, waiting, 22 << 10, 8).await;
    figures.note(
        "reports of 22 KiB, end to end, a second",
        2000.0 / seconds,
        "at least 250",
    );
}

/// 10,000 nodes: their reports of 64 KiB, the memory that they take, and a page of them.
pub(crate) async fn bulk(figures: &mut Figures) {
    let server = server().await;
    figures.note(
        "resident memory, idle, MiB",
        resident_mib(server.pid()).unwrap(),
        "under 50",
    );
    let began = Instant::now();
    let waiting = fleet::waiting(server.client(), 0, 10_000).await;
    figures.note(
        "10,000 nodes enrolled and started, s",
        began.elapsed().as_secs_f64(),
        "-",
    );
    let seconds = deliver(&server, waiting, 64 << 10, 16).await;
    figures.note("10,000 reports of 64 KiB, s", seconds, "at most 60");
    tokio::time::sleep(Duration::from_secs(5)).await;
    figures.note(
        "resident memory, 10,000 nodes, MiB",
        resident_mib(server.pid()).unwrap(),
        "under 250",
    );
    reading::page(figures, server.client()).await;
}

async fn server() -> Server {
    Setup::new()
        .config("[rate_limits]\nreports_per_second = 1000000\nboot_per_second = 1000000\n")
        .start()
        .await
}

/// Sends all reports, waits until all are processed, and gives the seconds that it took.
async fn deliver(server: &Server, waiting: Vec<Waiting>, bytes: usize, clients: usize) -> f64 {
    let address = server.base().trim_start_matches("http://").to_owned();
    let count = waiting.len();
    let waiting = Arc::new(waiting);
    let next = Arc::new(AtomicUsize::new(0));
    let began = Instant::now();
    let mut tasks = JoinSet::new();
    for _ in 0..clients {
        let (waiting, next, address) = (Arc::clone(&waiting), Arc::clone(&next), address.clone());
        tasks.spawn(async move {
            let mut connection = Connection::open(&address).await.unwrap();
            while let Some(one) = waiting.get(next.fetch_add(1, Ordering::Relaxed)) {
                let path = one.boot.callback.split_once(&address).unwrap().1;
                let body = fleet::report(&one.machine, bytes);
                let request = load::post(&address, path, &body);
                let code = connection.exchange(&request).await.unwrap();
                assert_eq!(code, 200, "the report of {} was refused", one.uuid);
            }
        });
    }
    tasks.join_all().await;
    println!("accepted after {:.1} s", began.elapsed().as_secs_f64());
    wait_for(server.client(), count).await;
    began.elapsed().as_secs_f64()
}

async fn wait_for(client: &Client, count: usize) {
    let limit = Instant::now() + Duration::from_mins(5);
    loop {
        let done = fleet::finished(client).await;
        if done == count {
            return;
        }
        assert!(Instant::now() < limit, "only {done} of {count} ended well");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
