//! CloudManager's availability storages and their assignment from both sides, on both databases.

use assay_tests::database::Database;
use assay_tests::{Client, Setup};
use serde_json::{Value, json};

on_both!(
    a_storage_lives_as_the_document_shows,
    assignments_are_made_from_both_sides,
    an_assigned_storage_stays,
    filters_narrow_list_and_count_alike,
    bad_storages_and_assignments_are_refused,
);

async fn create(client: &Client, name: &str) -> Value {
    let body = json!({"availability_storage": {
        "name": name, "compute_path": "/tmp/", "controller_path": "/tmp/",
    }});
    let reply = client.post("/v1/availability-storages/", &body).await;
    let reply = reply.expect(200);
    assert_eq!(reply.header("Content-Type"), Some("application/json"));
    reply.json()["availability_storage"].clone()
}

async fn node(client: &Client, name: &str) -> i64 {
    let body = json!({"node": {"name": name}});
    let reply = client.post("/v1/nodes/", &body).await.expect(200);
    reply.json()["node"]["id"].as_i64().unwrap()
}

/// The keys of a storage's nodes.
async fn nodes_of(client: &Client, storage: &Value) -> Vec<i64> {
    let path = format!("/v1/availability-storages/{}", storage["id"]);
    let shown = client.get(&path).await.expect(200).json();
    let nodes = shown["availability_storage"]["nodes"].as_array().unwrap();
    nodes
        .iter()
        .map(|node| node["id"].as_i64().unwrap())
        .collect()
}

async fn a_storage_lives_as_the_document_shows(database: Database) {
    let server = Setup::new().database(&database).start().await;
    let client = server.client();
    let made = create(client, "storage1").await;
    assert_eq!(
        made,
        json!({"id": made["id"], "name": "storage1", "compute_path": "/tmp/",
            "controller_path": "/tmp/", "nodes": []})
    );
    let path = format!("/v1/availability-storages/{}", made["id"]);
    let shown = client.get(&path).await.expect(200).json();
    assert_eq!(shown, json!({"availability_storage": made}));
    for list in ["/v1/availability-storages", "/v1/availability-storages/"] {
        let list = client.get(list).await.expect(200).json();
        assert_eq!(list, json!({"availability_storages": [made]}));
    }
    let body = json!({"availability_storage": {"name": "storage2"}});
    let changed = client.put(&path, &body).await.expect(200).json();
    let mut wanted = made.clone();
    wanted["name"] = json!("storage2");
    assert_eq!(changed, json!({"availability_storage": wanted}));
    let body = json!({"availability_storage": {"compute_path": "/a", "controller_path": "/b"}});
    let changed = client.put(&path, &body).await.expect(200).json();
    assert_eq!(changed["availability_storage"]["compute_path"], "/a");
    assert_eq!(changed["availability_storage"]["controller_path"], "/b");
    assert!(client.delete(&path).await.expect(204).body.is_empty());
    let _ = client.get(&path).await.expect(404);
    let _ = client.delete(&path).await.expect(404);
    let _ = client.put(&path, &body).await.expect(404);
}

async fn assignments_are_made_from_both_sides(database: Database) {
    let server = Setup::new().database(&database).start().await;
    let client = server.client();
    let (first, second) = (create(client, "s1").await, create(client, "s2").await);
    let (one, two) = (node(client, "n1").await, node(client, "n2").await);

    // POST adds, PUT replaces; both as often as one likes.
    let of_first = format!("/v1/availability-storages/{}/nodes/", first["id"]);
    for _ in 0..2 {
        let reply = client.post(&of_first, &json!({"nodes": [one]})).await;
        assert!(reply.expect(204).body.is_empty());
    }
    let _ = client
        .post(&of_first, &json!({"nodes": [two]}))
        .await
        .expect(204);
    assert_eq!(nodes_of(client, &first).await, [one, two]);
    let _ = client
        .put(&of_first, &json!({"nodes": [two]}))
        .await
        .expect(204);
    assert_eq!(nodes_of(client, &first).await, [two]);

    let of_one = format!("/v1/nodes/{one}/availability-storages/");
    let both = json!({"availability_storages": [first["id"], second["id"]]});
    assert!(
        client
            .post(&of_one, &both)
            .await
            .expect(204)
            .body
            .is_empty()
    );
    let shown = client.get(&format!("/v1/nodes/{one}")).await.json();
    let storage = |storage: &Value| {
        let mut storage = storage.clone();
        storage.as_object_mut().unwrap().remove("nodes");
        storage
    };
    assert_eq!(
        shown["node"]["availability_storages"],
        json!([storage(&first), storage(&second)])
    );
    let only = json!({"availability_storages": [second["id"]]});
    let _ = client
        .put(of_one.trim_end_matches('/'), &only)
        .await
        .expect(204);
    assert_eq!(nodes_of(client, &first).await, [two]);
    assert_eq!(nodes_of(client, &second).await, [one]);

    // And each side takes away.
    let gone = format!("{of_one}{}", second["id"]);
    assert!(client.delete(&gone).await.expect(204).body.is_empty());
    let _ = client.delete(&gone).await.expect(404);
    let gone = format!("{of_first}{two}");
    let _ = client.delete(&gone).await.expect(204);
    let _ = client.delete(&gone).await.expect(404);
    let shown = client.get(&format!("/v1/nodes/{one}")).await.json();
    assert_eq!(shown["node"].get("availability_storages"), None);
    let none = json!({"availability_storages": []});
    let _ = client.put(&of_one, &none).await.expect(204);
}

