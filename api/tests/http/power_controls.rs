//! Power controls of every kind: which settings and outputs they may have.

use serde_json::{Value, json};

use crate::support::{Server, server};

const KEY: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDguQ0kef9ruOLOF57spILmFAHORO16nCphEY60zLK5S";

fn control(pair: [&str; 2], settings: Value) -> Value {
    json!({"power_control": {
        "control_type": pair[0], "protocol_type": pair[1],
        "host": "192.0.2.1", "port_number": 4000, "settings": settings,
    }})
}

async fn created(server: &Server, pair: [&str; 2], settings: Value) -> Value {
    let body = control(pair, settings);
    let reply = server.post("/v1/power-controls/", &body).await;
    reply.expect(200).json()["power_control"].clone()
}

/// Kinds of devices, each with settings that it may have, some that it may not, and what is said of them.
fn kinds() -> [([&'static str; 2], Value, Value, &'static str); 7] {
    [
        (
            ["Redfish", "redfish"],
            json!({"system_id": "1", "tls": "plain"}),
            json!({"unit": 1}),
            "system_id",
        ),
        (
            ["SupermicroRackDevice", "ipmi"],
            json!({"cipher_suite": 17}),
            json!({"cipher_suite": 0}),
            "cipher_suite",
        ),
        (
            ["RackPDU", "snmp"],
            json!({"version": "3", "auth": "SHA-256", "profile": "apc-rpdu2"}),
            json!({"version": "3", "auth": "MD5"}),
            "MD5",
        ),
        (
            ["DaenetIP2", "snmp"],
            json!({"off_time": 3}),
            json!({"outputs": 3}),
            "not for a DaenetIP2",
        ),
        (
            ["ET7067", "modbus"],
            json!({"unit": 1, "first_coil": 0}),
            json!({"unit": 256}),
            "unit",
        ),
        (
            ["SshDevice", "ssh"],
            json!({"commands": {"on": "power on"}, "host_key": {"known": KEY}}),
            json!({"host_key": "anybody"}),
            "trust_on_first_use",
        ),
        (
            ["IntelAMT", "intel_amt"],
            json!({"tls": {"fingerprint": "ab".repeat(32)}}),
            json!({"system_id": "1"}),
            "'tls'",
        ),
    ]
}

#[rocket::async_test]
async fn every_driver_checks_its_settings() {
    let server = server().await;
    for (pair, right, wrong, named) in kinds() {
        let made = created(&server, pair, right.clone()).await;
        assert_eq!(made["settings"], right, "{pair:?}");
        let body = control(pair, wrong.clone());
        let reply = server.post("/v1/power-controls/", &body).await;
        let message = reply.expect(400).message();
        assert!(message.contains("settings: "), "{message}");
        assert!(message.contains(named), "{message}");
        let path = format!("/v1/power-controls/{}", made["id"]);
        let body = json!({"power_control": {"settings": wrong}});
        let _ = server.put(&path, &body).await.expect(400);
    }
    let fake = control(["Fake", "fake"], json!({}));
    let reply = server.post("/v1/power-controls/", &fake).await;
    let message = reply.expect(400).message();
    assert!(message.contains("drivers.fake"), "{message}");
}

#[rocket::async_test]
async fn settings_say_how_many_outputs_there_are() {
    let server = server().await;
    let node = server.enrol("switched", "52:54:00:00:00:09").await;
    let assignments = format!("/v1/nodes/{}/power-controls/", node["id"]);
    let pair = ["DaenetIP2_ACPI", "snmp"];
    let usual = created(&server, pair, json!({})).await;
    assert_eq!(usual["coils_count"], 8);
    let large = created(&server, pair, json!({"outputs": 16})).await;
    assert_eq!(large["coils_count"], 16);
    for (control, output, status) in [
        (&usual, "9", 400),
        (&usual, "x", 400),
        (&usual, "+1", 400),
        (&large, "17", 400),
        (&large, "9", 200),
    ] {
        let body = json!({"power_control_id": control["id"], "power_control_port": output});
        let reply = server.post(&assignments, &body).await;
        assert_eq!(reply.status, status, "{output}: {reply:?}");
    }
    // An output that feeds a node stays.
    let path = format!("/v1/power-controls/{}", large["id"]);
    let settings = |outputs: u8| json!({"power_control": {"settings": {"outputs": outputs}}});
    let reply = server.put(&path, &settings(8)).await.expect(400);
    assert!(reply.message().contains("'9'"), "{reply:?}");
    let _ = server.put(&path, &settings(9)).await.expect(200);
}

#[rocket::async_test]
async fn a_host_key_that_nobody_showed_is_not_there() {
    let server = server().await;
    let settings = json!({"host_key": "trust_on_first_use"});
    let control = created(&server, ["SshDevice", "ssh"], settings).await;
    let path = format!("/assay/v1/power-controls/{}/host-key", control["id"]);
    let message = server.get(&path).await.expect(404).message();
    assert!(message.contains("Host key of power control"), "{message}");
    let _ = server.delete(&path).await.expect(404);
    let observer = server.observer().await;
    let _ = observer.get(&path).await.expect(404);
    let _ = observer.delete(&path).await.expect(403);
}
