//! One gate per BMC for the whole fleet: who is at it, and how often a wrong password is tried.

use std::sync::Arc;
use std::time::Duration;

use assay_sim::{Bmc, IdleMachine, Power};
use assay_tests::database::Database;
use assay_tests::processes::FleetSetup;
use assay_tests::{Client, lab, wait};
use serde_json::{Value, json};

const LIMIT: Duration = Duration::from_secs(40);

on_both!(
    a_wrong_password_is_tried_twice_at_most_by_all_workers_together,
    a_worker_that_died_at_a_bmc_leaves_no_third_session,
);

async fn gate(client: &Client, control: i64) -> Value {
    let path = format!("/assay/v1/power-controls/{control}/gate");
    client.get(&path).await.expect(200).json()
}

fn bmc() -> Bmc {
    lab::bmc(Arc::new(IdleMachine::new(lab::hardware(0))))
}

async fn a_wrong_password_is_tried_twice_at_most_by_all_workers_together(database: Database) {
    let processes = FleetSetup::new(database.url())
        .env("ASSAY_POWER_SYNC__INTERVAL", 1)
        .workers(3)
        .start()
        .await;
    let client = processes.client().clone();
    let bmc = bmc();
    bmc.change_faults(|faults| faults.refuse_credentials = true);
    let node = lab::enrol(&client, &bmc).await;
    for _ in 0..5 {
        let body = json!({"nodes": [node.uuid], "command": "power_on"});
        let _ = client.post("/assay/v1/power", &body).await;
    }
    let shut = wait::until_is(
        "the gate is shut",
        LIMIT,
        async || gate(&client, node.control).await,
        |gate| gate["shut"] == true,
    )
    .await;
    assert!(shut["reason"].is_string(), "{shut}");
    let power = format!("/assay/v1/nodes/{}/power", node.uuid);
    wait::until_is(
        "the node is unreachable, and why is told",
        LIMIT,
        async || client.get(&power).await.expect(200).json(),
        |power| {
            let reason = power["unreachable"]["reason"].as_str();
            reason.is_some_and(|reason| reason.contains("refused"))
        },
    )
    .await;
    let failed = bmc.counters().failed_logins;
    assert!((1..=2).contains(&failed), "{failed} failed logins");

    bmc.change_faults(|faults| faults.refuse_credentials = false);
    let path = format!("/v1/power-controls/{}", node.control);
    let body = json!({"power_control": {"password": lab::BMC_PASSWORD}});
    let _ = client.put(&path, &body).await.expect(200);
    wait::until_is(
        "it is read again",
        LIMIT,
        async || client.get(&power).await.expect(200).json(),
        |power| power["unreachable"].is_null() && power["state"].is_string(),
    )
    .await;
    assert_eq!(gate(&client, node.control).await["shut"], false);
}

async fn a_worker_that_died_at_a_bmc_leaves_no_third_session(database: Database) {
    let mut processes = FleetSetup::new(database.url())
        .env("ASSAY_LEASE", 2)
        .env("ASSAY_POWER_SYNC__INTERVAL", 600)
        .workers(2)
        .start()
        .await;
    let client = processes.client().clone();
    let bmc = bmc();
    let node = lab::enrol(&client, &bmc).await;
    bmc.change_faults(|faults| faults.state_change_delay = Duration::from_secs(5));
    let body = json!({"nodes": [node.uuid], "command": "power_on"});
    let _ = client.post("/assay/v1/power", &body).await.expect(202);
    let held = wait::until_is(
        "a worker is at the BMC",
        LIMIT,
        async || gate(&client, node.control).await,
        |gate| gate["holder"].is_string() && bmc.counters().open_sessions > 0,
    )
    .await;
    let holder = held["holder"].as_str().unwrap().to_owned();
    let dead = processes.workers.iter().position(|worker| {
        worker
            .pid()
            .is_some_and(|pid| holder.contains(&format!("-{pid}-")))
    });
    processes.workers[dead.expect("the holder is a worker")].kill();
    wait::until_is(
        "another worker has done it",
        LIMIT,
        async || {
            let path = format!("/assay/v1/nodes/{}/power", node.uuid);
            client.get(&path).await.expect(200).json()
        },
        |power| power["state"] == "on" && power["transition"].is_null(),
    )
    .await;
    assert_eq!(bmc.machine().power(), Power::On);
    let counters = bmc.counters();
    assert!(counters.most_sessions <= 2, "{counters:?}");
}
