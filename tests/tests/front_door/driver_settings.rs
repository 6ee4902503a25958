//! What the section `[drivers]` of the configuration brings: fake machines, further PDUs. And devices
//! that cannot tell a machine what to boot.

use std::fs;
use std::process::Output;
use std::time::Duration;

use assay_tests::modbus::Board;
use assay_tests::{Client, Machine, Reply, Setup, folder, status};
use serde_json::{Value, json};

const LIMIT: Duration = Duration::from_secs(30);
/// The community of PDUs; other devices here ask for none.
const PASSWORD: &str = "canary-of-the-community-90c2";

/// The example that the packages bring along: a PDU of no real maker, with eight outlets. With what
/// stands there as a comment only, when `whole`.
fn example(whole: bool) -> String {
    let readme = folder::root().join("packaging/pdu-profiles/README");
    let readme = fs::read_to_string(readme).unwrap();
    let mut text = String::new();
    for line in readme.lines().filter_map(|line| line.strip_prefix("    ")) {
        let line = match line.strip_prefix("# ") {
            Some(more) if whole && (more.starts_with('[') || more.contains(" = ")) => more,
            _ => line,
        };
        text.extend([line, "\n"]);
    }
    text
}

async fn create(client: &Client, pair: [&str; 2], port: u16, settings: Value) -> Reply {
    let body = json!({"power_control": {
        "control_type": pair[0], "protocol_type": pair[1],
        "host": "127.0.0.1", "port_number": port, "password": PASSWORD, "settings": settings,
    }});
    client.post("/v1/power-controls/", &body).await
}

fn key(reply: Reply) -> Value {
    reply.expect(200).json()["power_control"]["id"].clone()
}

/// Introspects a machine that hangs on that output; gives what the start's task said.
async fn introspect(client: &Client, number: u32, control: Value, output: &str) -> Vec<String> {
    let mut machine = Machine::numbered(number);
    let node = machine.enrol(client, "switched").await;
    let body = json!({"power_control_id": control, "power_control_port": output});
    let path = format!("/v1/nodes/{}/power-controls/", node["id"]);
    let _ = client.post(&path, &body).await.expect(200);
    let start = "/v1/introspection/switched";
    let _ = client.post_empty(start).await.expect(202);
    status::in_state(client, "switched", "waiting", LIMIT).await;
    // The machine is the one that the device told of, if it did.
    let node = client.get("/assay/v1/nodes/switched").await.expect(200);
    let known = |key: &str| node.json()[key].as_str().map(str::to_owned);
    machine.uuid = known("system_uuid").unwrap_or(machine.uuid);
    machine.serial = known("serial_number").unwrap_or(machine.serial);
    let _ = machine.boot(client).await.report(&machine.report()).await;
    status::finished(client, "switched", LIMIT).await;
    let tasks = client.get("/assay/v1/tasks").await.expect(200).json();
    let tasks = tasks["tasks"].as_array().unwrap();
    let start = tasks
        .iter()
        .find(|task| task["kind"] == "introspection.start");
    let id = start.unwrap()["id"].as_str().unwrap();
    let path = format!("/assay/v1/tasks/{id}");
    let task = client.get(&path).await.expect(200).json();
    let lines = task["progress"].as_array().unwrap().iter();
    lines.map(|line| line["text"].to_string()).collect()
}

fn says(lines: &[String], text: &str) -> bool {
    lines.iter().any(|line| line.contains(text))
}

#[tokio::test]
async fn a_machine_on_a_relay_boots_from_the_network_by_itself() {
    let server = Setup::new().start().await;
    let client = server.client();
    let board = Board::start();
    let pair = ["ET7067", "modbus"];
    let control = key(create(client, pair, board.port(), json!({"unit": 1})).await);
    let said = introspect(client, 711, control, "3").await;
    assert!(says(&said, "no boot override was set"), "{said:?}");
    assert_eq!(board.coils_on(), [] as [u16; 0], "left off afterwards");
    let node = client.get("/v1/nodes/1").await.expect(200).json();
    assert_eq!(node["node"]["power_state"], "power_off");
    let actions = client.get("/v1/nodes/1/power-actions/").await;
    assert!(actions.text().contains("power_on"), "{}", actions.text());
}

#[tokio::test]
async fn there_are_fake_machines_where_the_setting_says_so() {
    let pair = ["Fake", "fake"];
    let server = Setup::new().start().await;
    let refused = create(server.client(), pair, 1, json!({}))
        .await
        .expect(400);
    assert!(
        refused.text().contains("drivers.fake"),
        "{}",
        refused.text()
    );

    let server = Setup::new().env("ASSAY_DRIVERS__FAKE", true).start().await;
    let client = server.client();
    let wrong = create(client, pair, 1, json!({"delay": -1}))
        .await
        .expect(400);
    assert!(wrong.text().contains("delay"), "{}", wrong.text());
    let control = key(create(client, pair, 1, json!({"delay": 0.01})).await);
    let said = introspect(client, 712, control, "1").await;
    assert!(!says(&said, "no boot override was set"), "{said:?}");
    assert!(server.log().contains("the fake driver is in use"));
}

