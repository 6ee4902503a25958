//! CloudManager's power controls: kept without their secrets shown, assigned to nodes, counted.

use assay_tests::{Client, Setup};
use serde_json::{Value, json};

const PASSWORD: &str = "canary-of-the-power-control";

async fn create(client: &Client, control: Value) -> Value {
    let body = json!({"power_control": control});
    let reply = client.post("/v1/power-controls/", &body).await;
    assert!(
        [200, 201].contains(&reply.status),
        "{}: {}",
        reply.status,
        reply.text()
    );
    assert!(!reply.text().contains(PASSWORD), "{}", reply.text());
    reply.json()["power_control"].clone()
}

fn ipmi(host: &str) -> Value {
    json!({
        "control_type": "SupermicroRackDevice", "protocol_type": "ipmi", "host": host,
        "port_number": 623, "login": "ADMIN", "password": PASSWORD,
    })
}

async fn node(client: &Client, name: &str) -> i64 {
    let reply = client
        .post("/v1/nodes/", &json!({"node": {"name": name}}))
        .await;
    reply.json()["node"]["id"].as_i64().unwrap()
}

#[tokio::test]
async fn a_power_control_is_shown_without_its_password() {
    let server = Setup::new().start().await;
    let client = server.client();
    let control = create(client, ipmi("192.0.2.33")).await;
    for (key, value) in [
        ("title", json!("ipmi://SupermicroRackDevice@192.0.2.33:623")),
        ("control_type", json!("SupermicroRackDevice")),
        ("protocol_type", json!("ipmi")),
        ("host", json!("192.0.2.33")),
        ("port_number", json!(623)),
        ("login", json!("ADMIN")),
        ("coils_count", json!(1)),
        ("used_coils_count", json!(0)),
        ("coil_map", json!({"1": null})),
        ("time_updated", Value::Null),
    ] {
        assert_eq!(control[key], value, "{key}");
    }
    let path = format!("/v1/power-controls/{}", control["id"]);
    for path in [path.as_str(), "/v1/power-controls/"] {
        let shown = client.get(path).await.expect(200).text();
        assert!(
            !shown.contains(PASSWORD) && !shown.contains("\"password\""),
            "{shown}"
        );
    }
}

#[tokio::test]
async fn a_power_control_is_changed_and_deleted() {
    let server = Setup::new().start().await;
    let client = server.client();
    let control = create(client, ipmi("192.0.2.34")).await;
    let path = format!("/v1/power-controls/{}", control["id"]);
    let body = json!({"power_control": {"title": "renamed"}});
    let changed = client.put(&path, &body).await.expect(200).json()["power_control"].clone();
    assert_eq!(changed["title"], "renamed");
    assert_eq!(changed["host"], "192.0.2.34");
    assert!(changed["time_updated"].is_string());
    let _ = client.delete(&path).await.expect(204);
    let _ = client.get(&path).await.expect(404);
}

#[tokio::test]
async fn filters_narrow_list_and_count_alike() {
    let server = Setup::new().start().await;
    let client = server.client();
    for number in 1..=4 {
        let mut control = ipmi(&format!("192.0.2.{number}"));
        control["title"] = json!(format!("t{number}"));
        create(client, control).await;
    }
    for (query, wanted) in [
        ("", 4),
        ("?host=192.0.2.2", 1),
        ("?title=t3", 1),
        ("?protocol_type=ipmi", 4),
        ("?protocol_type=snmp", 0),
        ("?port_number=623", 4),
    ] {
        let list = client
            .get(&format!("/v1/power-controls/{query}"))
            .await
            .expect(200)
            .json();
        assert_eq!(
            list["power_controls"].as_array().unwrap().len(),
            wanted,
            "{query}"
        );
        let count = client
            .get(&format!("/v1/power-controls/count{query}"))
            .await
            .expect(200);
        assert_eq!(count.json()["count"], wanted, "{query}");
    }
    let page = client
        .get("/v1/power-controls/?offset=1&limit=2")
        .await
        .expect(200)
        .json();
    let titles: Vec<&Value> = page["power_controls"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| &c["title"])
        .collect();
    assert_eq!(titles, ["t2", "t3"]);
}

