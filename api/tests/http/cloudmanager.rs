//! CloudManager's API: nodes, filters, power controls, tasks.

use serde_json::{Value, json};

use crate::support::{Server, server};

async fn names(server: &Server, query: &str) -> Vec<String> {
    let list = server
        .get(&format!("/v1/nodes/{query}"))
        .await
        .expect(200)
        .json();
    let nodes = list["nodes"].as_array().unwrap().iter();
    nodes
        .map(|node| node["name"].as_str().unwrap().to_owned())
        .collect()
}

#[rocket::async_test]
async fn a_node_shows_what_the_document_shows_its_uuid_and_the_age_of_its_power() {
    let server = server().await;
    let node = server.enrol("shown", "52-54-00-00-00-0A").await;
    let keys: Vec<&str> = node
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    let wanted = [
        "active",
        "condition",
        "controller_id",
        "controller_type",
        "created_at",
        "cpu_amount",
        "cpu_allocation_ratio",
        "description",
        "dtc_number",
        "hdd_gb",
        "hypervisor_id",
        "id",
        "image",
        "image_id",
        "inventory_code",
        "ip_addresses",
        "is_controller",
        "is_reserved",
        "mac_address",
        "name",
        "node_class",
        "node_controls",
        "node_type",
        "nodesafe",
        "owner",
        "power_state",
        "power_state_age",
        "power_state_observed_at",
        "power_transition",
        "rack_number",
        "ram_mb",
        "ram_allocation_ratio",
        "row_number",
        "title",
        "unit_number",
        "uuid",
    ];
    assert_eq!(keys, wanted);
    assert_eq!(node["mac_address"], "52:54:00:00:00:0a");
    assert_eq!(
        node["node_class"],
        json!({"id": 1, "is_default": true, "name": "hypervisor"})
    );
    assert_eq!(node["image"], json!({"id": 1, "name": "default"}));
    assert_eq!(node["power_state"], Value::Null);
    let path = format!(
        "/v1/nodes/{}?with_hwinfo=true&with_os_object=true",
        node["id"]
    );
    assert_eq!(server.get(&path).await.expect(200).json()["node"], node);
}

#[rocket::async_test]
async fn filters_take_operators() {
    let server = server().await;
    for number in 1..=5 {
        let owner = if number % 2 == 0 {
            json!("even")
        } else {
            Value::Null
        };
        let body = json!({"node": {"name": format!("n{number}"), "rack_number": number,
            "owner": owner, "ram_mb": number * 1024, "power_state": "power_off"}});
        server.post("/v1/nodes", &body).await.expect(200);
    }
    for (query, wanted) in [
        ("?rack_number=ge:2&rack_number=lt:4", vec!["n2", "n3"]),
        ("?name=in:n1,n5", vec!["n1", "n5"]),
        ("?name=nin:n1,n5,n3", vec!["n2", "n4"]),
        ("?name=like:n%25&owner=even", vec!["n2", "n4"]),
        ("?owner=null:true", vec!["n1", "n3", "n5"]),
        ("?ram_mb=gt:4096", vec!["n5"]),
        ("?power_state=power_on", vec![]),
        ("?power_state=power_off&offset=1&limit=2", vec!["n2", "n3"]),
    ] {
        assert_eq!(names(&server, query).await, wanted, "{query}");
    }
    let count = server
        .get("/v1/nodes/count?owner=null:false")
        .await
        .expect(200);
    assert_eq!(count.json(), json!({"count": 2}));
    for (query, word) in [
        ("colour=red", "colour"),
        ("rack_number=100", "rack_number"),
        ("condition=5", "condition"),
        ("is_reserved=gt:true", "is_reserved"),
        ("limit=-1", "limit"),
        ("with_hwinfo=perhaps", "with_hwinfo"),
    ] {
        let reply = server.get(&format!("/v1/nodes?{query}")).await.expect(400);
        assert!(reply.message().contains(word), "{query}: {reply:?}");
        assert_eq!(reply.json()["error"]["title"], "Bad Request");
    }
}

#[rocket::async_test]
async fn nodes_are_changed_and_deleted() {
    let server = server().await;
    let node = server.enrol("before", "52:54:00:00:00:01").await;
    let path = format!("/v1/nodes/{}", node["id"]);
    let body = json!({"node": {"title": "t", "mac_address": null}});
    let changed = server.put(&path, &body).await.expect(200).json()["node"].clone();
    assert_eq!(
        (&changed["title"], &changed["name"]),
        (&json!("t"), &json!("before"))
    );
    let unknown = server.put(&path, &json!({"node": {"colour": "red"}})).await;
    assert!(unknown.expect(400).message().contains("colour"));
    server.enrol("taken", "52:54:00:00:00:02").await;
    let taken = json!({"node": {"name": "taken"}});
    server.put(&path, &taken).await.expect(409);
    server.delete(&path).await.expect(204);
    server.get(&path).await.expect(404);
    server.put(&path, &taken).await.expect(404);
}

