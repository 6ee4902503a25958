//! Whole introspections of simulated machines: BMC off, boot override, on, boot script, kernel,
//! agent, report, hooks, rules, off again.

use std::sync::Arc;
use std::time::{Duration, Instant};

use assay_sim::{
    Behaviour, Bmc, BmcOptions, Http, ScriptedMachine, SimMachine, allow_open_files, fleet_address,
};
use assay_tests::Client;
use assay_tests::lab::{self, BMC_PASSWORD};
use futures::StreamExt;

use crate::figures::Figures;
use crate::rig::Rig;

/// Nodes of the smaller and the greater run.
const SOME: usize = 1_000;
const ALL: usize = 10_000;
/// Workers, on the same processors as everything else.
const WORKERS: usize = 2;
/// Requests that prepare or start at a time.
const AT_A_TIME: usize = 16;
/// The port of every BMC; each has an address of its own.
const BMC_PORT: u16 = 8_443;
const SEED: u64 = 0x0b5e;

const RUNNING: &str = "SELECT count(*) FROM introspections WHERE finished_at IS NULL";
const WELL: &str = "SELECT count(*) FROM introspections WHERE error IS NULL";

struct Member {
    uuid: String,
    _bmc: Bmc,
}

/// 1,000 nodes, then 10,000.
pub(crate) async fn introspections(figures: &mut Figures) {
    allow_open_files(4 * ALL).unwrap();
    let rig = Rig::start(WORKERS).await;
    rig.memory(figures, "idle");
    let mut hardware = assay_sim::fleet(ALL, SEED);
    let others = hardware.split_off(SOME);
    let mut members = enrol(rig.client(), 0, hardware).await;
    let some = introspect(&rig, &members, 0).await;
    figures.note(
        "introspections at 1,000 nodes, a second",
        SOME as f64 / some,
        "-",
    );
    let began = Instant::now();
    members.extend(enrol(rig.client(), SOME, others).await);
    figures.note(
        "9,000 nodes enrolled, s",
        began.elapsed().as_secs_f64(),
        "-",
    );
    let all = introspect(&rig, &members, SOME).await;
    figures.note(
        "10,000 introspections, start to finished, s",
        all,
        "at most 600",
    );
    figures.note(
        "introspections at 10,000 nodes, a second",
        ALL as f64 / all,
        "-",
    );
    let share = (ALL as f64 / all) / (SOME as f64 / some) * 100.0;
    figures.note(
        "rate at 10,000 nodes of that at 1,000, %",
        share,
        "at least 90",
    );
    rig.memory(figures, "10,000 nodes");
}

/// Starts the introspections of all, and gives the seconds until the last one has ended well.
async fn introspect(rig: &Rig, members: &[Member], before: usize) -> f64 {
    let client = rig.client();
    let began = Instant::now();
    futures::stream::iter(members)
        .for_each_concurrent(AT_A_TIME, |member| async move {
            let path = format!("/v1/introspection/{}", member.uuid);
            let _ = client.post_empty(&path).await.expect(202);
        })
        .await;
    let mut told = Instant::now();
    loop {
        let running = rig.count(RUNNING).await;
        if running == 0 {
            break;
        }
        if told.elapsed() > Duration::from_secs(20) {
            println!(
                "  {running} of {} introspections are running",
                members.len()
            );
            told = Instant::now();
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    let seconds = began.elapsed().as_secs_f64();
    assert_eq!(
        rig.count(WELL).await,
        before + members.len(),
        "all end well"
    );
    seconds
}

/// Enrols machines whose steps take no time, each behind a BMC of its own.
async fn enrol(client: &Client, first: usize, hardware: Vec<SimMachine>) -> Vec<Member> {
    let http = Http::new([]).unwrap();
    let boot = format!("{}/assay/v1/boot/ipxe", client.base());
    let enrolled = hardware.into_iter().enumerate().map(|(number, hardware)| {
        let behaviour = Behaviour::default();
        let machine = ScriptedMachine::new(hardware, boot.clone(), http.clone(), behaviour);
        let options = BmcOptions {
            listen: fleet_address(first + number, BMC_PORT),
            password: BMC_PASSWORD.to_owned(),
            ..BmcOptions::default()
        };
        let bmc = Bmc::start(Arc::new(machine), options).unwrap();
        async move {
            let uuid = lab::enrol(client, &bmc).await.uuid;
            Member { uuid, _bmc: bmc }
        }
    });
    let enrolled = futures::stream::iter(enrolled).buffered(AT_A_TIME);
    enrolled.collect().await
}
