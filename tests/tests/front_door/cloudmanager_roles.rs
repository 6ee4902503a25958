//! Who may do what with CloudManager's classes, images and storages: nobody without a token, and
//! observers read only.

use assay_tests::server::login;
use assay_tests::{Reply, Setup, client::send};
use reqwest::Method;
use serde_json::{Value, json};

/// Every operation with a body that is taken.
fn operations() -> Vec<(Method, &'static str, Value)> {
    let class = json!({"node_class": {"name": "c"}});
    let kind = json!({"node_type": {"name": "t"}});
    let image = json!({"node_image": {"image_name": "i", "file_data": "x"}});
    let storage = json!({"availability_storage": {
        "name": "s", "compute_path": "/a", "controller_path": "/b",
    }});
    let nodes = json!({"nodes": [1]});
    let storages = json!({"availability_storages": [1]});
    let none = Value::Null;
    let (get, post, put, delete) = (Method::GET, Method::POST, Method::PUT, Method::DELETE);
    let rows = [
        (&get, "/v1/info", &none),
        (&get, "/v1/node-classes/", &none),
        (&get, "/v1/node-classes/count", &none),
        (&get, "/v1/node-classes/1", &none),
        (&post, "/v1/node-classes/", &class),
        (&put, "/v1/node-classes/2", &class),
        (&delete, "/v1/node-classes/2", &none),
        (&get, "/v1/node-classes/1/types/", &none),
        (&post, "/v1/node-classes/1/types/", &kind),
        (&put, "/v1/node-classes/1/types/2", &kind),
        (&delete, "/v1/node-classes/1/types/2", &none),
        (&get, "/v1/node-images/", &none),
        (&get, "/v1/node-images/count", &none),
        (&get, "/v1/node-images/1", &none),
        (&post, "/v1/node-images/", &image),
        (&delete, "/v1/node-images/1", &none),
        (&get, "/v1/availability-storages/", &none),
        (&get, "/v1/availability-storages/count", &none),
        (&get, "/v1/availability-storages/1", &none),
        (&post, "/v1/availability-storages/", &storage),
        (&put, "/v1/availability-storages/1", &storage),
        (&delete, "/v1/availability-storages/1", &none),
        (&post, "/v1/availability-storages/1/nodes/", &nodes),
        (&put, "/v1/availability-storages/1/nodes/", &nodes),
        (&delete, "/v1/availability-storages/1/nodes/1", &none),
        (&post, "/v1/nodes/1/availability-storages/", &storages),
        (&put, "/v1/nodes/1/availability-storages/", &storages),
        (&delete, "/v1/nodes/1/availability-storages/1", &none),
    ];
    let actions = [
        ("/v1/nodes/1/actions/assign-image", json!({"image_id": 1})),
        ("/v1/nodes/1/actions/reserve", json!({"is_reserved": true})),
        ("/v1/nodes/1/actions/enable-nodesafe", Value::Null),
        ("/v1/nodes/1/actions/disable-nodesafe", Value::Null),
        (
            "/v1/nodes/1/actions/discovery-nas",
            json!({"storage_id": 1}),
        ),
        (
            "/v1/nodes/1/actions/attach-targets",
            json!({"targets": {"10.0.0.1": ["volume-1"]}}),
        ),
        ("/v1/nodes/1/actions/repair-locks", Value::Null),
    ];
    let rows = rows.map(|(method, path, body)| (method.clone(), path, body.clone()));
    let actions = actions.map(|(path, body)| (Method::POST, path, body));
    rows.into_iter().chain(actions).collect()
}

#[track_caller]
fn told(reply: Reply, status: u16, title: &str) {
    let reply = reply.expect(status);
    assert_eq!(reply.header("Content-Type"), Some("application/json"));
    let error = reply.json()["error"].clone();
    assert_eq!(
        (&error["code"], &error["title"]),
        (&json!(status), &json!(title))
    );
    assert!(
        error["message"]
            .as_str()
            .is_some_and(|text| !text.is_empty())
    );
}

#[tokio::test]
async fn observers_read_and_nobody_does_anything_without_a_token() {
    let server = Setup::new().authenticated().start().await;
    let admin = server.client();
    let (name, password) = ("watcher", "watcher-password");
    server.setup().add_user(name, "observer", password);
    let watcher = admin.with_token(&login(admin, name, password).await);
    let anybody = admin.without_token();
    let node = json!({"node": {"name": "n"}});
    let _ = admin.post("/v1/nodes/", &node).await.expect(200);
    let storage = json!({"availability_storage": {
        "name": "first", "compute_path": "/a", "controller_path": "/b",
    }});
    let path = "/v1/availability-storages/";
    let _ = admin.post(path, &storage).await.expect(200);

    for (method, path, body) in operations() {
        let ask = async |client: &assay_tests::Client| {
            let request = client.request(method.clone(), path);
            send(match &body {
                Value::Null => request.header("Content-Length", "0"),
                body => request.json(body),
            })
            .await
        };
        told(ask(&anybody).await, 401, "Unauthorized");
        let seen = ask(&watcher).await;
        if method == Method::GET {
            let _ = seen.expect(200);
        } else {
            told(seen, 403, "Forbidden");
        }
    }
}
