//! Rules: kept as they were given, shown short and whole, and obeyed.

use std::time::Duration;

use assay_tests::{Client, Machine, Setup, status};
use serde_json::{Value, json};

const LIMIT: Duration = Duration::from_secs(20);

async fn create(client: &Client, rule: &Value) -> Value {
    client.post("/v1/rules", rule).await.expect(201).json()
}

/// Enrols and introspects one machine; gives its status and its node.
async fn introspected(client: &Client) -> (Value, Value) {
    let machine = Machine::numbered(3);
    let node = machine.enrol(client, "ruled").await;
    let uuid = node["uuid"].as_str().unwrap();
    let _ = machine.introspect(client, uuid).await.expect(200);
    let status = status::ended(client, uuid, LIMIT).await;
    let path = format!("/v1/nodes/{}", node["id"]);
    (
        status,
        client.get(&path).await.expect(200).json()["node"].clone(),
    )
}

#[tokio::test]
async fn a_rule_is_shown_short_in_the_list_and_whole_alone() {
    let server = Setup::new().start().await;
    let client = server.client();
    let given = json!({
        "uuid": "7459bf7c-9ff9-43a8-ba9f-48542ecda66c",
        "description": "four processors",
        "scope": "lab",
        "conditions": [{"op": "eq", "field": "cpus", "value": 4}],
        "actions": [{"action": "set-attribute", "path": "/extra/seen", "value": "yes"}],
    });
    let rule = create(client, &given).await;
    for key in ["uuid", "description", "scope", "actions"] {
        assert_eq!(rule[key], given[key], "{key}");
    }
    let condition =
        json!({"op": "eq", "field": "cpus", "value": 4, "invert": false, "multiple": "any"});
    assert_eq!(rule["conditions"], json!([condition]));
    assert_eq!(rule["links"][0]["rel"], "self");

    let list = client.get("/v1/rules").await.expect(200).json();
    let short = &list["rules"][0];
    assert_eq!(short["uuid"], given["uuid"]);
    assert_eq!(short["description"], given["description"]);
    assert!(short.get("conditions").is_none(), "{short}");
    let whole = client
        .get("/v1/rules/7459bf7c-9ff9-43a8-ba9f-48542ecda66c")
        .await;
    assert_eq!(whole.expect(200).json(), rule);

    let again = client.post("/v1/rules", &given).await;
    assert!([400, 409].contains(&again.status), "{}", again.text());
}

#[tokio::test]
async fn rules_are_deleted_one_by_one_and_all_at_once() {
    let server = Setup::new().start().await;
    let client = server.client();
    let rule = json!({"conditions": [], "actions": [{"action": "fail", "message": "no"}]});
    let first = create(client, &rule).await["uuid"]
        .as_str()
        .unwrap()
        .to_owned();
    create(client, &rule).await;
    create(client, &rule).await;
    let path = format!("/v1/rules/{first}");
    assert!(client.delete(&path).await.expect(204).body.is_empty());
    let _ = client.delete(&path).await.expect(404);
    let left = client.get("/v1/rules").await.expect(200).json();
    assert_eq!(left["rules"].as_array().unwrap().len(), 2);
    let _ = client.delete("/v1/rules").await.expect(204);
    assert_eq!(client.get("/v1/rules").await.json()["rules"], json!([]));
}

#[tokio::test]
async fn actions_reach_the_node() {
    let server = Setup::new().start().await;
    let client = server.client();
    create(client, &json!({
        "conditions": [
            {"op": "ge", "field": "memory_mb", "value": 4096},
            {"op": "matches", "field": "data://inventory.system_vendor.manufacturer", "value": "Ven.*"},
            {"op": "is-empty", "field": "node://extra.never_set"},
        ],
        "actions": [
            {"action": "set-attribute", "path": "/description",
             "value": "{data[inventory][system_vendor][product_name]} with {data[cpus]}"},
        ],
    })).await;
    let (status, node) = introspected(client).await;
    assert_eq!(status["error"], Value::Null, "{status}");
    assert_eq!(node["description"], "Product with 4");
}

#[tokio::test]
async fn a_rule_that_fails_ends_the_introspection_with_its_words() {
    let server = Setup::new().start().await;
    let client = server.client();
    create(
        client,
        &json!({
            "conditions": [{"op": "lt", "field": "memory_mb", "value": 16384}],
            "actions": [{"action": "fail", "message": "too little memory"}],
        }),
    )
    .await;
    let (status, _) = introspected(client).await;
    assert!(
        status["error"]
            .as_str()
            .unwrap()
            .contains("too little memory"),
        "{status}"
    );
}

#[tokio::test]
async fn a_rule_of_another_scope_does_not_touch_the_node() {
    let server = Setup::new().start().await;
    let client = server.client();
    create(
        client,
        &json!({
            "scope": "elsewhere", "conditions": [],
            "actions": [{"action": "fail", "message": "not for you"}],
        }),
    )
    .await;
    let (status, _) = introspected(client).await;
    assert_eq!(status["error"], Value::Null, "{status}");
}
