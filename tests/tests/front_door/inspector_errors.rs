//! Inspector's errors: one shape for every one, a 4xx for every bad input.

use assay_tests::client::send;
use assay_tests::{Reply, Setup};
use reqwest::Method;
use serde_json::json;

#[track_caller]
fn assert_error(reply: &Reply, status: u16) {
    assert_eq!(reply.status, status, "{}", reply.text());
    let message = reply.json()["error"]["message"].as_str().map(str::to_owned);
    assert!(
        message.is_some_and(|text| !text.is_empty()),
        "{}",
        reply.text()
    );
    let kind = reply.header("Content-Type").unwrap();
    assert!(kind.starts_with("application/json"), "{kind}");
}

#[tokio::test]
async fn unknown_paths_and_nodes_are_404() {
    let server = Setup::new().start().await;
    let client = server.client();
    for path in [
        "/v1/nothing",
        "/v1/introspection/a/b/c/d",
        "/v1/introspection/no-such-node",
        "/v1/introspection/b2f5a8c8-3f5e-4ab1-8c9e-0123456789ab",
        "/v1/introspection/no-such-node/data",
        "/v1/introspection/no-such-node/data/unprocessed",
        "/v1/rules/b2f5a8c8-3f5e-4ab1-8c9e-0123456789ab",
    ] {
        assert_error(&client.get(path).await, 404);
    }
    for path in ["", "/abort", "/data/unprocessed"] {
        let path = format!("/v1/introspection/no-such-node{path}");
        assert_error(&client.post_empty(&path).await, 404);
    }
    assert_error(
        &client
            .delete("/v1/rules/b2f5a8c8-3f5e-4ab1-8c9e-0123456789ab")
            .await,
        404,
    );
}

#[tokio::test]
async fn a_wrong_method_is_405() {
    let server = Setup::new().start().await;
    let client = server.client();
    for (method, path) in [
        (Method::DELETE, "/v1/introspection"),
        (Method::POST, "/v1/introspection"),
        (Method::PUT, "/v1/introspection/node"),
        (Method::GET, "/v1/introspection/node/abort"),
        (Method::DELETE, "/v1/introspection/node/data"),
        (Method::PUT, "/v1/rules"),
        (Method::POST, "/v1/rules/uuid"),
        (Method::GET, "/v1/continue"),
    ] {
        let reply = send(client.request(method.clone(), path)).await;
        assert_eq!(reply.status, 405, "{method} {path}: {}", reply.text());
        assert_error(&reply, 405);
    }
}

#[tokio::test]
async fn a_body_that_is_not_json_is_400() {
    let server = Setup::new().start().await;
    let bodies: [&[u8]; 5] = [
        b"{",
        b"not json",
        b"\xff\xfe",
        b"[1,",
        b"{\"conditions\": }",
    ];
    for body in bodies {
        for kind in ["application/json", "text/plain"] {
            let request = server.client().request(Method::POST, "/v1/rules");
            let request = request.header("Content-Type", kind).body(body.to_vec());
            assert_error(&send(request).await, 400);
        }
    }
}

#[tokio::test]
async fn json_of_the_wrong_shape_is_400() {
    let server = Setup::new().start().await;
    for body in [
        json!([]),
        json!(1),
        json!(null),
        json!({"conditions": 1, "actions": []}),
        json!({"conditions": [{"op": "eq"}], "actions": [{"action": "fail", "message": "x"}]}),
        json!({"conditions": [], "actions": [{"action": "no-such-action"}]}),
        json!({"conditions": [{"op": "no-such-op", "field": "a", "value": 1}],
               "actions": [{"action": "fail", "message": "x"}]}),
        json!({"conditions": [{"op": "eq", "field": "$[", "value": 1}],
               "actions": [{"action": "fail", "message": "x"}]}),
        json!({"conditions": [{"op": "in-net", "field": "a", "value": "not a net"}],
               "actions": [{"action": "fail", "message": "x"}]}),
        json!({"conditions": [{"op": "matches", "field": "a", "value": "("}],
               "actions": [{"action": "fail", "message": "x"}]}),
        json!({"conditions": [], "actions": [{"action": "fail", "message": "x"}],
               "scope": "s".repeat(256)}),
    ] {
        let reply = server.client().post("/v1/rules", &body).await;
        assert_eq!(reply.status, 400, "{body}: {}", reply.text());
        assert_error(&reply, 400);
    }
    let rules = server.client().get("/v1/rules").await.expect(200).json();
    assert_eq!(rules["rules"], json!([]));
}

#[tokio::test]
async fn deep_json_is_refused_and_the_server_lives() {
    let server = Setup::new().start().await;
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    for path in ["/v1/rules", "/v1/continue", "/v1/nodes/"] {
        let request = server.client().request(Method::POST, path);
        let request = request
            .header("Content-Type", "application/json")
            .body(deep.clone());
        let reply = send(request).await;
        assert!(
            (400..500).contains(&reply.status),
            "{path}: {}",
            reply.status
        );
    }
    let _ = server.client().get("/v1/introspection").await.expect(200);
}

#[tokio::test]
async fn headers_beyond_the_limit_are_431() {
    let server = Setup::new().start().await;
    let mut request = server.client().request(Method::GET, "/v1/introspection");
    for number in 0..40 {
        request = request.header(format!("X-Filler-{number}"), "f".repeat(1000));
    }
    assert_eq!(send(request).await.status, 431);
}

#[tokio::test]
async fn a_body_beyond_the_limit_is_413() {
    let server = Setup::new()
        .env("ASSAY_BODY_LIMITS__REPORT", 1_048_576)
        .start()
        .await;
    for (path, size) in [("/v1/continue", 2_000_000), ("/v1/rules", 20_000_000)] {
        let body = format!("{{\"filler\": \"{}\"}}", "f".repeat(size));
        let request = server.client().request(Method::POST, path);
        let request = request
            .header("Content-Type", "application/json")
            .body(body);
        // A server that refuses early may close before everything is sent.
        if let Ok(reply) = assay_tests::client::try_send(request).await {
            assert!(
                [403, 404, 413].contains(&reply.status),
                "{path}: {}",
                reply.status
            );
        }
        let _ = server.client().get("/v1/introspection").await.expect(200);
    }
}

#[tokio::test]
async fn a_report_for_nobody_is_refused_alike() {
    let server = Setup::new().start().await;
    let machine = assay_tests::Machine::numbered(1);
    let reply = server
        .client()
        .post("/v1/continue", &machine.report())
        .await;
    assert!([403, 404].contains(&reply.status), "{}", reply.status);
    let other = server
        .client()
        .post("/v1/continue?nonce=wrong", &machine.report())
        .await;
    assert_eq!(other.status, reply.status);
    assert_eq!(other.text(), reply.text());
}
