//! Introspections of machines that work and of machines that fail at every step: what is said of each.

use std::time::Duration;

use assay_sim::{Behaviour, Machine, OverrideEnabled, Power, ScriptedFault};
use assay_tests::fleet::{self, Member};
use assay_tests::{Client, Server, Setup, lab, status, wait};
use serde_json::Value;

const LIMIT: Duration = Duration::from_secs(40);

async fn server() -> Server {
    Setup::new()
        .env("ASSAY_INTROSPECTION_TIMEOUT", 4)
        .env("ASSAY_SWEEP_INTERVAL", 1)
        .start()
        .await
}

/// Introspects a machine with that fault; gives how it ended.
async fn ended_with(
    client: &Client,
    number: usize,
    fault: Option<ScriptedFault>,
) -> (Member, Value) {
    let behaviour = Behaviour {
        fault,
        ..Behaviour::default()
    };
    let member = fleet::enrol(client, lab::hardware(number), behaviour).await;
    assert_eq!(member.start(client).await, 202);
    let status = status::ended(client, &member.node.uuid, LIMIT).await;
    (member, status)
}

/// The machine is off, its boot override cleared, and no session of its BMC open.
async fn is_left_as_configured(member: &Member) {
    wait::until_is(
        "the machine is off",
        LIMIT,
        async || member.machine.power(),
        |power| *power == Power::Off,
    )
    .await;
    let boot = async || member.bmc.boot_override();
    wait::until_is("the override is gone", LIMIT, boot, |boot| {
        boot.enabled == OverrideEnabled::Disabled
    })
    .await;
    let open = async || member.bmc.counters().open_sessions;
    wait::until_is("sessions are closed", LIMIT, open, |open| *open == 0).await;
}

#[tokio::test]
async fn a_machine_that_works_is_finished_and_switched_off() {
    let server = server().await;
    let client = server.client();
    let (member, status) = ended_with(client, 0, None).await;
    assert_eq!(status["error"], Value::Null, "{status}");
    is_left_as_configured(&member).await;
    let hardware = member.machine.hardware();
    let path = format!("/v1/introspection/{}/data", member.node.uuid);
    let data = client.get(&path).await.expect(200).json();
    assert_eq!(data["cpus"], hardware.cpus);
    assert_eq!(data["memory_mb"], hardware.memory_mib);
    assert_eq!(member.bmc.counters().most_sessions, 1);
}

#[tokio::test]
async fn a_time_out_names_the_first_phase_that_never_came() {
    let server = server().await;
    let client = server.client();
    let cases = [
        (ScriptedFault::NeverAsks, "boot_script"),
        (ScriptedFault::StopsAfterScript, "kernel"),
        (ScriptedFault::StopsAfterKernel, "initramfs"),
        (ScriptedFault::StopsAfterInitramfs, "agent"),
        (ScriptedFault::StopsAfterAgent, "collectors"),
        (ScriptedFault::StopsAfterCollectors, "callback"),
        (ScriptedFault::WrongNonce, "callback"),
        (ScriptedFault::BreaksOff, "callback"),
    ];
    let runs = cases
        .iter()
        .enumerate()
        .map(async |(number, (fault, phase))| {
            let (member, status) = ended_with(client, number, Some(*fault)).await;
            let error = status["error"].as_str().unwrap_or_default().to_owned();
            assert!(
                error.contains("timeout") && error.contains(&format!("phase {phase}")),
                "{fault:?}: {error}"
            );
            assert_eq!(member.detail(client).await["missing"], *phase, "{fault:?}");
            is_left_as_configured(&member).await;
        });
    futures::future::join_all(runs).await;
}

#[tokio::test]
async fn an_error_of_the_agent_is_told() {
    let server = server().await;
    let (member, status) = ended_with(server.client(), 0, Some(ScriptedFault::ReportsError)).await;
    let error = status["error"].as_str().unwrap();
    assert!(
        error.contains("a simulated failure of the collectors"),
        "{error}"
    );
    is_left_as_configured(&member).await;
}

