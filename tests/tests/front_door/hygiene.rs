//! Secrets stay secret: not in logs, not in replies, not in command lines, not in the database, not in
//! the broker's messages.

use std::sync::Arc;
use std::time::Duration;

use assay_queue::testing::{Heard, Listener, SharedBroker, unique_prefix};
use assay_sim::{IdleMachine, Power};
use assay_tests::canary::Canaries;
use assay_tests::server::login;
use assay_tests::{Client, Setup, lab, wait};
use serde_json::{Value, json};

const USER_PASSWORD: &str = "canary-of-the-user-77aa";
const LIMIT: Duration = Duration::from_secs(30);

#[tokio::test]
async fn no_password_and_no_token_is_written_down() {
    let setup = Setup::new()
        .authenticated()
        .env("ASSAY_LOG__LEVEL", "trace");
    setup.add_user("carol", "operator", USER_PASSWORD);
    let mut server = setup.start().await;
    let token = login(server.client(), "carol", USER_PASSWORD).await;
    let carol = server.client().with_token(&token);
    let bmc = lab::bmc(Arc::new(IdleMachine::new(lab::hardware(1))));
    let node = lab::enrol(server.client(), &bmc).await;
    let path = format!("/v1/nodes/{}/actions/power-on", node.id);
    let _ = carol.post_empty(&path).await.expect(204);
    wait::until_is(
        "the power",
        LIMIT,
        async || bmc.machine().power(),
        |power| *power == Power::On,
    )
    .await;

    // What goes wrong must not be told in full either.
    bmc.change_faults(|faults| faults.refuse_credentials = true);
    let _ = carol
        .post_empty(&format!("/v1/nodes/{}/actions/power-off", node.id))
        .await;
    let wrong = json!({"power_control": {"password": lab::BMC_PASSWORD, "port_number": "x"}});
    let reply = server
        .client()
        .put(&format!("/v1/power-controls/{}", node.control), &wrong)
        .await;
    assert!(
        !reply.text().contains(lab::BMC_PASSWORD),
        "{}",
        reply.text()
    );
    for path in ["/v1/nodes/", "/v1/power-controls/", "/metrics", "/"] {
        let text = server.client().get(path).await.text();
        assert!(
            !text.contains(lab::BMC_PASSWORD) && !text.contains(USER_PASSWORD),
            "{path}"
        );
    }
    let line = std::fs::read_to_string(format!("/proc/{}/cmdline", server.pid())).unwrap();
    assert!(!line.contains("canary"), "{line}");

    assert!(server.stop(LIMIT).await);
    let secrets = Canaries::new(&[lab::BMC_PASSWORD, USER_PASSWORD, &token]);
    assert_eq!(secrets.found_below(server.setup().data()), [""; 0]);
    assert!(
        !server.log().is_empty(),
        "nothing was logged, so nothing is proved"
    );
}

const DEVICE_PASSWORD: &str = "canary-of-the-device-91c2";
const DEVICE_KEY: &str = "canary-of-the-key-5e07";

/// Power controls of every protocol, with secrets, of devices that nobody can reach.
fn secretive(kind: usize) -> serde_json::Value {
    let (control_type, protocol, settings) = [
        ("Redfish", "redfish", json!({})),
        ("SupermicroRackDevice", "ipmi", json!({})),
        ("RackPDU", "snmp", json!({"version": "2c"})),
        ("RackPDU", "snmp", json!({"version": "3", "auth": "SHA-256"})),
        ("ET7067", "modbus", json!({})),
        (
            "SshDevice",
            "ssh",
            json!({"host_key": "trust_on_first_use", "commands": {"on": "on", "off": "off", "status": "status"}}),
        ),
        ("IntelAMT", "intel_amt", json!({})),
    ][kind]
        .clone();
    let mut control = json!({
        "control_type": control_type, "protocol_type": protocol, "settings": settings,
        "host": "127.0.0.1", "port_number": 9, "login": "assay", "password": DEVICE_PASSWORD,
    });
    if protocol == "ssh" {
        control["ssh_key"] = json!(DEVICE_KEY);
    }
    json!({"power_control": control})
}

/// A message names a task and its class of work, whatever the task is about, and nothing else.
fn only_names_a_task(message: &Heard) {
    let body: Value = serde_json::from_slice(&message.body).unwrap();
    let body = body.as_object().unwrap();
    assert_eq!(body.len(), 2, "{message:?}");
    assert!(
        body["task"].is_i64() && body["class"].is_string(),
        "{message:?}"
    );
}

