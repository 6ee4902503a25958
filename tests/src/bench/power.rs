//! The power of a thousand simulated BMCs, read through gate and drivers; those of IPMI beside
//! FreeIPMI's ipmipower, which others wrote.

use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use assay_domain::Target;
use assay_drivers::testing::MemoryState;
use assay_drivers::{Drivers, Gate};
use assay_sim::allow_open_files;
use assay_tests::simulated::{Listed, Simulated, own_address};
use serde_json::json;
use tokio::task::JoinSet;

use crate::figures::Figures;

/// BMCs that are read.
const BMCS: usize = 1000;
/// Readings, of which the median counts.
const READINGS: usize = 7;
/// Readings of Redfish, each of which takes seconds.
const LONG_READINGS: usize = 3;
/// How long one request may take: longer than anything here.
const PATIENCE: Duration = Duration::from_secs(30);
/// A simulated fleet beside the first one, a part of which is silent.
const SILENT: &[&str] = &["--silent", "5%"];

/// IPMI with both cipher suites, then Redfish; each also with 5 % of the BMCs silent.
pub(crate) async fn power_status(figures: &mut Figures) {
    allow_open_files(4 * BMCS).unwrap();
    ipmi(figures).await;
    redfish(figures).await;
}

async fn ipmi(figures: &mut Figures) {
    let counts = [("--ipmi", BMCS)];
    let all = Simulated::start(&own_address(1), &counts, &[]);
    let some = Simulated::start(&beside(), &counts, SILENT);
    for suite in [3, 17] {
        let (mut ours, mut theirs, mut living) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..READINGS {
            ours.push(read(&all.bmcs, Some(suite)).await);
            theirs.push(ipmipower(&all.bmcs, suite));
            living.push(read(&some.bmcs, Some(suite)).await);
        }
        let (ours, theirs, living) = (median(ours), median(theirs), median(living));
        let what = format!("1,000 IPMI BMCs, suite {suite}");
        figures.note(&format!("{what}, Assay, ms"), ours, "not above ipmipower's");
        figures.note(&format!("{what}, ipmipower --stat, ms"), theirs, "-");
        figures.note(&format!("{what}, 5 % silent, the others, ms"), living, "-");
        let share = living / ours * 100.0;
        figures.note(
            &format!("{what}, the others' time, %"),
            share,
            "at most 120",
        );
    }
}

async fn redfish(figures: &mut Figures) {
    let counts = [("--redfish", BMCS)];
    let all = Simulated::start(&own_address(1), &counts, &[]);
    let some = Simulated::start(&beside(), &counts, SILENT);
    let (mut whole, mut living) = (Vec::new(), Vec::new());
    for _ in 0..LONG_READINGS {
        whole.push(read(&all.bmcs, None).await);
        living.push(read(&some.bmcs, None).await);
    }
    let (whole, living) = (median(whole), median(living));
    let what = "1,000 Redfish BMCs over HTTPS";
    figures.note(&format!("{what}, ms"), whole, "under 10000");
    figures.note(&format!("{what}, 5 % silent, the others, ms"), living, "-");
    let share = living / whole * 100.0;
    figures.note(
        &format!("{what}, the others' time, %"),
        share,
        "at most 120",
    );
}

/// The addresses of a second fleet: far behind the first one's.
fn beside() -> String {
    own_address(1).replacen("127.", "127.1", 1)
}

/// Reads all at once through a gate of its own; milliseconds until the last one that is not silent has
/// answered. The others are asked meanwhile.
async fn read(bmcs: &[Listed], suite: Option<u8>) -> f64 {
    let targets: Vec<(Target, String)> = bmcs
        .iter()
        .zip(1..)
        .map(|(bmc, number)| {
            let mut target = bmc.target(number, PATIENCE);
            if let Some(suite) = suite {
                target.settings.insert("cipher_suite".into(), json!(suite));
            }
            (target, bmc.protocol.clone())
        })
        .collect();
    let living = bmcs.iter().filter(|bmc| bmc.fault.is_none()).count();
    let began = Instant::now();
    let gate = Gate::new(Drivers::standard(), Arc::<MemoryState>::default());
    let mut reads = JoinSet::new();
    for (target, protocol) in targets {
        let gate = gate.clone();
        reads.spawn(async move { gate.power_state(&target, &protocol).await });
    }
    for _ in 0..living {
        let read = reads.join_next().await.unwrap();
        let _ = read.unwrap().unwrap();
    }
    let took = began.elapsed().as_secs_f64() * 1000.0;
    reads.shutdown().await;
    gate.shutdown(Duration::from_millis(1)).await;
    took
}

/// Milliseconds that ipmipower takes for all, each of them at once.
fn ipmipower(bmcs: &[Listed], suite: u8) -> f64 {
    let hosts: Vec<String> = bmcs
        .iter()
        .map(|bmc| format!("{}:{}", bmc.address, bmc.port))
        .collect();
    let fanout = hosts.len().to_string();
    let suite = suite.to_string();
    let mut command = Command::new("ipmipower");
    command
        .args(["-D", "LAN_2_0", "-l", "ADMIN", "-I", &suite, "-F", &fanout])
        .args(["-u", &bmcs[0].login, "-p", &bmcs[0].password])
        .args(["-h", &hosts.join(","), "--stat"])
        .stdin(Stdio::null());
    let began = Instant::now();
    let output = command.output();
    let took = began.elapsed().as_secs_f64() * 1000.0;
    let output = output.expect("ipmipower is missing: apt-get install freeipmi-tools");
    let text = String::from_utf8_lossy(&output.stdout);
    let read = text.lines().filter(|line| line.ends_with(": off")).count();
    assert_eq!(read, bmcs.len(), "{text}");
    took
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
