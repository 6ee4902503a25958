//! A node's power over its BMC: switched, counted, refused, and never repeated blindly.

use std::sync::Arc;
use std::time::Duration;

use assay_sim::{Bmc, IdleMachine, Power, ResetType};
use assay_tests::lab::{self, Enrolled};
use assay_tests::{Client, Server, Setup, wait};
use serde_json::{Value, json};

const LIMIT: Duration = Duration::from_secs(30);

struct Lab {
    server: Server,
    bmc: Bmc,
    node: Enrolled,
}

async fn lab() -> Lab {
    let server = Setup::new()
        .env("ASSAY_SWEEP_INTERVAL", 1)
        .env("ASSAY_LEASE", 2)
        .start()
        .await;
    let bmc = lab::bmc(Arc::new(IdleMachine::new(lab::hardware(0))));
    let node = lab::enrol(server.client(), &bmc).await;
    Lab { server, bmc, node }
}

async fn act(client: &Client, node: &Enrolled, action: &str) -> u16 {
    client
        .post_empty(&format!("/v1/nodes/{}/actions/{action}", node.id))
        .await
        .status
}

async fn shown_power(client: &Client, node: &Enrolled) -> Value {
    client
        .get(&format!("/v1/nodes/{}", node.id))
        .await
        .expect(200)
        .json()["node"]["power_state"]
        .clone()
}

/// Waits until the machine, and what the server shows of it, agree.
async fn is(lab: &Lab, power: Power) {
    let name = if power == Power::On {
        "power_on"
    } else {
        "power_off"
    };
    wait::until_is(
        "the machine's power",
        LIMIT,
        async || lab.bmc.machine().power(),
        |seen| *seen == power,
    )
    .await;
    let client = lab.server.client();
    wait::until_is(
        "the node's power",
        LIMIT,
        async || shown_power(client, &lab.node).await,
        |seen| seen == name,
    )
    .await;
}

/// Nothing may hold a session of the BMC once the work is done.
async fn no_session_is_left(bmc: &Bmc) {
    let open = async || bmc.counters().open_sessions;
    wait::until_is("sessions are closed", LIMIT, open, |open| *open == 0).await;
    assert!(
        bmc.counters().most_sessions <= 2,
        "{:?}",
        bmc.counters().most_sessions
    );
}

#[tokio::test]
async fn on_off_and_reset_reach_the_machine() {
    let lab = lab().await;
    let client = lab.server.client();
    assert_eq!(act(client, &lab.node, "power-on").await, 204);
    is(&lab, Power::On).await;
    assert_eq!(act(client, &lab.node, "reset").await, 204);
    let resets = async || lab.bmc.counters().accepted(ResetType::ForceRestart);
    wait::until_is("the reset", LIMIT, resets, |count| *count == 1).await;
    assert_eq!(act(client, &lab.node, "power-off").await, 204);
    is(&lab, Power::Off).await;
    no_session_is_left(&lab.bmc).await;
    let path = format!(
        "/v1/nodes/{}/power-controls/{}",
        lab.node.id, lab.node.control
    );
    let control = client.get(&path).await.expect(200).json();
    assert_eq!(control["power_control"]["is_initialized"], true);
}

#[tokio::test]
async fn the_state_it_is_in_already_counts_as_done() {
    let lab = lab().await;
    lab.bmc
        .change_faults(|faults| faults.conflict_on_same_state = true);
    for _ in 0..2 {
        assert_eq!(act(lab.server.client(), &lab.node, "power-off").await, 204);
        is(&lab, Power::Off).await;
    }
    for _ in 0..2 {
        assert_eq!(act(lab.server.client(), &lab.node, "power-on").await, 204);
        is(&lab, Power::On).await;
    }
}

#[tokio::test]
async fn a_bmc_that_changes_late_is_waited_for() {
    let lab = lab().await;
    lab.bmc.change_faults(|faults| {
        faults.state_change_delay = Duration::from_secs(3);
        faults.shows_transition = true;
    });
    assert_eq!(act(lab.server.client(), &lab.node, "power-on").await, 204);
    is(&lab, Power::On).await;
}

#[tokio::test]
async fn refused_credentials_stop_further_attempts() {
    let lab = lab().await;
    let client = lab.server.client();
    lab.bmc.change_faults(|faults| {
        faults.refuse_credentials = true;
        faults.lock_after = Some(5);
    });
    for _ in 0..8 {
        act(client, &lab.node, "power-on").await;
    }
    tokio::time::sleep(Duration::from_secs(4)).await;
    let failed = lab.bmc.counters().failed_logins;
    assert!(
        (1..5).contains(&failed),
        "{failed} attempts with refused credentials"
    );
    assert_eq!(lab.bmc.machine().power(), Power::Off);

    // New credentials are a new chance.
    lab.bmc
        .change_faults(|faults| faults.refuse_credentials = false);
    let path = format!("/v1/power-controls/{}", lab.node.control);
    let body = json!({"power_control": {"password": lab::BMC_PASSWORD}});
    let _ = client.put(&path, &body).await.expect(200);
    assert_eq!(act(client, &lab.node, "power-on").await, 204);
    is(&lab, Power::On).await;
}

#[tokio::test]
async fn a_crash_after_switching_on_is_reconciled() {
    let mut lab = lab().await;
    lab.bmc
        .change_faults(|faults| faults.state_change_delay = Duration::from_secs(2));
    let client = lab.server.client().clone();
    let path = format!("/v1/nodes/{}/actions/power-on", lab.node.id);
    let asked = tokio::spawn(async move {
        let request = client
            .request(reqwest::Method::POST, &path)
            .header("Content-Length", "0");
        assay_tests::client::try_send(request)
            .await
            .map(|reply| reply.status)
    });
    let sent = async || lab.bmc.counters().accepted(ResetType::On);
    wait::until_is("the command is sent", LIMIT, sent, |count| *count == 1).await;
    lab.server.kill();
    let _ = asked.await;
    lab.server.start_again();
    is(&lab, Power::On).await;
    assert_eq!(
        lab.bmc.counters().accepted(ResetType::On),
        1,
        "it was sent twice"
    );
}

#[tokio::test]
async fn a_reset_of_unknown_outcome_is_not_repeated() {
    let mut lab = lab().await;
    assert_eq!(act(lab.server.client(), &lab.node, "power-on").await, 204);
    is(&lab, Power::On).await;
    lab.bmc
        .change_faults(|faults| faults.answer_delay = Duration::from_secs(2));
    let client = lab.server.client().clone();
    let path = format!("/v1/nodes/{}/actions/reset", lab.node.id);
    let asked = tokio::spawn(async move {
        let request = client
            .request(reqwest::Method::POST, &path)
            .header("Content-Length", "0");
        assay_tests::client::try_send(request)
            .await
            .map(|reply| reply.status)
    });
    let sent = async || lab.bmc.counters().accepted(ResetType::ForceRestart);
    wait::until_is("the reset is sent", LIMIT, sent, |count| *count == 1).await;
    lab.server.kill();
    let _ = asked.await;
    lab.bmc
        .change_faults(|faults| faults.answer_delay = Duration::ZERO);
    lab.server.start_again();
    tokio::time::sleep(Duration::from_secs(6)).await;
    assert_eq!(
        lab.bmc.counters().accepted(ResetType::ForceRestart),
        1,
        "it was repeated"
    );
    let client = lab.server.client();
    let path = format!("/v1/nodes/{}", lab.node.id);
    let _ = client.get(&path).await.expect(200);
    assert!(
        lab.server.log().contains("outcome unknown"),
        "nobody was told"
    );
}
