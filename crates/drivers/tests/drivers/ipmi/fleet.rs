//! Many BMCs at once, side by side with FreeIPMI's ipmipower, which Assay did not write.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use assay_domain::{PowerState, Target};
use assay_sim::{IdleMachine, IpmiBmc, IpmiFaults, IpmiOptions, fleet, fleet_address};
use futures::future::join_all;
use serde_json::json;

use crate::support::gate;
use crate::support::ipmi::{IPMI, ipmi_target};

/// Simulated BMCs with an address each, from machine number `first` of the address plan on; every
/// `silent`-th says nothing.
fn bmcs(count: usize, first: usize, silent: Option<usize>) -> Vec<IpmiBmc> {
    let start = |(number, hardware)| {
        let options = IpmiOptions {
            listen: fleet_address(first + number, 10_624),
            faults: IpmiFaults {
                silent: silent.is_some_and(|silent| number % silent == 0),
                ..IpmiFaults::default()
            },
            ..IpmiOptions::default()
        };
        IpmiBmc::start(Arc::new(IdleMachine::new(hardware)), options).unwrap()
    };
    fleet(count, 7).into_iter().enumerate().map(start).collect()
}

fn target(number: usize, address: SocketAddr) -> Target {
    let settings = json!({"cipher_suite": 3});
    let mut target = ipmi_target(address, ("admin", "simulated"), &settings);
    target.power_control_id = i64::try_from(number).unwrap();
    target.request_timeout = Duration::from_secs(20);
    target
}

/// Reads the power of all at once through one gate; gives how long the slowest one that answers took.
async fn read_all(bmcs: &[IpmiBmc]) -> Duration {
    let (gate, _) = gate();
    let start = Instant::now();
    let reads = bmcs.iter().enumerate().map(|(number, bmc)| {
        let gate = gate.clone();
        let target = target(number, bmc.address());
        async move {
            let read = gate.power_state(&target, IPMI);
            if bmc.faults().silent {
                // Is asked all the time, and never waited for.
                let _ = tokio::time::timeout(Duration::from_secs(1), read).await;
                return None;
            }
            assert_eq!(read.await, Ok(PowerState::Off));
            Some(start.elapsed())
        }
    });
    let slowest = join_all(reads).await.into_iter().flatten().max().unwrap();
    for bmc in bmcs {
        assert_eq!(bmc.counters().open_sessions, 0);
    }
    slowest
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn silent_bmcs_do_not_hold_up_others() {
    let bmcs = bmcs(300, 50_000, Some(20));
    let slowest = read_all(&bmcs).await;
    eprintln!("285 of 300 IPMI BMCs, 15 silent: {slowest:?}");
    assert!(slowest < Duration::from_secs(15), "{slowest:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_are_read_by_us_and_by_freeipmi() {
    let bmcs = bmcs(1000, 51_000, None);
    let hosts: Vec<String> = bmcs.iter().map(|bmc| bmc.address().to_string()).collect();
    let ours = read_all(&bmcs).await;
    let start = Instant::now();
    let output = tokio::process::Command::new("ipmipower")
        .args([
            "-D",
            "LAN_2_0",
            "-u",
            "admin",
            "-p",
            "simulated",
            "-l",
            "ADMIN",
            "-I",
            "3",
        ])
        // On a busy machine its own limit of 20 s would tell of that machine alone.
        .args(["--session-timeout", "90000"])
        .args(["-h", &hosts.join(","), "--stat"])
        .kill_on_drop(true)
        .output()
        .await
        .expect("ipmipower is missing: apt-get install freeipmi-tools");
    let theirs = start.elapsed();
    let text = String::from_utf8_lossy(&output.stdout);
    let off = text.lines().filter(|line| line.ends_with(": off")).count();
    eprintln!("1000 IPMI BMCs: {ours:?}; ipmipower: {theirs:?}, {off} off");
    assert_eq!(off, 1000, "{text}");
}