fn redfish() -> Value {
    json!({"power_control": {"control_type": "Redfish", "protocol_type": "redfish",
        "host": "192.0.2.1", "port_number": "443", "login": "ADMIN", "password": "hidden-word",
        "settings": {"tls": "insecure"}}})
}

#[rocket::async_test]
async fn a_power_control_keeps_its_secrets() {
    let server = server().await;
    let reply = server
        .post("/v1/power-controls", &redfish())
        .await
        .expect(200);
    assert!(!reply.text.contains("hidden-word"));
    let control = reply.json()["power_control"].clone();
    assert_eq!(control["title"], "redfish://Redfish@192.0.2.1:443");
    assert_eq!(control["coil_map"], json!({"1": null}));
    assert_eq!(control["port_number"], 443);
    assert_eq!(control["settings"], json!({"tls": "insecure"}));
    let path = format!("/v1/power-controls/{}", control["id"]);
    assert!(
        !server
            .get(&path)
            .await
            .expect(200)
            .text
            .contains("hidden-word")
    );
    let list = server
        .get("/v1/power-controls?port_number=443")
        .await
        .expect(200);
    assert_eq!(list.json()["power_controls"][0], control);
    let since = "/v1/power-controls/count?created_at=ge:2018-10-17T12:18:35";
    assert_eq!(server.get(since).await.expect(200).json()["count"], 1);
    let mut odd = redfish();
    odd["power_control"]["colour"] = json!("red");
    let reply = server.post("/v1/power-controls", &odd).await.expect(400);
    assert!(reply.message().contains("colour"));
}

#[rocket::async_test]
async fn a_power_control_feeds_a_node() {
    let server = server().await;
    server
        .post("/v1/power-controls", &redfish())
        .await
        .expect(200);
    let node = server.enrol("fed", "52:54:00:00:00:01").await;
    let all = format!("/v1/nodes/{}/power-controls", node["id"]);
    let body = json!({"power_control_id": 1, "power_control_port": 1});
    let made = server.post(&all, &body).await.expect(200).json()["power_control"].clone();
    assert_eq!(made["power_control_port"], "1");
    assert_eq!(made["is_default"], true);
    let one = format!("{all}/1");
    assert_eq!(
        server.get(&one).await.expect(200).json()["power_control"],
        made
    );
    let control = server.get("/v1/power-controls/1").await.expect(200).json();
    assert_eq!(
        control["power_control"]["coil_map"]["1"]["node_name"],
        "fed"
    );
    assert_eq!(control["power_control"]["used_coils_count"], 1);
    let nodes = server
        .get("/v1/power-controls/1/nodes")
        .await
        .expect(200)
        .json();
    assert_eq!(nodes["nodes"][0]["node_controls"], json!([made]));
    server.delete("/v1/power-controls/1").await.expect(409);
    server.delete(&one).await.expect(204);
    server.delete("/v1/power-controls/1").await.expect(204);
}

#[rocket::async_test]
async fn a_node_without_a_power_control_cannot_be_switched() {
    let server = server().await;
    let node = server.enrol("cold", "52:54:00:00:00:01").await;
    for action in ["power-on", "power-off", "reset"] {
        let path = format!("/v1/nodes/{}/actions/{action}", node["id"]);
        let reply = server.post_empty(&path).await;
        assert!((400..500).contains(&reply.status), "{action}: {reply:?}");
    }
    server
        .post_empty("/v1/nodes/99/actions/reset")
        .await
        .expect(404);
    let path = format!("/v1/nodes/{}/power-actions/", node["id"]);
    assert_eq!(
        server.get(&path).await.expect(200).json()["power_actions"],
        json!([])
    );
    server.get(&format!("{path}1")).await.expect(404);
}

#[rocket::async_test]
async fn tasks_are_listed_by_id() {
    let server = server().await;
    assert_eq!(
        server.get("/v1/tasks").await.expect(200).json(),
        json!({"tasks": []})
    );
    server
        .get("/v1/tasks/3519adaf-7669-499e-88eb-8f05f64514e2")
        .await
        .expect(404);
    server.waiting("busy", "52:54:00:00:00:01").await;
    server
        .post_empty("/v1/introspection/busy/abort")
        .await
        .expect(202);
    let tasks = server.get("/v1/tasks/").await.expect(200).json();
    let path = format!("/v1/tasks/{}", tasks["tasks"][0].as_str().unwrap());
    let task = server.get(&path).await.expect(200).json();
    assert_eq!(
        task,
        json!({"status": "PENDING", "name": "introspection.leave", "progress": []})
    );
}