/// Has a node of such a device switched on and looked at; gives all that is said of it.
async fn command(client: &Client, kind: usize) -> String {
    let mut told = String::new();
    let control = client.post("/v1/power-controls/", &secretive(kind)).await;
    let control = control.expect(200);
    told += &control.text();
    let control = control.json()["power_control"]["id"].clone();
    let node = json!({"node": {"name": format!("n{kind}")}});
    let node = client.post("/v1/nodes/", &node).await.expect(200).json();
    let node = node["node"]["id"].as_i64().unwrap();
    let body = json!({"power_control_id": control, "power_control_port": "1"});
    let path = format!("/v1/nodes/{node}/power-controls/");
    told += &client.post(&path, &body).await.expect(200).text();
    let path = format!("/v1/nodes/{node}/actions/power-on");
    told += &client.post_empty(&path).await.text();
    told += &client
        .get(&format!("/v1/nodes/{node}?refresh=true"))
        .await
        .text();
    for path in [
        format!("/assay/v1/nodes/n{kind}/power"),
        format!("/assay/v1/power-controls/{control}/gate"),
        format!("/v1/nodes/{node}/power-actions/"),
    ] {
        told += &client.get(&path).await.expect(200).text();
    }
    told
}

#[tokio::test(flavor = "multi_thread")]
async fn no_secret_of_a_device_is_written_down() {
    let broker = SharedBroker::join().await.unwrap();
    let prefix = unique_prefix();
    let listener = Listener::start(&broker.url(), &prefix).await.unwrap();
    let mut server = Setup::new()
        .env("ASSAY_QUEUE__URL", broker.url())
        .env("ASSAY_QUEUE__PREFIX", prefix)
        .env("ASSAY_LOG__LEVEL", "trace,async_snmp=trace")
        .env("ASSAY_POWER_SYNC__READ_LIMIT", 1)
        .env("ASSAY_BMC_REQUEST_TIMEOUT", 0.3)
        .start()
        .await;
    let client = server.client();
    let mut told = String::new();
    for kind in 0..7 {
        told += &command(client, kind).await;
    }
    for path in [
        "/v1/power-controls/",
        "/assay/v1/tasks",
        "/assay/v1/fleet",
        "/metrics",
    ] {
        told += &client.get(path).await.expect(200).text();
    }
    assert!(server.stop(LIMIT).await);
    let secrets = Canaries::new(&[DEVICE_PASSWORD, DEVICE_KEY]);
    assert_eq!(secrets.found_in("an answer", told.as_bytes()), [""; 0]);
    // The log and the database are among the files.
    assert_eq!(secrets.found_below(server.setup().data()), [""; 0]);
    let heard = listener.heard().await.unwrap();
    assert!(heard.len() >= 7, "one for each command: {heard:?}");
    for message in &heard {
        only_names_a_task(message);
        assert_eq!(secrets.found_in("its body", &message.body), [""; 0]);
        let envelope = message.envelope.as_bytes();
        assert_eq!(secrets.found_in("its envelope", envelope), [""; 0]);
    }
    for secret in ["canary", &broker.url()] {
        assert!(!told.contains(secret), "{told}");
        assert!(!server.log().contains(secret), "{}", server.log());
    }
}

#[tokio::test]
async fn the_key_belongs_to_its_owner_alone_and_is_needed() {
    use std::os::unix::fs::PermissionsExt;
    let mut server = Setup::new().start().await;
    let bmc = lab::bmc(Arc::new(IdleMachine::new(lab::hardware(2))));
    lab::create_control(server.client(), &bmc, lab::BMC_PASSWORD).await;
    assert!(server.stop(LIMIT).await);
    let keys: Vec<_> = std::fs::read_dir(server.setup().data())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.file_name().unwrap().to_string_lossy().contains("key"))
        .collect();
    assert!(!keys.is_empty());
    for key in &keys {
        let mode = std::fs::metadata(key).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{}", key.display());
        std::fs::remove_file(key).unwrap();
    }
    let arguments = ["serve", "--listen", "127.0.0.1:0", "--auth", "none"];
    let output = server.setup().command(&arguments).output().unwrap();
    assert!(!output.status.success(), "it started without its key");
    assert!(String::from_utf8_lossy(&output.stderr).contains("key"));
}
