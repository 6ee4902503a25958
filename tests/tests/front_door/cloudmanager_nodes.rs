//! CloudManager's nodes: enrolling, listing with filters, counting, changing, deleting.

use assay_tests::{Client, Setup};
use serde_json::{Value, json};

async fn create(client: &Client, node: Value) -> Value {
    let reply = client.post("/v1/nodes/", &json!({"node": node})).await;
    assert!(
        [200, 201].contains(&reply.status),
        "{}: {}",
        reply.status,
        reply.text()
    );
    reply.json()["node"].clone()
}

async fn names(client: &Client, query: &str) -> Vec<String> {
    let list = client
        .get(&format!("/v1/nodes/{query}"))
        .await
        .expect(200)
        .json();
    let nodes = list["nodes"].as_array().unwrap();
    nodes
        .iter()
        .map(|node| node["name"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn a_new_node_is_shown_with_all_its_fields() {
    let server = Setup::new().start().await;
    let node = create(
        server.client(),
        json!({
            "name": "whole", "title": "Whole", "description": "d", "owner": "o",
            "dtc_number": 1, "row_number": 2, "rack_number": 3, "unit_number": 4,
            "cpu_amount": 8, "ram_mb": 1024, "hdd_gb": 10, "mac_address": "52:54:00:00:00:01",
            "ip_addresses": ["192.0.2.1"], "condition": 1, "metadata": {"cpu_benchmark": 5},
        }),
    )
    .await;
    for (key, value) in [
        ("name", json!("whole")),
        ("title", json!("Whole")),
        ("description", json!("d")),
        ("owner", json!("o")),
        ("dtc_number", json!(1)),
        ("row_number", json!(2)),
        ("rack_number", json!(3)),
        ("unit_number", json!(4)),
        ("cpu_amount", json!(8)),
        ("ram_mb", json!(1024)),
        ("hdd_gb", json!(10)),
        ("mac_address", json!("52:54:00:00:00:01")),
        ("condition", json!(1)),
        ("active", json!(true)),
        ("is_reserved", json!(false)),
        ("is_controller", json!(false)),
        ("power_state", Value::Null),
        ("node_controls", json!([])),
    ] {
        assert_eq!(node[key], value, "{key}");
    }
    assert_eq!(node["node_class"]["name"], "hypervisor");
    assert_eq!(node["uuid"].as_str().unwrap().len(), 36);
    for key in [
        "image",
        "node_type",
        "hypervisor_id",
        "controller_id",
        "controller_type",
        "inventory_code",
        "cpu_allocation_ratio",
        "ram_allocation_ratio",
    ] {
        assert!(node.as_object().unwrap().contains_key(key), "{key}");
    }
    let path = format!("/v1/nodes/{}", node["id"]);
    let same = server.client().get(&path).await.expect(200).json();
    assert_eq!(same["node"]["uuid"], node["uuid"]);
}

#[tokio::test]
async fn filters_narrow_list_and_count_alike() {
    let server = Setup::new().start().await;
    let client = server.client();
    for number in 1..=6 {
        let owner = if number % 2 == 0 { "even" } else { "odd" };
        create(
            client,
            json!({
                "name": format!("n{number}"), "owner": owner, "rack_number": number,
                "ram_mb": number * 1024, "condition": number % 5,
                "mac_address": format!("52:54:00:00:00:0{number}"), "is_reserved": number == 6,
            }),
        )
        .await;
    }
    for (query, wanted) in [
        ("", vec!["n1", "n2", "n3", "n4", "n5", "n6"]),
        ("?owner=even", vec!["n2", "n4", "n6"]),
        ("?owner=even&rack_number=4", vec!["n4"]),
        ("?name=n3", vec!["n3"]),
        ("?ram_mb=5120", vec!["n5"]),
        ("?is_reserved=true", vec!["n6"]),
        ("?condition=1", vec!["n1", "n6"]),
        ("?mac_address=52:54:00:00:00:02", vec!["n2"]),
        ("?name=nobody", vec![]),
    ] {
        assert_eq!(names(client, query).await, wanted, "{query}");
        let count = client
            .get(&format!("/v1/nodes/count{query}"))
            .await
            .expect(200)
            .json();
        assert_eq!(count["count"], wanted.len(), "{query}");
    }
    assert_eq!(names(client, "?offset=2&limit=3").await, ["n3", "n4", "n5"]);
    assert_eq!(names(client, "?limit=0").await.len(), 0);
}

#[tokio::test]
async fn a_bad_filter_is_a_400() {
    let server = Setup::new().start().await;
    for query in [
        "limit=abc",
        "offset=-1",
        "rack_number=x",
        "is_reserved=perhaps",
        "condition=9",
        "power_state=on-fire",
    ] {
        for path in ["/v1/nodes/", "/v1/nodes/count"] {
            let reply = server.client().get(&format!("{path}?{query}")).await;
            let pages = path.ends_with("count")
                && (query.starts_with("limit") || query.starts_with("offset"));
            assert!(
                reply.status == 400 || pages,
                "{path}?{query}: {}",
                reply.status
            );
        }
    }
}

#[tokio::test]
async fn no_list_takes_a_filter_that_it_does_not_know() {
    let server = Setup::new().start().await;
    let client = server.client();
    let _ = create(client, json!({"name": "n"})).await;
    let control = json!({"power_control": {
        "control_type": "SupermicroRackDevice", "protocol_type": "ipmi", "host": "192.0.2.1",
        "port_number": 623,
    }});
    let path = "/v1/power-controls/";
    let _ = client.post(path, &control).await.expect(200);
    for path in [
        "nodes/",
        "nodes/count",
        "nodes/1/power-actions/",
        "nodes/1/power-controls/",
        "node-classes/",
        "node-classes/count",
        "node-classes/1/types/",
        "node-images/",
        "node-images/count",
        "power-controls/",
        "power-controls/count",
        "power-controls/1/nodes",
        "availability-storages/",
        "availability-storages/count",
        "tasks",
    ] {
        let _ = client.get(&format!("/v1/{path}")).await.expect(200);
        let reply = client.get(&format!("/v1/{path}?colour=1")).await;
        let text = reply.expect(400).text();
        assert!(text.contains("'colour'"), "{path}: {text}");
    }
}

#[tokio::test]
async fn a_change_touches_only_what_it_names() {
    let server = Setup::new().start().await;
    let client = server.client();
    let node = create(
        client,
        json!({"name": "before", "title": "t", "rack_number": 7}),
    )
    .await;
    let path = format!("/v1/nodes/{}", node["id"]);
    let changed = client
        .put(&path, &json!({"node": {"name": "after"}}))
        .await
        .expect(200)
        .json();
    assert_eq!(changed["node"]["name"], "after");
    assert_eq!(changed["node"]["title"], "t");
    assert_eq!(changed["node"]["rack_number"], 7);
    assert_eq!(changed["node"]["uuid"], node["uuid"]);
}

#[tokio::test]
async fn bad_nodes_are_refused() {
    let server = Setup::new().start().await;
    let client = server.client();
    create(client, json!({"name": "taken"})).await;
    for body in [
        json!({}),
        json!([]),
        json!({"node": []}),
        json!({"node": {"rack_number": 100}}),
        json!({"node": {"rack_number": 0}}),
        json!({"node": {"condition": 5}}),
        json!({"node": {"mac_address": "not a mac"}}),
        json!({"node": {"active": "perhaps"}}),
        json!({"node": {"node_class_id": 999_999}}),
        json!({"node": {"no_such_field": 1}}),
    ] {
        let reply = client.post("/v1/nodes/", &body).await;
        assert_eq!(reply.status, 400, "{body}: {}", reply.text());
    }
    let twice = client
        .post("/v1/nodes/", &json!({"node": {"name": "taken"}}))
        .await;
    assert!([400, 409].contains(&twice.status), "{}", twice.text());
    assert_eq!(client.get("/v1/nodes/count").await.json()["count"], 1);
    for path in ["/v1/nodes/999999", "/v1/nodes/abc"] {
        let reply = client.get(path).await;
        assert!(
            [400, 404, 422].contains(&reply.status),
            "{path}: {}",
            reply.status
        );
    }
}

#[tokio::test]
async fn a_deleted_node_is_gone_in_both_dialects() {
    let server = Setup::new().start().await;
    let client = server.client();
    let node = create(client, json!({"name": "gone"})).await;
    let path = format!("/v1/nodes/{}", node["id"]);
    assert!(client.delete(&path).await.expect(204).body.is_empty());
    let _ = client.get(&path).await.expect(404);
    let _ = client.delete(&path).await.expect(404);
    let uuid = node["uuid"].as_str().unwrap();
    let _ = client
        .post_empty(&format!("/v1/introspection/{uuid}"))
        .await
        .expect(404);
}

#[tokio::test]
async fn a_node_under_introspection_is_not_deleted() {
    let server = Setup::new().start().await;
    let client = server.client();
    let node = create(
        client,
        json!({"name": "busy", "mac_address": "52:54:00:00:00:09"}),
    )
    .await;
    let start = "/v1/introspection/busy?manage_boot=0";
    let _ = client.post_empty(start).await.expect(202);
    let _ = client
        .delete(&format!("/v1/nodes/{}", node["id"]))
        .await
        .expect(409);
}

#[tokio::test]
async fn paths_work_with_and_without_the_last_slash() {
    let server = Setup::new().start().await;
    for path in [
        "/v1/nodes",
        "/v1/nodes/",
        "/v1/power-controls",
        "/v1/power-controls/",
    ] {
        let _ = server.client().get(path).await.expect(200);
    }
}