#[tokio::test]
async fn a_pdu_needs_a_profile_and_no_code() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("ours.toml"), example(false)).unwrap();
    fs::write(folder.path().join("whole.toml"), example(true)).unwrap();
    fs::write(folder.path().join("README"), "no profile").unwrap();
    let setup = || Setup::new().env("ASSAY_DRIVERS__PDU_PROFILES", folder.path().display());
    let pair = ["RackPDU", "snmp"];
    let ours = json!({"profile": "ours"});

    let server = setup().start().await;
    let client = server.client();
    let made = create(client, pair, 161, ours.clone()).await.expect(200);
    assert_eq!(made.json()["power_control"]["coils_count"], 8);
    let reply = create(client, pair, 161, json!({"profile": "theirs"})).await;
    let text = reply.expect(400).text();
    assert!(
        text.contains("ours") && text.contains("apc-rpdu2"),
        "{text}"
    );

    let server = Setup::new().start().await;
    let reply = create(server.client(), pair, 161, ours).await.expect(400);
    assert!(!reply.text().contains("ours,"), "{}", reply.text());

    fs::write(folder.path().join("odd.toml"), "title = 3").unwrap();
    let text = refusal(
        &setup()
            .command(&["serve", "--auth", "none"])
            .output()
            .unwrap(),
    );
    assert!(
        text.contains("'odd'") && text.contains("pdu_profiles"),
        "{text}"
    );
}

#[tokio::test]
async fn a_pdu_has_as_many_outputs_as_its_profile_or_its_settings_say() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("ours.toml"), example(false)).unwrap();
    let server = Setup::new()
        .env("ASSAY_DRIVERS__PDU_PROFILES", folder.path().display())
        .start()
        .await;
    let client = server.client();
    let pair = ["RackPDU", "snmp"];
    let node = json!({"node": {"name": "fed"}});
    let node = client.post("/v1/nodes/", &node).await.expect(200).json();
    let assignments = format!("/v1/nodes/{}/power-controls/", node["node"]["id"]);
    for (settings, count) in [
        (json!({}), 64),
        (json!({"profile": "raritan-px2"}), 64),
        (json!({"profile": "raritan-px2", "outputs": 72}), 72),
        (json!({"profile": "ours"}), 8),
        (json!({"profile": "ours", "outputs": 4}), 4),
    ] {
        let made = create(client, pair, 161, settings.clone()).await;
        let made = made.expect(200).json()["power_control"].clone();
        assert_eq!(made["coils_count"], count, "{settings}");
        let coils = made["coil_map"].as_object().unwrap();
        assert_eq!(coils.len(), count, "{settings}");
        for (output, status) in [(count + 1, 400), (count, 200)] {
            let output = output.to_string();
            let body = json!({"power_control_id": made["id"], "power_control_port": output});
            let reply = client.post(&assignments, &body).await;
            assert_eq!(reply.status, status, "{}", reply.text());
        }
    }
    for (settings, most) in [
        (json!({"profile": "ours", "outputs": 9}), "8 at the most"),
        (json!({"outputs": 1025}), "from 1 to 1024"),
    ] {
        let text = create(client, pair, 161, settings).await.expect(400).text();
        assert!(text.contains(most), "{text}");
    }
}

#[tokio::test]
async fn a_silent_pdu_is_told_of_by_assay_and_not_by_the_library() {
    let setup = Setup::new().env("ASSAY_BMC_REQUEST_TIMEOUT", 0.2);
    let server = setup.start().await;
    let client = server.client();
    // Nobody listens at a port that was free a moment ago.
    let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let port = socket.local_addr().unwrap().port();
    drop(socket);
    let pair = ["RackPDU", "snmp"];
    let control = key(create(client, pair, port, json!({"profile": "eaton-epdu"})).await);
    let node = Machine::numbered(713).enrol(client, "silent").await;
    let body = json!({"power_control_id": control, "power_control_port": "1"});
    let path = format!("/v1/nodes/{}", node["id"]);
    let assigned = client.post(&format!("{path}/power-controls/"), &body).await;
    let _ = assigned.expect(200);
    let reply = client.post_empty(&format!("{path}/actions/power-on")).await;
    assert!(reply.text().contains("did not answer"), "{}", reply.text());
    let log = server.log();
    assert!(
        !log.contains("async_snmp") && !log.contains(PASSWORD),
        "{log}"
    );
}

/// What a server says that does not start.
fn refusal(output: &Output) -> String {
    assert!(!output.status.success());
    String::from_utf8_lossy(&output.stderr).into_owned()
}