#[tokio::test]
async fn types_and_protocols_are_listed() {
    let server = Setup::new().start().await;
    let types = server
        .client()
        .get("/v1/power-controls/types")
        .await
        .expect(200)
        .json();
    let types = types["types"].as_array().unwrap();
    for pair in [
        json!(["SupermicroRackDevice", "ipmi"]),
        json!(["Redfish", "redfish"]),
    ] {
        assert!(types.contains(&pair), "{pair} in {types:?}");
    }
    let reply = server
        .client()
        .get("/v1/power-controls/protocols")
        .await
        .expect(200)
        .json();
    let protocols = reply["protocols"].as_array().unwrap();
    for protocol in ["modbus", "ipmi", "snmp", "ssh", "intel_amt", "redfish"] {
        assert!(
            protocols.contains(&json!(protocol)),
            "{protocol} in {protocols:?}"
        );
    }
}

#[tokio::test]
async fn bad_power_controls_are_refused() {
    let server = Setup::new().start().await;
    let client = server.client();
    for (key, value) in [
        ("port_number", json!(0)),
        ("port_number", json!(70000)),
        ("port_number", json!("x")),
        ("control_type", json!("Toaster")),
        ("protocol_type", json!("snmp")),
        ("host", Value::Null),
        ("host", json!("")),
    ] {
        let mut control = ipmi("192.0.2.1");
        control[key] = value.clone();
        let reply = client
            .post("/v1/power-controls/", &json!({"power_control": control}))
            .await;
        assert_eq!(reply.status, 400, "{key}={value}: {}", reply.text());
        assert!(!reply.text().contains(PASSWORD), "{}", reply.text());
    }
}

/// A node with a power control assigned; gives both keys and the assignment as it was answered.
async fn assigned(client: &Client) -> (i64, Value, Value) {
    let control = create(client, ipmi("192.0.2.40")).await;
    let node_id = node(client, "assigned").await;
    let body = json!({"power_control_id": control["id"], "power_control_port": 1});
    let path = format!("/v1/nodes/{node_id}/power-controls/");
    let reply = client.post(&path, &body).await;
    assert!([200, 201].contains(&reply.status), "{}", reply.text());
    (node_id, control, reply.json()["power_control"].clone())
}

#[tokio::test]
async fn an_assignment_is_made_changed_and_dissolved() {
    let server = Setup::new().start().await;
    let client = server.client();
    let (node_id, control, made) = assigned(client).await;
    for (key, value) in [
        ("power_control_id", control["id"].clone()),
        ("power_control_port", json!("1")),
        ("power_control_title", control["title"].clone()),
        ("control_type", json!("SupermicroRackDevice")),
        ("protocol_type", json!("ipmi")),
        ("is_default", json!(true)),
        ("is_initialized", json!(false)),
    ] {
        assert_eq!(made[key], value, "{key}");
    }
    let all = format!("/v1/nodes/{node_id}/power-controls/");
    let one = format!("{all}{}", control["id"]);
    assert_eq!(
        client.get(&all).await.expect(200).json()["power_controls"],
        json!([made])
    );
    assert_eq!(
        client.get(&one).await.expect(200).json()["power_control"],
        made
    );
    let changed = client
        .put(&one, &json!({"is_default": true}))
        .await
        .expect(200)
        .json();
    assert_eq!(changed["power_control"]["is_default"], true);
    let _ = client.delete(&one).await.expect(204);
    let _ = client.get(&one).await.expect(404);
    assert_eq!(
        client.get(&all).await.expect(200).json()["power_controls"],
        json!([])
    );
}

#[tokio::test]
async fn an_assignment_is_seen_from_both_sides_and_holds_its_output() {
    let server = Setup::new().start().await;
    let client = server.client();
    let (node_id, control, _) = assigned(client).await;
    let path = format!("/v1/power-controls/{}", control["id"]);
    let shown = client.get(&path).await.expect(200).json();
    assert_eq!(shown["power_control"]["used_coils_count"], 1);
    assert_eq!(shown["power_control"]["coil_map"]["1"]["node_id"], node_id);
    let nodes = client
        .get(&format!("{path}/nodes"))
        .await
        .expect(200)
        .json();
    assert_eq!(nodes["nodes"][0]["id"], node_id);
    let shown = client
        .get(&format!("/v1/nodes/{node_id}"))
        .await
        .expect(200)
        .json();
    assert_eq!(
        shown["node"]["node_controls"][0]["power_control_id"],
        control["id"]
    );

    let other = node(client, "second").await;
    let body = json!({"power_control_id": control["id"], "power_control_port": "1"});
    let taken = client
        .post(&format!("/v1/nodes/{other}/power-controls/"), &body)
        .await;
    assert!([400, 409].contains(&taken.status), "{}", taken.text());
    let in_use = client.delete(&path).await;
    assert_eq!(in_use.status, 409, "{}", in_use.text());
}
