//! What extends CloudManager's nodes, on both databases: with_hwinfo by the last introspection, and
//! with_os_object by nothing, because no cloud is known.

use std::time::Duration;

use assay_tests::database::Database;
use assay_tests::{Client, Machine, Setup, status};
use serde_json::{Value, json};

const LIMIT: Duration = Duration::from_secs(30);

on_both!(hypervisors_are_extended_by_their_hardware);

/// The key of the class `Server`.
const SERVER: i64 = 4;

async fn introspected(client: &Client, number: u32, name: &str) -> Value {
    let machine = Machine::numbered(number);
    let node = machine.enrol(client, name).await;
    introspect(client, &machine, &node).await;
    node
}

async fn introspect(client: &Client, machine: &Machine, node: &Value) {
    let uuid = node["uuid"].as_str().unwrap();
    let _ = machine.introspect(client, uuid).await.expect(200);
    status::finished(client, uuid, LIMIT).await;
}

async fn listed(client: &Client, query: &str) -> Vec<Value> {
    let path = format!("/v1/nodes/{query}");
    let list = client.get(&path).await.expect(200).json();
    list["nodes"].as_array().unwrap().clone()
}

/// The inventory of the last introspection, as the inspector's API shows it.
async fn inventory(client: &Client, node: &Value) -> Value {
    let path = format!("/v1/introspection/{}/data", node["uuid"].as_str().unwrap());
    client.get(&path).await.expect(200).json()["inventory"].clone()
}

async fn hypervisors_are_extended_by_their_hardware(database: Database) {
    let server = Setup::new().database(&database).start().await;
    let client = server.client();
    let whole = introspected(client, 4001, "whole").await;
    let other = introspected(client, 4002, "other-class").await;
    let class = json!({"node": {"node_class_id": SERVER, "node_type_id": null}});
    let path = format!("/v1/nodes/{}", other["id"]);
    let _ = client.put(&path, &class).await.expect(200);
    Machine::numbered(4003).enrol(client, "never-seen").await;

    let nodes = listed(client, "?with_hwinfo=true").await;
    let wanted = inventory(client, &whole).await;
    assert!(wanted["cpu"].is_object() && wanted["interfaces"].is_array());
    assert_eq!(nodes[0]["hwinfo"], wanted);
    for node in &nodes[1..] {
        assert!(node.get("hwinfo").is_none(), "{}", node["name"]);
    }
    for query in ["", "?with_hwinfo=false", "?with_os_object=true"] {
        for node in listed(client, query).await {
            for key in ["hwinfo", "os_hypervisor"] {
                assert!(node.get(key).is_none(), "{query}: {}", node["name"]);
            }
        }
    }
    let one = format!(
        "/v1/nodes/{}?with_hwinfo=true&with_os_object=true",
        whole["id"]
    );
    let shown = client.get(&one).await.expect(200).json()["node"].clone();
    assert_eq!(shown["hwinfo"], wanted);
    assert!(shown.get("os_hypervisor").is_none());
    only_the_last_counts(client, &whole, &one).await;

    let bad = ["with_hwinfo=perhaps", "with_os_object=2"];
    for path in [
        "/v1/nodes/".to_owned(),
        format!("/v1/nodes/{}", whole["id"]),
    ] {
        for query in bad {
            let reply = client.get(&format!("{path}?{query}")).await.expect(400);
            let name = query.split('=').next().unwrap();
            assert!(reply.text().contains(name), "{}", reply.text());
        }
    }
    let _ = client
        .get("/v1/nodes/count?with_hwinfo=true")
        .await
        .expect(400);
}

async fn only_the_last_counts(client: &Client, node: &Value, path: &str) {
    let mut machine = Machine::numbered(4001);
    machine.macs.push("52:54:00:99:00:01".to_owned());
    introspect(client, &machine, node).await;
    let shown = client.get(path).await.expect(200).json();
    let cards = shown["node"]["hwinfo"]["interfaces"].as_array().unwrap();
    assert_eq!(cards.len(), 3);
    assert_eq!(shown["node"]["hwinfo"], inventory(client, node).await);
}
