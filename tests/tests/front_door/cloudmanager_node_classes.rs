//! CloudManager's node classes and their types, on both databases.

use assay_tests::database::Database;
use assay_tests::{Client, Setup};
use serde_json::{Value, json};

on_both!(
    the_built_in_classes_are_those_of_the_document,
    a_class_lives_as_the_document_shows,
    types_live_within_their_class,
    what_nodes_use_stays,
    filters_narrow_list_and_count_alike,
    bad_classes_and_types_are_refused,
);

/// The built-in classes with their types, in the order of their keys.
const BUILT_IN: [(&str, &[&str]); 4] = [
    (
        "hypervisor",
        &["", "QEMU", "KVM", "Docker", "Xen", "VMware", "HyperV"],
    ),
    (
        "Storage host",
        &["", "Ceph", "mdraid", "bcashed", "GlusterFS", "Sheepdog"],
    ),
    (
        "Network host",
        &["", "Network node", "Commutator", "Router"],
    ),
    (
        "Server",
        &["", "Controller node", "PXE", "DHCP", "DNS", "NTP"],
    ),
];

/// Creates a class as the document's example does.
async fn create(client: &Client, name: &str, types: &[&str]) -> Value {
    let body = json!({"node_class": {"name": name, "node_types": types}});
    let reply = client.post("/v1/node-classes/", &body).await.expect(200);
    assert_eq!(reply.header("Content-Type"), Some("application/json"));
    reply.json()["node_class"].clone()
}

async fn node(client: &Client, fields: Value) -> Value {
    let reply = client.post("/v1/nodes/", &json!({"node": fields})).await;
    reply.expect(200).json()["node"].clone()
}

async fn the_built_in_classes_are_those_of_the_document(database: Database) {
    let server = Setup::new().database(&database).start().await;
    let mut type_id = 0;
    let mut wanted = Vec::new();
    for (index, (name, types)) in BUILT_IN.iter().enumerate() {
        let types: Vec<Value> = types
            .iter()
            .map(|name| {
                type_id += 1;
                json!({"id": type_id, "name": name})
            })
            .collect();
        wanted.push(json!({
            "id": index + 1, "is_default": index == 0, "name": name, "node_types": types,
        }));
    }
    for path in ["/v1/node-classes", "/v1/node-classes/"] {
        let list = server.client().get(path).await.expect(200);
        assert_eq!(list.header("Content-Type"), Some("application/json"));
        assert_eq!(list.json(), json!({"node_classes": wanted}));
    }
    let count = server.client().get("/v1/node-classes/count").await;
    assert_eq!(count.expect(200).json(), json!({"count": 4}));
}

async fn a_class_lives_as_the_document_shows(database: Database) {
    let server = Setup::new().database(&database).start().await;
    let client = server.client();
    let made = create(client, "test_class", &["type1", "type2"]).await;
    let (id, types) = (made["id"].clone(), made["node_types"].clone());
    assert_eq!(
        made,
        json!({"id": id, "is_default": false, "name": "test_class", "node_types": types})
    );
    assert_eq!(types[0]["name"], "type1");
    assert_eq!(types[1]["name"], "type2");
    let path = format!("/v1/node-classes/{id}");
    let shown = client.get(&path).await.expect(200).json();
    assert_eq!(shown, json!({"node_class": made}));

    let renamed = json!({"node_class": {"name": "test_class_renamed"}});
    let changed = client.put(&path, &renamed).await.expect(200).json();
    assert_eq!(changed["node_class"]["name"], "test_class_renamed");
    assert_eq!(changed["node_class"]["node_types"], types);
    // The list of types is all of them from now on; what stays keeps its key.
    let others = json!({"node_class": {"node_types": ["type2", "type3"]}});
    let changed = client.put(&path, &others).await.expect(200).json();
    let now = &changed["node_class"]["node_types"];
    assert_eq!(now[0], types[1]);
    assert_eq!(now[1]["name"], "type3");
    assert_eq!(now.as_array().unwrap().len(), 2);

    assert!(client.delete(&path).await.expect(204).body.is_empty());
    for gone in [client.get(&path).await, client.delete(&path).await] {
        let gone = gone.expect(404).json();
        assert_eq!(gone["error"]["code"], 404);
        assert_eq!(gone["error"]["title"], "Not Found");
    }
    let _ = client.put(&path, &renamed).await.expect(404);
}

async fn types_live_within_their_class(database: Database) {
    let server = Setup::new().database(&database).start().await;
    let client = server.client();
    let class = create(client, "test_class", &["type1"]).await;
    let all = format!("/v1/node-classes/{}/types/", class["id"]);
    let new = json!({"node_type": {"name": "new_type"}});
    let made = client.post(&all, &new).await.expect(200).json()["node_type"].clone();
    assert_eq!(made, json!({"id": made["id"], "name": "new_type"}));
    let _ = client.post(&all, &new).await.expect(409);
    let nameless = json!({"node_type": {}});
    let nameless = client.post(&all, &nameless).await.expect(200).json();
    assert_eq!(nameless["node_type"]["name"], "");

    let one = format!("{all}{}", made["id"]);
    let renamed = json!({"node_type": {"name": "type_renamed"}});
    let changed = client.put(&one, &renamed).await.expect(200).json();
    assert_eq!(
        changed,
        json!({"node_type": {"id": made["id"], "name": "type_renamed"}})
    );
    let taken = json!({"node_type": {"name": "type1"}});
    let _ = client.put(&one, &taken).await.expect(409);
    let same = client.put(&one, &json!({"node_type": {}})).await;
    assert_eq!(same.expect(200).json(), changed);

    let list = client.get(&all).await.expect(200).json();
    let names: Vec<&Value> = list["node_types"]
        .as_array()
        .unwrap()
        .iter()
        .map(|kind| &kind["name"])
        .collect();
    assert_eq!(names, ["type1", "type_renamed", ""]);
    assert_eq!(client.get(all.trim_end_matches('/')).await.json(), list);

    // A type is found in its own class only.
    let foreign = format!("/v1/node-classes/1/types/{}", made["id"]);
    let _ = client.put(&foreign, &renamed).await.expect(404);
    let _ = client.delete(&foreign).await.expect(404);
    assert!(client.delete(&one).await.expect(204).body.is_empty());
    let _ = client.delete(&one).await.expect(404);
    let nowhere = "/v1/node-classes/999/types/";
    let _ = client.get(nowhere).await.expect(404);
    let _ = client.post(nowhere, &new).await.expect(404);
}

