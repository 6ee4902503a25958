//! Who is asking: Keystone's tokens, HTTP Basic, and nobody where that is allowed.

use assay_app::AuthMode;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use rocket::http::Method;
use serde_json::{Value, json};

use crate::support::{PASSWORD, server, server_with};

fn login(name: &str, password: &str) -> Value {
    json!({"auth": {"identity": {"methods": ["password"], "password":
        {"user": {"name": name, "domain": {"id": "default"}, "password": password}}}}})
}

#[rocket::async_test]
async fn a_token_is_issued_used_and_looked_up() {
    let server = server().await.anonymous();
    let reply = server
        .post("/v3/auth/tokens", &login("observer", PASSWORD))
        .await
        .expect(201);
    let token = reply.header("X-Subject-Token").unwrap().to_owned();
    let body = reply.json();
    assert_eq!(body["token"]["user"]["name"], "observer");
    assert_eq!(body["token"]["roles"][0]["name"], "observer");
    assert!(body["token"]["expires_at"].as_str().unwrap().ends_with('Z'));

    let headers = [
        ("X-Auth-Token", token.as_str()),
        ("X-Subject-Token", &token),
    ];
    let path = "/v3/auth/tokens";
    let shown = server
        .ask(Method::Get, path, &headers, None)
        .await
        .expect(200);
    assert_eq!(shown.json()["token"]["user"]["name"], "observer");
    let headers = [
        ("X-Auth-Token", token.as_str()),
        ("X-Subject-Token", "forged"),
    ];
    let unknown = server
        .ask(Method::Get, path, &headers, None)
        .await
        .expect(404);
    assert_eq!(unknown.json()["error"]["code"], 404);
}

#[rocket::async_test]
async fn wrong_passwords_and_unknown_users_are_told_alike() {
    let server = server().await.anonymous();
    let path = "/v3/auth/tokens";
    let wrong = server.post(path, &login("admin", "not the password")).await;
    let unknown = server
        .post(path, &login("nobody", "not the password"))
        .await;
    assert_eq!(wrong.expect(401).text, unknown.expect(401).text);
}

#[rocket::async_test]
async fn basic_credentials_are_as_good_as_a_token() {
    let server = server().await.anonymous();
    let header = |password: &str| {
        let credentials = BASE64_STANDARD.encode(format!("admin:{password}"));
        format!("Basic {credentials}")
    };
    let good = header(PASSWORD);
    for _ in 0..2 {
        let headers = [("Authorization", good.as_str())];
        let reply = server.ask(Method::Get, "/v1/nodes", &headers, None).await;
        reply.expect(200);
    }
    let bad = header("wrong password");
    let headers = [("Authorization", bad.as_str())];
    let reply = server.ask(Method::Get, "/v1/nodes", &headers, None).await;
    let reply = reply.expect(401);
    assert!(
        reply
            .header("WWW-Authenticate")
            .unwrap()
            .starts_with("Basic")
    );
    let headers = [("Authorization", "Bearer x")];
    let reply = server.ask(Method::Get, "/v1/nodes", &headers, None).await;
    let challenge = reply.expect(401);
    assert!(
        challenge
            .header("WWW-Authenticate")
            .unwrap()
            .starts_with("Keystone")
    );
}

#[rocket::async_test]
async fn without_authentication_everybody_is_admin() {
    let server = server_with(|settings| settings.auth = AuthMode::None).await;
    let server = server.anonymous();
    server.get("/assay/v1/users").await.expect(200);
    server.enrol("free", "52:54:00:00:00:01").await;
}

#[rocket::async_test]
async fn the_identity_api_can_be_discovered() {
    let server = server().await.anonymous();
    let version = server.get("/v3").await.expect(200).json();
    assert_eq!(version["version"]["status"], "stable");
    let link = &version["version"]["links"][0]["href"];
    assert_eq!(link, "http://assay.test:5050/v3/");
}
