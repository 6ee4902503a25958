//! Which node a report belongs to when it carries no nonce, and when it may come without one.

use std::time::Duration;

use assay_tests::{Client, Machine, Reply, Setup, status};
use serde_json::{Value, json};

const LIMIT: Duration = Duration::from_secs(20);

/// Enrols a node with nothing to find it by but what `change` sets, and starts its introspection.
async fn waiting(client: &Client, name: &str, change: &Value) -> String {
    let reply = client
        .post("/v1/nodes/", &json!({"node": {"name": name}}))
        .await;
    let uuid = reply.json()["node"]["uuid"].as_str().unwrap().to_owned();
    if change != &json!({}) {
        let _ = client
            .put(&format!("/assay/v1/nodes/{uuid}"), change)
            .await
            .expect(200);
    }
    start(client, &uuid).await;
    uuid
}

async fn start(client: &Client, uuid: &str) {
    let path = format!("/v1/introspection/{uuid}?manage_boot=0");
    let _ = client.post_empty(&path).await.expect(202);
    status::in_state(client, uuid, "waiting", LIMIT).await;
}

/// A report of an unknown machine, with what `change` makes of it.
async fn report(client: &Client, number: u32, change: impl FnOnce(&mut Value)) -> Reply {
    let mut report = Machine::numbered(number).report();
    report["inventory"]["system_vendor"] = json!({});
    change(&mut report);
    client.without_token().post("/v1/continue", &report).await
}

#[tokio::test]
async fn each_key_finds_its_node() {
    let server = Setup::new().start().await;
    let client = server.client();
    let by_bmc = waiting(client, "bmc", &json!({"bmc_address": "198.51.100.4"})).await;
    let by_bmc6 = waiting(client, "bmc6", &json!({"bmc_address": "2001:db8::6"})).await;
    let by_serial = waiting(client, "serial", &json!({"serial_number": "LOOKUP-1"})).await;
    let reply = report(client, 91, |report| {
        report["inventory"]["bmc_address"] = json!("198.51.100.4");
    })
    .await;
    assert_eq!(reply.expect(200).json()["uuid"], by_bmc.as_str());
    let spelling = "2001:0db8:0:0::0006";
    let reply = report(client, 92, |report| {
        report["inventory"]["bmc_v6address"] = json!(spelling);
    })
    .await;
    assert_eq!(reply.expect(200).json()["uuid"], by_bmc6.as_str());
    let vendor = json!({"serial_number": "LOOKUP-1"});
    let reply = report(client, 93, |report| {
        report["inventory"]["system_vendor"] = vendor;
    })
    .await;
    assert_eq!(reply.expect(200).json()["uuid"], by_serial.as_str());
    for uuid in [by_bmc, by_bmc6, by_serial] {
        status::finished(client, &uuid, LIMIT).await;
    }
}

#[tokio::test]
async fn the_address_of_an_assigned_power_control_finds_its_node() {
    let server = Setup::new().start().await;
    let client = server.client();
    let control = json!({"power_control": {
        "control_type": "SupermicroRackDevice", "protocol_type": "ipmi", "host": "198.51.100.9",
        "port_number": 623,
    }});
    let control =
        client.post("/v1/power-controls/", &control).await.json()["power_control"].clone();
    let node = client
        .post("/v1/nodes/", &json!({"node": {"name": "fed"}}))
        .await
        .json()["node"]
        .clone();
    let body = json!({"power_control_id": control["id"], "power_control_port": "1"});
    client
        .post(&format!("/v1/nodes/{}/power-controls/", node["id"]), &body)
        .await;
    start(client, node["uuid"].as_str().unwrap()).await;
    let reply = report(client, 94, |report| {
        report["inventory"]["bmc_address"] = json!("198.51.100.9");
    })
    .await;
    assert_eq!(reply.expect(200).json()["uuid"], node["uuid"]);
}

#[tokio::test]
async fn a_shared_or_empty_mac_decides_nothing() {
    let server = Setup::new().start().await;
    let client = server.client();
    // The network card of a BMC's USB port has the same MAC in every machine.
    let shared = "be:3a:f2:b6:05:9f";
    for number in 1..=2 {
        let machine = Machine::numbered(number);
        let node = machine.enrol(client, &format!("shared-{number}")).await;
        let uuid = node["uuid"].as_str().unwrap();
        start(client, uuid).await;
        let mut report = machine.report();
        let nic = json!({"name": "usb0", "mac_address": shared, "ipv4_address": null});
        report["inventory"]["interfaces"]
            .as_array_mut()
            .unwrap()
            .push(nic);
        let reply = client.post("/v1/continue", &report).await.expect(200);
        assert_eq!(reply.json()["uuid"], uuid);
        status::finished(client, uuid, LIMIT).await;
    }
    for number in 1..=2 {
        start(client, &format!("shared-{number}")).await;
    }
    let reply = report(client, 95, |report| {
        report["inventory"]["interfaces"] = json!([
            {"name": "usb0", "mac_address": shared},
            {"name": "eth0", "mac_address": ""},
            {"name": "eth1", "mac_address": null},
        ]);
    })
    .await;
    assert_eq!(reply.status, 404, "{}", reply.text());
}

