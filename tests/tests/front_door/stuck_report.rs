//! Why a report does not arrive or is refused: each cause produced by a machine that does so.

use assay_sim::{Behaviour, ScriptedFault};
use assay_tests::fleet::{self, Member};
use assay_tests::{Client, Machine, lab, stuck};
use serde_json::{Value, json};

async fn started(client: &Client, number: usize, fault: Option<ScriptedFault>) -> Member {
    let behaviour = Behaviour {
        fault,
        ..Behaviour::default()
    };
    let member = fleet::enrol(client, lab::hardware(number), behaviour).await;
    assert_eq!(member.start(client).await, 202);
    member
}

/// Enrols a node for a machine that is played by hand, and starts its introspection.
async fn by_hand(client: &Client, name: &str, number: u32) -> (Machine, String) {
    let machine = Machine::numbered(number);
    let node = machine.enrol(client, name).await;
    let uuid = node["uuid"].as_str().unwrap().to_owned();
    let path = format!("/v1/introspection/{uuid}?manage_boot=False");
    let _ = client.post_empty(&path).await.expect(202);
    (machine, uuid)
}

#[tokio::test]
async fn each_way_to_lose_a_report_has_its_cause() {
    let server = stuck::setup().start().await;
    let client = server.client();
    let cases = [
        (ScriptedFault::ReportsNonsense, "report_malformed"),
        (ScriptedFault::BreaksOff, "report_cut"),
    ];
    let runs = cases
        .into_iter()
        .enumerate()
        .map(async |(number, (fault, cause))| {
            let member = started(client, number, Some(fault)).await;
            stuck::is_stuck(client, &member.node.uuid, "callback", cause).await;
        });
    futures::future::join_all(runs).await;
}

#[tokio::test]
async fn a_report_with_a_nonce_that_is_not_its_own_is_told() {
    let server = stuck::setup().start().await;
    let client = server.client();
    // One that nobody ever had.
    let member = started(client, 0, Some(ScriptedFault::WrongNonce)).await;
    let said = stuck::is_stuck(client, &member.node.uuid, "callback", "stale_nonce").await;
    assert_eq!(said["causes"][0]["confidence"], "likely");
    // That of its own earlier boot.
    let (machine, uuid) = by_hand(client, "booted-twice", 801).await;
    let earlier = machine.boot(client).await;
    machine.boot(client).await;
    let _ = earlier.report(&machine.report()).await.expect(403);
    let said = stuck::is_stuck(client, &uuid, "kernel", "stale_nonce").await;
    assert_eq!(said["causes"][0]["confidence"], "certain", "{said}");
}

#[tokio::test]
async fn a_report_that_is_too_large_is_told_with_the_limit() {
    let server = stuck::setup()
        .env("ASSAY_BODY_LIMITS__REPORT", 300)
        .start()
        .await;
    let client = server.client();
    let member = started(client, 0, None).await;
    let said = stuck::is_stuck(client, &member.node.uuid, "callback", "report_too_large").await;
    assert!(stuck::first_line(&said).contains("300 bytes"), "{said}");
}

#[tokio::test]
async fn a_report_that_finds_no_room_is_told() {
    let server = stuck::setup()
        .env("ASSAY_BODY_LIMITS__REPORT_BUDGET", 100)
        .start()
        .await;
    let client = server.client();
    let (machine, uuid) = by_hand(client, "no-room", 811).await;
    let boot = machine.boot(client).await;
    let _ = boot.report(&machine.report()).await.expect(503);
    stuck::is_stuck(client, &uuid, "kernel", "intake_full").await;
}

#[tokio::test]
async fn a_machine_that_asks_too_often_is_told() {
    let server = stuck::setup()
        .env("ASSAY_RATE_LIMITS__BOOT_PER_SECOND", 1)
        .start()
        .await;
    let client = server.client();
    let (machine, uuid) = by_hand(client, "hasty", 821).await;
    let boot = machine.boot(client).await;
    let _ = boot.load(&boot.kernel).await.expect(429);
    stuck::is_stuck(client, &uuid, "kernel", "rate_limited").await;
}

#[tokio::test]
async fn a_report_that_fits_no_node_or_several_is_told_with_what_it_says() {
    let server = stuck::setup().start().await;
    let client = server.client();
    let (_, uuid) = by_hand(client, "nobody", 831).await;
    let send = async |report: &Value| client.without_token().post("/v1/continue", report).await;
    let _ = send(&Machine::numbered(832).report()).await.expect(404);
    let said = stuck::is_stuck(client, &uuid, "boot_script", "lookup_none").await;
    let line = stuck::first_line(&said);
    assert!(line.contains(&Machine::numbered(832).macs[0]), "{line}");

    let (_, other) = by_hand(client, "somebody", 833).await;
    let mut report = Machine::numbered(831).report();
    let mac = json!(Machine::numbered(833).macs[0]);
    report["inventory"]["interfaces"][1]["mac_address"] = mac;
    report["inventory"]["system_vendor"] = json!({});
    let _ = send(&report).await.expect(404);
    for node in [&uuid, &other] {
        let said = stuck::is_stuck(client, node, "boot_script", "lookup_several").await;
        let line = stuck::first_line(&said);
        assert!(line.contains(&uuid) && line.contains(&other), "{line}");
    }
}

#[tokio::test]
async fn what_refuses_a_report_is_named() {
    let server = stuck::setup().start().await;
    let client = server.client();
    let rule = json!({
        "description": "no simulated machines",
        "conditions": [{"op": "eq", "field": "data://inventory.hostname", "value": "machine"}],
        "actions": [{"action": "fail", "message": "not in this house"}],
    });
    let _ = client.post("/v1/rules", &rule).await.expect(201);
    let (machine, uuid) = by_hand(client, "ruled-out", 841).await;
    let boot = machine.boot(client).await;
    let _ = boot.report(&machine.report()).await.expect(200);
    let (diagnosis, error) = stuck::has_failed(client, &uuid, "hooks", "rule_failed").await;
    assert_eq!(
        error, "not in this house",
        "an author's message is shown alone"
    );
    let line = stuck::first_line(&diagnosis);
    for part in [
        "no simulated machines",
        "actions[0]",
        "inventory.hostname",
        "held",
    ] {
        assert!(line.contains(part), "{line}");
    }

    let (machine, uuid) = by_hand(client, "no-disk", 842).await;
    let hints = json!({"properties": {"root_device": {"serial": "none"}}});
    let path = format!("/assay/v1/nodes/{uuid}");
    let _ = client.put(&path, &hints).await.expect(200);
    let boot = machine.boot(client).await;
    let _ = boot.report(&machine.report()).await.expect(200);
    let (diagnosis, _) = stuck::has_failed(client, &uuid, "hooks", "hook_failed").await;
    assert!(
        stuck::first_line(&diagnosis).contains("root_disk_selection"),
        "{diagnosis}"
    );

    let member = started(client, 3, Some(ScriptedFault::ReportsError)).await;
    let uuid = &member.node.uuid;
    let (diagnosis, _) = stuck::has_failed(client, uuid, "hooks", "ramdisk_error").await;
    let line = stuck::first_line(&diagnosis);
    assert!(
        line.contains("a simulated failure of the collectors"),
        "{line}"
    );
}