async fn an_assigned_storage_stays(database: Database) {
    let server = Setup::new().database(&database).start().await;
    let client = server.client();
    let storage = create(client, "used").await;
    let id = node(client, "its-node").await;
    let path = format!("/v1/availability-storages/{}", storage["id"]);
    let nodes = format!("{path}/nodes/");
    let _ = client
        .post(&nodes, &json!({"nodes": [id]}))
        .await
        .expect(204);
    let refused = client.delete(&path).await.expect(409).text();
    assert!(refused.contains("its-node"), "{refused}");
    // A node's assignments go with it.
    let _ = client.delete(&format!("/v1/nodes/{id}")).await.expect(204);
    let _ = client.delete(&path).await.expect(204);
}

async fn filters_narrow_list_and_count_alike(database: Database) {
    let server = Setup::new().database(&database).start().await;
    let client = server.client();
    for name in ["a1", "a2", "b3"] {
        create(client, name).await;
    }
    for (query, wanted) in [
        ("", vec!["a1", "a2", "b3"]),
        ("?id=2", vec!["a2"]),
        ("?availability_storage_id=gt:1", vec!["a2", "b3"]),
        ("?id=gt:1&availability_storage_id=lt:3", vec!["a2"]),
        ("?name=like:a%25", vec!["a1", "a2"]),
        ("?name=ne:a1", vec!["a2", "b3"]),
    ] {
        let path = format!("/v1/availability-storages/{query}");
        let list = client.get(&path).await.expect(200).json();
        let names: Vec<&str> = list["availability_storages"]
            .as_array()
            .unwrap()
            .iter()
            .map(|storage| storage["name"].as_str().unwrap())
            .collect();
        assert_eq!(names, wanted, "{query}");
        let path = format!("/v1/availability-storages/count{query}");
        let count = client.get(&path).await.expect(200).json();
        assert_eq!(count, json!({"count": wanted.len()}), "{query}");
    }
    let page = client
        .get("/v1/availability-storages/?offset=1&limit=1")
        .await;
    assert_eq!(page.json()["availability_storages"][0]["name"], "a2");
    for query in ["colour=red", "id=x", "compute_path=/tmp/", "limit=-1"] {
        let path = format!("/v1/availability-storages/?{query}");
        let refused = client.get(&path).await.expect(400).text();
        let name = query.split('=').next().unwrap();
        assert!(refused.contains(name), "{refused}");
    }
}

async fn bad_storages_and_assignments_are_refused(database: Database) {
    let server = Setup::new().database(&database).start().await;
    let client = server.client();
    let storage = create(client, "taken").await;
    for (key, value) in [
        ("name", json!("")),
        ("name", Value::Null),
        ("compute_path", json!("tmp")),
        ("compute_path", json!("/tmp/../etc")),
        ("controller_path", json!("")),
        ("controller_path", json!(7)),
        ("nodes", json!([1])),
    ] {
        let mut fields = json!({"name": "new", "compute_path": "/a", "controller_path": "/b"});
        fields[key] = value.clone();
        let body = json!({"availability_storage": fields});
        let reply = client.post("/v1/availability-storages/", &body).await;
        assert_eq!(reply.status, 400, "{key}={value}: {}", reply.text());
    }
    let path = format!("/v1/availability-storages/{}", storage["id"]);
    let relative = json!({"availability_storage": {"controller_path": "b"}});
    let _ = client.put(&path, &relative).await.expect(400);
    let same = json!({"availability_storage": {
        "name": "taken", "compute_path": "/a", "controller_path": "/b",
    }});
    let again = client.post("/v1/availability-storages/", &same).await;
    let _ = again.expect(409);

    let id = node(client, "n1").await;
    for (path, body, status) in [
        (format!("{path}/nodes/"), json!({"nodes": [999]}), 400),
        (format!("{path}/nodes/"), json!({"nodes": 1}), 400),
        (format!("{path}/nodes/"), json!({}), 400),
        (
            "/v1/availability-storages/999/nodes/".to_owned(),
            json!({"nodes": [id]}),
            404,
        ),
        (
            format!("/v1/nodes/{id}/availability-storages/"),
            json!({"availability_storages": [999]}),
            400,
        ),
        (
            "/v1/nodes/999/availability-storages/".to_owned(),
            json!({"availability_storages": [storage["id"]]}),
            404,
        ),
    ] {
        for reply in [
            client.post(&path, &body).await,
            client.put(&path, &body).await,
        ] {
            assert_eq!(reply.status, status, "{path} {body}: {}", reply.text());
        }
    }
    assert_eq!(nodes_of(client, &storage).await, [0_i64; 0]);
}