#[tokio::test]
async fn nobody_and_several_are_answered_alike() {
    let server = Setup::new().start().await;
    let client = server.client();
    waiting(client, "one", &json!({"bmc_address": "198.51.100.21"})).await;
    waiting(client, "two", &json!({"serial_number": "SEVERAL-1"})).await;
    let nobody = report(client, 96, |_| {}).await.expect(404);
    let several = report(client, 97, |report| {
        report["inventory"]["bmc_address"] = json!("198.51.100.21");
        report["inventory"]["system_vendor"] = json!({"serial_number": "SEVERAL-1"});
    })
    .await
    .expect(404);
    assert_eq!(nobody.text(), several.text());
    let message = nobody.json()["error"]["message"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(
        message.contains("node") && message.contains("more than one"),
        "{message}"
    );
    for name in ["one", "two"] {
        assert_eq!(status::status(client, name).await["finished"], false);
    }
}

#[tokio::test]
async fn once_a_script_was_served_only_its_nonce_counts() {
    let server = Setup::new().start().await;
    let client = server.client();
    let machine = Machine::numbered(6);
    let node = machine.enrol(client, "six").await;
    let uuid = node["uuid"].as_str().unwrap();
    start(client, uuid).await;
    let first = machine.boot(client).await;
    let second = machine.boot(client).await;
    let without = client.post("/v1/continue", &machine.report()).await;
    assert_eq!(without.status, 403, "{}", without.text());
    // A machine that booted again has a new nonce; the old one is void.
    assert_eq!(first.report(&machine.report()).await.status, 403);
    let _ = second.report(&machine.report()).await.expect(200);
    status::finished(client, uuid, LIMIT).await;
}

#[tokio::test]
async fn a_report_without_a_nonce_can_be_forbidden() {
    let server = Setup::new()
        .env("ASSAY_ALLOW_REPORT_WITHOUT_NONCE", "false")
        .start()
        .await;
    let client = server.client();
    let machine = Machine::numbered(6);
    let node = machine.enrol(client, "six").await;
    start(client, node["uuid"].as_str().unwrap()).await;
    let reply = client.post("/v1/continue", &machine.report()).await;
    assert_eq!(reply.status, 403, "{}", reply.text());
}

#[tokio::test]
async fn who_is_not_on_introspection_is_sent_on() {
    let server = Setup::new().start().await;
    let client = server.client();
    let machine = Machine::numbered(6);
    let stranger = machine.ask_for_script(client).await.expect(200).text();
    machine.enrol(client, "six").await;
    let idle = machine.ask_for_script(client).await.expect(200).text();
    for script in [stranger, idle] {
        assert!(script.starts_with("#!ipxe\n"), "{script}");
        assert!(
            script.lines().any(|line| line.starts_with("exit")),
            "{script}"
        );
        assert!(!script.contains("kernel"), "{script}");
    }
}

#[tokio::test]
async fn the_first_script_chains_to_the_one_for_the_machine() {
    let server = Setup::new().authenticated().start().await;
    let script = server
        .client()
        .without_token()
        .get("/assay/v1/boot/ipxe")
        .await
        .expect(200)
        .text();
    assert!(script.starts_with("#!ipxe\n"), "{script}");
    assert!(
        script.contains("chain") && script.contains("/assay/v1/boot/ipxe/${"),
        "{script}"
    );
}

#[tokio::test]
async fn a_machine_loads_exactly_the_configured_files() {
    let server = Setup::new().start().await;
    let client = server.client();
    let machine = Machine::numbered(6);
    let node = machine.enrol(client, "six").await;
    start(client, node["uuid"].as_str().unwrap()).await;
    let boot = machine.boot(client).await;
    for url in [&boot.kernel, &boot.initramfs] {
        assert_eq!(boot.load(url).await.expect(200).text(), "not a real one");
    }
    let wrong = boot.kernel.replace("/kernel", "0/kernel");
    assert_eq!(boot.load(&wrong).await.status, 404);
}