async fn what_nodes_use_stays(database: Database) {
    let server = Setup::new().database(&database).start().await;
    let client = server.client();
    let default = client.delete("/v1/node-classes/1").await.expect(409);
    assert!(default.text().contains("new nodes"), "{}", default.text());

    let class = create(client, "used", &["a", "b"]).await;
    for number in 0..12 {
        let fields = json!({"name": format!("n{number}"), "node_class_id": class["id"]});
        let made = node(client, fields).await;
        assert_eq!(made["node_type"], class["node_types"][0]);
    }
    let path = format!("/v1/node-classes/{}", class["id"]);
    let kind = format!("{path}/types/{}", class["node_types"][0]["id"]);
    let without = json!({"node_class": {"node_types": ["b"]}});
    for refused in [
        client.delete(&path).await,
        client.delete(&kind).await,
        client.put(&path, &without).await,
    ] {
        let text = refused.expect(409).text();
        assert!(
            text.contains("n0, n1") && text.contains("n9 and more"),
            "{text}"
        );
        assert!(!text.contains("n10"), "{text}");
    }
    let shown = client.get(&path).await.expect(200).json();
    assert_eq!(
        shown["node_class"], class,
        "a refused change changes nothing"
    );
    // The other type is nobody's.
    let other = format!("{path}/types/{}", class["node_types"][1]["id"]);
    let _ = client.delete(&other).await.expect(204);
}

async fn filters_narrow_list_and_count_alike(database: Database) {
    let server = Setup::new().database(&database).start().await;
    let client = server.client();
    for (query, wanted) in [
        ("", vec![1, 2, 3, 4]),
        ("?id=2", vec![2]),
        ("?id=in:1,4", vec![1, 4]),
        ("?id=ge:3", vec![3, 4]),
        ("?name=Server", vec![4]),
        ("?name=like:%25host", vec![2, 3]),
        ("?name=nin:Server,hypervisor&id=lt:3", vec![2]),
        ("?name=null:true", vec![]),
    ] {
        let list = client.get(&format!("/v1/node-classes/{query}")).await;
        let list = list.expect(200).json();
        let ids: Vec<i64> = list["node_classes"]
            .as_array()
            .unwrap()
            .iter()
            .map(|class| class["id"].as_i64().unwrap())
            .collect();
        assert_eq!(ids, wanted, "{query}");
        let count = client.get(&format!("/v1/node-classes/count{query}")).await;
        assert_eq!(count.expect(200).json()["count"], wanted.len(), "{query}");
    }
    let page = client.get("/v1/node-classes/?offset=1&limit=2").await;
    let page = page.expect(200).json();
    assert_eq!(page["node_classes"][0]["id"], 2);
    assert_eq!(page["node_classes"].as_array().unwrap().len(), 2);
    for (query, word) in [
        ("colour=red", "colour"),
        ("id=x", "id"),
        ("id=like:1", "id"),
        ("limit=-1", "limit"),
        ("offset=x", "offset"),
    ] {
        let refused = client.get(&format!("/v1/node-classes/?{query}")).await;
        let refused = refused.expect(400).json();
        let message = refused["error"]["message"].as_str().unwrap();
        assert!(message.contains(word), "{query}: {message}");
    }
    let _ = client
        .get("/v1/node-classes/count?limit=1")
        .await
        .expect(400);
}

async fn bad_classes_and_types_are_refused(database: Database) {
    let server = Setup::new().database(&database).start().await;
    let client = server.client();
    for body in [
        json!({}),
        json!({"name": "flat"}),
        json!({"node_class": {}}),
        json!({"node_class": {"name": ""}}),
        json!({"node_class": {"name": "a\nb"}}),
        json!({"node_class": {"name": "x".repeat(256)}}),
        json!({"node_class": {"name": "x", "node_types": ["a", "a"]}}),
        json!({"node_class": {"name": "x", "node_types": [{"name": "a"}]}}),
        json!({"node_class": {"name": "x", "is_default": true}}),
    ] {
        let reply = client.post("/v1/node-classes/", &body).await;
        assert_eq!(reply.status, 400, "{body}: {}", reply.text());
        assert_eq!(reply.json()["error"]["title"], "Bad Request", "{body}");
    }
    let taken = json!({"node_class": {"name": "Server"}});
    let _ = client.post("/v1/node-classes/", &taken).await.expect(409);
    let _ = client.put("/v1/node-classes/1", &taken).await.expect(409);
    let long = json!({"node_type": {"name": "x".repeat(256)}});
    let _ = client
        .post("/v1/node-classes/1/types/", &long)
        .await
        .expect(400);
    assert_eq!(
        client.get("/v1/node-classes/count").await.json()["count"],
        4
    );
}
