//! Tasks that do nothing: from the request over PostgreSQL and RabbitMQ to one worker and SUCCESS.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use crate::figures::Figures;
use crate::load::{self, Connection};
use crate::rig::Rig;

/// Tasks of one run.
const TASKS: usize = 10_000;
/// Connections that ask for them.
const CONNECTIONS: usize = 16;
/// The first ones warm everything up and do not count.
const WARM_UP: usize = 500;

const DONE: &str = "SELECT count(*) FROM tasks WHERE status = 'SUCCESS'";

/// As many as the API takes, until the last one has succeeded.
pub(crate) async fn tasks(figures: &mut Figures) {
    let rig = Rig::start(1).await;
    ask(&rig, WARM_UP).await;
    until_done(&rig, WARM_UP).await;
    let began = Instant::now();
    ask(&rig, TASKS).await;
    let asked = began.elapsed().as_secs_f64();
    until_done(&rig, WARM_UP + TASKS).await;
    let whole = began.elapsed().as_secs_f64();
    figures.note(
        "no-op tasks, HTTP to SUCCESS, a second",
        TASKS as f64 / whole,
        "at least 500",
    );
    figures.note(
        "no-op tasks accepted with 202, a second",
        TASKS as f64 / asked,
        "-",
    );
    let alone = alone(&rig).await;
    figures.note("one no-op task alone, HTTP to SUCCESS, p50, ms", alone, "-");
    rig.memory(figures, "after 10,000 tasks");
}

/// Asks for that many tasks, all connections at a time.
async fn ask(rig: &Rig, count: usize) {
    let address = rig.client().base().trim_start_matches("http://").to_owned();
    let request: Arc<[u8]> = load::post(&address, "/assay/v1/ping", b"").into();
    let next = Arc::new(AtomicUsize::new(0));
    let mut tasks = JoinSet::new();
    for _ in 0..CONNECTIONS {
        let (request, next, address) = (Arc::clone(&request), Arc::clone(&next), address.clone());
        tasks.spawn(async move {
            let mut connection = Connection::open(&address).await.unwrap();
            while next.fetch_add(1, Ordering::Relaxed) < count {
                assert_eq!(connection.exchange(&request).await.unwrap(), 202);
            }
        });
    }
    tasks.join_all().await;
}

async fn until_done(rig: &Rig, count: usize) {
    while rig.count(DONE).await < count {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// The median time of single tasks, as the database has it, in milliseconds.
async fn alone(rig: &Rig) -> f64 {
    for _ in 0..50 {
        ask(rig, 1).await;
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let query = "SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY \
        extract(epoch FROM finished_at - created_at)) * 1000 AS p50 \
        FROM (SELECT * FROM tasks WHERE kind = 'ping' ORDER BY id DESC LIMIT 50) last";
    rig.number(query, "p50").await
}
