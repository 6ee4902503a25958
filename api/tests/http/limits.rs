//! Limits on headers, bodies, depth, rates and memory.

use rocket::http::Method;
use serde_json::json;

use crate::support::{server, server_with};

#[rocket::async_test]
async fn large_headers_are_431_in_every_dialect() {
    let server = server().await.anonymous();
    let filler = "f".repeat(17 << 10);
    let headers = [("X-Filler", filler.as_str())];
    for path in [
        "/",
        "/v1/rules",
        "/v1/nodes",
        "/v3",
        "/assay/v1/tasks",
        "/nothing",
    ] {
        let reply = server.ask(Method::Get, path, &headers, None).await;
        assert!(reply.expect(431).message().contains("16384"), "{path}");
    }
    let reply = server.ask(Method::Get, "/v1/nodes", &headers, None).await;
    assert_eq!(reply.json()["error"]["code"], 431);
}

#[rocket::async_test]
async fn large_and_deep_bodies_are_refused() {
    let server = server_with(|settings| settings.body_limits.other = 1000).await;
    let large = json!({"description": "x".repeat(1000)});
    for path in [
        "/v1/rules",
        "/v1/nodes",
        "/v3/auth/tokens",
        "/assay/v1/users",
    ] {
        let reply = server.post(path, &large).await.expect(413);
        assert!(reply.message().contains("1000"), "{path}");
    }
    let deep = format!("{{\"actions\": {}{}}}", "[".repeat(80), "]".repeat(80));
    let reply = server
        .ask(Method::Post, "/v1/rules", &[], Some(deep.into_bytes()))
        .await;
    assert!(reply.expect(400).message().contains("64 levels"));
}

#[rocket::async_test]
async fn bodies_that_are_no_json_object_are_400() {
    let server = server().await;
    for path in [
        "/v1/rules",
        "/v1/nodes",
        "/v1/power-controls",
        "/v3/auth/tokens",
    ] {
        for body in ["", "{", "nonsense", "[]", "null", "1", "\u{feff}{}"] {
            let body = Some(body.as_bytes().to_vec());
            let reply = server.ask(Method::Post, path, &[], body).await;
            assert!(!reply.expect(400).message().is_empty(), "{path}");
        }
    }
}

#[rocket::async_test]
async fn reports_have_a_limit_and_a_common_budget() {
    let server = server_with(|settings| {
        settings.body_limits.report = 100 << 10;
        settings.body_limits.report_budget = 10 << 10;
    })
    .await;
    server.waiting("awaited", "52:54:00:00:00:01").await;
    let report = |size: usize| Some(format!("{{\"x\": \"{}\"}}", "x".repeat(size)).into_bytes());
    let length = |size: usize| (size + 9).to_string();

    let size = 200 << 10;
    let headers = [("Content-Length", &*length(size))];
    let reply = server
        .ask(Method::Post, "/v1/continue", &headers, report(size))
        .await;
    reply.expect(413);
    let size = 50 << 10;
    let headers = [("Content-Length", &*length(size))];
    let reply = server
        .ask(Method::Post, "/v1/continue", &headers, report(size))
        .await;
    assert_eq!(reply.expect(503).header("Retry-After"), Some("5"));
    // A length that was not told is found out while reading.
    let reply = server
        .ask(Method::Post, "/v1/continue", &[], report(150 << 10))
        .await;
    assert!([413, 503].contains(&reply.status), "{reply:?}");
    // What was reserved is free again.
    let size = 5 << 10;
    let headers = [("Content-Length", &*length(size))];
    for _ in 0..4 {
        let reply = server
            .ask(Method::Post, "/v1/continue", &headers, report(size))
            .await;
        assert!([400, 404].contains(&reply.status), "{reply:?}");
    }
}

#[rocket::async_test]
async fn logins_are_limited_by_rate() {
    let server = server_with(|settings| settings.rate_limits.login_per_minute = 3).await;
    let body = json!({"auth": {"identity": {"methods": ["password"], "password":
        {"user": {"name": "admin", "password": "wrong password"}}}}});
    for _ in 0..3 {
        server.post("/v3/auth/tokens", &body).await.expect(401);
    }
    let reply = server.post("/v3/auth/tokens", &body).await.expect(429);
    let wait: u64 = reply.header("Retry-After").unwrap().parse().unwrap();
    assert!((1..=61).contains(&wait), "{wait}");
    assert_eq!(reply.json()["error"]["title"], "Too Many Requests");
}