#[tokio::test]
async fn a_report_that_comes_twice_counts_once() {
    let server = server().await;
    let client = server.client();
    let (member, status) = ended_with(client, 0, Some(ScriptedFault::ReportsTwice)).await;
    assert_eq!(status["error"], Value::Null, "{status}");
    let path = format!("/assay/v1/nodes/{}/introspections", member.node.uuid);
    let history = client.get(&path).await.expect(200).json();
    assert_eq!(history["introspections"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_report_that_is_no_report_is_refused_and_told() {
    let server = server().await;
    let (member, status) =
        ended_with(server.client(), 0, Some(ScriptedFault::ReportsNonsense)).await;
    assert!(status["error"].is_string(), "{status}");
    assert_eq!(member.accepted(), 0);
    is_left_as_configured(&member).await;
}

#[tokio::test]
async fn a_bmc_that_fails_ends_it_with_its_reason() {
    let server = server().await;
    let client = server.client();
    let behaviour = Behaviour::default();
    let member = fleet::enrol(client, lab::hardware(0), behaviour).await;
    member
        .bmc
        .change_faults(|faults| faults.refuse_credentials = true);
    assert_eq!(member.start(client).await, 202);
    let status = status::ended(client, &member.node.uuid, LIMIT).await;
    let error = status["error"].as_str().unwrap().to_lowercase();
    assert!(
        error.contains("refused") || error.contains("credentials"),
        "{error}"
    );
    assert!(!error.contains(lab::BMC_PASSWORD));

    let silent = fleet::enrol(client, lab::hardware(1), Behaviour::default()).await;
    silent
        .bmc
        .change_faults(|faults| faults.refuse_connections = true);
    assert_eq!(silent.start(client).await, 202);
    let status = status::ended(client, &silent.node.uuid, LIMIT).await;
    assert!(status["error"].is_string(), "{status}");
}

#[tokio::test]
async fn an_abort_switches_the_machine_off() {
    let server = Setup::new().start().await;
    let client = server.client();
    let behaviour = Behaviour {
        fault: Some(ScriptedFault::StopsAfterAgent),
        ..Behaviour::default()
    };
    let member = fleet::enrol(client, lab::hardware(0), behaviour).await;
    assert_eq!(member.start(client).await, 202);
    let phases = async || {
        member.detail(client).await["phases"]
            .as_array()
            .unwrap()
            .len()
    };
    wait::until_is("the agent runs", LIMIT, phases, |count| *count >= 5).await;
    let path = format!("/v1/introspection/{}/abort", member.node.uuid);
    let _ = client.post_empty(&path).await.expect(202);
    let status = status::ended(client, &member.node.uuid, LIMIT).await;
    assert_eq!(status["error"], "Canceled by operator");
    is_left_as_configured(&member).await;
}

#[tokio::test]
async fn an_abort_while_the_bmc_is_still_at_work_stays_an_abort() {
    let server = Setup::new().start().await;
    let client = server.client();
    let member = fleet::enrol(client, lab::hardware(0), Behaviour::default()).await;
    member
        .bmc
        .change_faults(|faults| faults.answer_delay = Duration::from_millis(200));
    assert_eq!(member.start(client).await, 202);
    let logins = async || member.bmc.counters().total();
    wait::until_is("the BMC was asked", LIMIT, logins, |count| *count > 0).await;
    let path = format!("/v1/introspection/{}/abort", member.node.uuid);
    let _ = client.post_empty(&path).await.expect(202);
    let status = status::ended(client, &member.node.uuid, LIMIT).await;
    assert_eq!(status["error"], "Canceled by operator");
    is_left_as_configured(&member).await;
}

#[tokio::test]
async fn a_fleet_is_introspected_at_once() {
    let server = Setup::new().start().await;
    let client = server.client();
    let mut members = Vec::new();
    for number in 0..30 {
        members.push(fleet::enrol(client, lab::hardware(number), Behaviour::default()).await);
    }
    for member in &members {
        assert_eq!(member.start(client).await, 202);
    }
    for member in &members {
        status::finished(client, &member.node.uuid, LIMIT).await;
        is_left_as_configured(member).await;
    }
}
