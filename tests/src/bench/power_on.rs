//! A thousand nodes switched on at once through RabbitMQ by two workers, one of which is killed.

use std::sync::Arc;
use std::time::{Duration, Instant};

use assay_domain::PowerState;
use assay_drivers::testing::MemoryState;
use assay_drivers::{Drivers, Gate};
use assay_sim::allow_open_files;
use assay_tests::lab::{self, Enrolled};
use assay_tests::simulated::{Listed, Simulated, own_address};
use assay_tests::{Client, wait};
use futures::StreamExt;
use serde_json::json;

use crate::figures::Figures;
use crate::rig::Rig;

/// Nodes that are switched on.
const NODES: usize = 1000;
/// One of them is killed.
const WORKERS: usize = 2;
/// When so many nodes are on.
const KILLED_AT: usize = NODES / 4;
/// Requests that enrol at a time.
const AT_A_TIME: usize = 16;
/// How long it may take until all are on; a dead worker's tasks are taken over after 15 s.
const LIMIT: Duration = Duration::from_mins(5);

const ON: &str = "SELECT count(*) FROM tasks WHERE status = 'SUCCESS' AND kind = 'node.power'";
const OPEN: &str = "SELECT count(*) FROM tasks WHERE finished_at IS NULL AND kind = 'node.power'";
const FAILED: &str = "SELECT count(*) FROM tasks WHERE status = 'FAILURE' AND kind = 'node.power'";

/// From the first request until every machine is on.
pub(crate) async fn power_on(figures: &mut Figures) {
    allow_open_files(4 * NODES).unwrap();
    let mut rig = Rig::start(WORKERS).await;
    let simulated = Simulated::start(&own_address(1), &[("--ipmi", NODES)], &[]);
    let nodes = enrol(rig.client(), &simulated.bmcs).await;
    let began = Instant::now();
    let accepted = ask(rig.client(), &nodes).await;
    let answered = began.elapsed().as_secs_f64();
    let done = async || rig.count(ON).await;
    wait::until_is("some are on", LIMIT, done, |done| *done >= KILLED_AT).await;
    let before = rig.count(ON).await;
    rig.kill_worker(0);
    let open = async || rig.count(OPEN).await;
    wait::until_is("all tasks have ended", LIMIT, open, |open| *open == 0).await;
    let took = began.elapsed().as_secs_f64();
    assert_eq!(rig.count(FAILED).await, 0, "no task has failed");
    let on = machines_on(&simulated.bmcs).await;
    let what = "power-on of 1,000 nodes, a worker killed";
    figures.note(&format!("{what}: until the last is on, s"), took, "-");
    figures.note(
        &format!("{what}: on before the kill"),
        before as f64,
        "below 1000",
    );
    figures.note(&format!("{what}: accepted"), accepted as f64, "1000");
    figures.note(&format!("{what}: until the answer, s"), answered, "-");
    figures.note(&format!("{what}: machines on"), on as f64, "1000");
    assert_eq!(on, NODES, "none is lost");
}

/// Enrols simulated BMCs with a node each.
pub(crate) async fn enrol(client: &Client, bmcs: &[Listed]) -> Vec<Enrolled> {
    let enrolled = bmcs.iter().map(|bmc| lab::enrol_listed(client, bmc));
    futures::stream::iter(enrolled)
        .buffered(AT_A_TIME)
        .collect()
        .await
}

/// Asks for all in one request; how many were accepted.
async fn ask(client: &Client, nodes: &[Enrolled]) -> usize {
    let nodes: Vec<&str> = nodes.iter().map(|node| node.uuid.as_str()).collect();
    let body = json!({"nodes": nodes, "command": "power_on"});
    let reply = client.post("/assay/v1/power", &body).await.expect(202);
    reply.json()["accepted"].as_array().unwrap().len()
}

/// How many machines are on, as their BMCs say.
async fn machines_on(bmcs: &[Listed]) -> usize {
    let gate = Gate::new(Drivers::standard(), Arc::<MemoryState>::default());
    let reads = bmcs.iter().zip(1..).map(|(bmc, number)| {
        let (gate, target) = (&gate, bmc.target(number, Duration::from_secs(10)));
        async move { gate.power_state(&target, &bmc.protocol).await }
    });
    let states: Vec<_> = futures::stream::iter(reads)
        .buffer_unordered(NODES)
        .collect()
        .await;
    let on = |state: &&Result<PowerState, _>| **state == Ok(PowerState::On);
    states.iter().filter(on).count()
}
