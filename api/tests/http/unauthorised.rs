//! Every operation of every document, asked for by nobody: 401 in the words of its dialect.

use rocket::http::Method;
use serde_json::Value;

use crate::documents::{Operation, operations};
use crate::support::{Reply, server};

fn example(path: &str) -> String {
    let mut parts: Vec<&str> = path.split('/').collect();
    for part in &mut parts {
        if part.starts_with('{') {
            *part = "1";
        }
    }
    parts.join("/")
}

#[track_caller]
fn assert_shape(operation: &Operation, reply: &Reply) {
    let place = format!("{} {} {reply:?}", operation.method, operation.path);
    let body = reply.json();
    let error = body["error"].as_object().unwrap();
    let mut keys: Vec<&str> = error.keys().map(String::as_str).collect();
    keys.sort_unstable();
    match operation.document {
        "inspector" | "assay" => assert_eq!(keys, ["message"], "{place}"),
        _ => {
            assert_eq!(keys, ["code", "message", "title"], "{place}");
            assert_eq!(error["code"], reply.status, "{place}");
            assert_eq!(error["title"], "Unauthorized", "{place}");
        }
    }
    assert!(matches!(&error["message"], Value::String(text) if !text.is_empty()));
    assert_eq!(reply.header("Content-Type"), Some("application/json"));
    assert!(reply.header("WWW-Authenticate").is_some(), "{place}");
    let has_versions = reply
        .header("X-OpenStack-Ironic-Inspector-API-Maximum-Version")
        .is_some();
    assert_eq!(has_versions, operation.document == "inspector", "{place}");
}

#[rocket::async_test]
async fn nobody_gets_anything_that_needs_a_token() {
    let server = server().await.anonymous();
    let mut asked = 0;
    for operation in operations() {
        let path = example(&operation.path);
        let body = (operation.method != Method::Get).then(Vec::new);
        let reply = server.ask(operation.method, &path, &[], body).await;
        if operation.needs_token {
            assert_eq!(reply.status, 401, "{} {path}", operation.method);
            assert_shape(&operation, &reply);
            asked += 1;
        } else {
            assert_ne!(reply.status, 401, "{} {path}", operation.method);
        }
    }
    assert!(asked > 40, "only {asked} operations need a token");
}

#[rocket::async_test]
async fn an_observer_changes_nothing() {
    let server = server().await;
    let uuid = server.enrol("watched", "52:54:00:00:00:01").await["uuid"].clone();
    let server = server.observer().await;
    let start = format!("/v1/introspection/{}", uuid.as_str().unwrap());
    for (method, path) in [
        (Method::Post, start.as_str()),
        (Method::Delete, "/v1/rules"),
        (Method::Delete, "/v1/nodes/1"),
        (Method::Post, "/v1/nodes/1/actions/power-on"),
        (Method::Get, "/assay/v1/users"),
    ] {
        let reply = server.ask(method, path, &[], None).await;
        assert_eq!(reply.status, 403, "{method} {path}: {reply:?}");
        assert!(reply.message().contains("role"), "{reply:?}");
    }
    server.get("/v1/nodes/1").await.expect(200);
}
