//! Unknown paths and wrong methods under every room, each told in the room's own words.

use rocket::http::Method;

use crate::support::server;

const MAXIMUM: &str = "X-OpenStack-Ironic-Inspector-API-Maximum-Version";

#[rocket::async_test]
async fn unknown_paths_are_404_in_the_dialect_of_their_room() {
    let server = server().await;
    for path in [
        "/nothing",
        "/v1/nothing",
        "/v1/introspection/a/b/c/d",
        "/v1/rules/a/b",
    ] {
        let reply = server.get(path).await.expect(404);
        assert!(reply.message().contains(path), "{reply:?}");
        assert_eq!(reply.header(MAXIMUM), Some("1.18"), "{path}");
    }
    for path in ["/v1/nodes/1/nothing", "/v1/tasks/a/b", "/v3/nothing"] {
        let reply = server.get(path).await.expect(404);
        assert_eq!(reply.json()["error"]["code"], 404, "{path}");
        assert_eq!(reply.header(MAXIMUM), None, "{path}");
    }
    let own = server.get("/assay/v1/nothing").await.expect(404);
    assert!(own.json()["error"]["code"].is_null());
}

#[rocket::async_test]
async fn a_wrong_method_is_405_with_the_right_ones() {
    let server = server().await;
    for (method, path, allow) in [
        (Method::Delete, "/v1/introspection", "GET, HEAD, OPTIONS"),
        (
            Method::Put,
            "/v1/introspection/x",
            "GET, POST, HEAD, OPTIONS",
        ),
        (Method::Get, "/v1/continue", "POST, OPTIONS"),
        (
            Method::Patch,
            "/v1/nodes/1",
            "GET, PUT, DELETE, HEAD, OPTIONS",
        ),
        (Method::Post, "/v3", "GET, HEAD, OPTIONS"),
        (Method::Delete, "/healthz", "GET, HEAD, OPTIONS"),
    ] {
        let reply = server.ask(method, path, &[], None).await.expect(405);
        let mut given: Vec<&str> = reply.header("Allow").unwrap().split(", ").collect();
        let mut wanted: Vec<&str> = allow.split(", ").collect();
        given.sort_unstable();
        wanted.sort_unstable();
        assert_eq!(given, wanted, "{method} {path}");
        assert!(!reply.message().is_empty());
    }
}

#[rocket::async_test]
async fn options_and_head_are_answered() {
    let server = server().await;
    let reply = server.ask(Method::Options, "/v1/nodes", &[], None).await;
    let reply = reply.expect(204);
    assert!(reply.header("Allow").unwrap().contains("POST"));
    assert_eq!(reply.text, "");
    let reply = server.ask(Method::Head, "/v1/rules", &[], None).await;
    assert_eq!(reply.expect(200).text, "");
}

#[rocket::async_test]
async fn a_last_slash_changes_nothing() {
    let server = server().await;
    for path in [
        "/v1/",
        "/v1/nodes/",
        "/v1/tasks/",
        "/v1/power-controls/",
        "/v3/",
    ] {
        server.get(path).await.expect(200);
        server.get(path.trim_end_matches('/')).await.expect(200);
    }
}

#[rocket::async_test]
async fn odd_segments_are_nobodys_name() {
    let server = server().await;
    for path in [
        "/v1/introspection/a%2Fb",
        "/v1/introspection/%00",
        "/v1/introspection/[1-3]|x=~y",
        "/v1/nodes/abc",
        "/v1/nodes/99999999999999999999",
        "/v1/rules/%F0%9F%98%80",
    ] {
        let reply = server.get(path).await;
        assert!([400, 404].contains(&reply.status), "{path}: {reply:?}");
        assert!(!reply.message().is_empty());
    }
}

#[rocket::async_test]
async fn every_reply_has_a_request_id() {
    let server = server().await;
    let own = [("X-Request-Id", "client-7.a_b")];
    let reply = server.ask(Method::Get, "/v1/rules", &own, None).await;
    assert_eq!(reply.header("X-Request-Id"), Some("client-7.a_b"));
    for odd in ["", "two words", &"x".repeat(65)] {
        let headers = [("X-Request-Id", odd)];
        let reply = server.ask(Method::Get, "/nothing", &headers, None).await;
        assert_eq!(reply.header("X-Request-Id").unwrap().len(), 36, "{odd}");
    }
}
