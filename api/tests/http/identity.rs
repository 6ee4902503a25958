//! Who is asking: Keystone's tokens, HTTP Basic, and nobody where that is allowed.

use assay_app::{AuthMode, KeystoneSettings};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use rocket::http::Method;
use serde_json::{Value, json};

use crate::support::{PASSWORD, Reply, Server, server, server_with};

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
    assert_eq!(
        body["token"]["roles"],
        json!([{"id": "reader", "name": "reader"}])
    );
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
    assert_eq!(
        challenge.header("WWW-Authenticate"),
        Some("Keystone uri=\"http://assay.test:5050/v3\"")
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

/// The identity part of a request with a user's password.
fn by_password(name: &str) -> Value {
    login(name, PASSWORD)["auth"]["identity"].clone()
}

async fn token_for(server: &Server, identity: &Value, scope: &Value) -> Reply {
    let body = json!({"auth": {"identity": identity, "scope": scope}});
    server.post("/v3/auth/tokens", &body).await
}

#[rocket::async_test]
async fn tokens_are_scoped_and_carry_the_catalog() {
    let server = server().await.anonymous();
    let identity = by_password("admin");
    let project = json!({"project": {"name": "admin", "domain": {"name": "Default"}}});
    let issued = token_for(&server, &identity, &project).await.expect(201);
    let token = issued.json()["token"].clone();
    assert_eq!(token["project"]["name"], "admin");
    assert_eq!(token["project"]["domain"]["id"], "default");
    assert_eq!(token["is_domain"], false);
    let roles: Vec<&str> = token["roles"]
        .as_array()
        .unwrap()
        .iter()
        .map(|role| role["name"].as_str().unwrap())
        .collect();
    assert_eq!(roles, ["admin", "member", "reader"]);
    let service = token["catalog"]
        .as_array()
        .unwrap()
        .iter()
        .find(|service| service["type"] == "baremetal-introspection")
        .unwrap();
    let endpoints = service["endpoints"].as_array().unwrap();
    let interfaces: Vec<&str> = endpoints
        .iter()
        .map(|one| one["interface"].as_str().unwrap())
        .collect();
    assert_eq!(interfaces, ["public", "internal", "admin"]);
    for endpoint in endpoints {
        assert_eq!(endpoint["url"], "http://assay.test:5050");
        assert_eq!(endpoint["region_id"], "RegionOne");
    }

    let system = token_for(&server, &identity, &json!({"system": {"all": true}}))
        .await
        .expect(201);
    assert_eq!(system.json()["token"]["system"], json!({"all": true}));
    assert_eq!(system.json()["token"]["project"], Value::Null);
    let unscoped = token_for(&server, &identity, &json!("unscoped"))
        .await
        .expect(201);
    assert_eq!(unscoped.json()["token"]["project"], Value::Null);

    let other = json!({"project": {"name": "other", "domain": {"id": "default"}}});
    token_for(&server, &identity, &other).await.expect(401);
    token_for(&server, &identity, &json!({"domain": {"id": "default"}}))
        .await
        .expect(401);
    token_for(&server, &identity, &json!({"project": 1}))
        .await
        .expect(400);
    let mut stranger = identity.clone();
    stranger["password"]["user"]["domain"] = json!({"id": "other"});
    token_for(&server, &stranger, &project).await.expect(401);

    let short = server
        .post("/v3/auth/tokens?nocatalog", &login("admin", PASSWORD))
        .await;
    assert_eq!(short.expect(201).json()["token"]["catalog"], Value::Null);
}

#[rocket::async_test]
async fn a_token_gets_another_one_that_lives_no_longer() {
    let server = server().await.anonymous();
    let first = token_for(&server, &by_password("observer"), &json!("unscoped"))
        .await
        .expect(201);
    let identity =
        json!({"methods": ["token"], "token": {"id": first.header("X-Subject-Token").unwrap()}});
    let project = json!({"project": {"name": "admin", "domain": {"id": "default"}}});
    let second = token_for(&server, &identity, &project).await.expect(201);
    let (one, other) = (&first.json()["token"], &second.json()["token"]);
    assert_eq!(one["expires_at"], other["expires_at"]);
    assert_eq!(other["methods"], json!(["token", "password"]));
    assert_eq!(other["audit_ids"][1], one["audit_ids"][0]);
    assert_ne!(other["audit_ids"][0], one["audit_ids"][0]);
    assert_eq!(other["user"]["name"], "observer");
    let headers = [("X-Auth-Token", second.header("X-Subject-Token").unwrap())];
    server
        .ask(Method::Get, "/v1/nodes", &headers, None)
        .await
        .expect(200);
    let forged = json!({"methods": ["token"], "token": {"id": "forged"}});
    token_for(&server, &forged, &project).await.expect(401);
}

#[rocket::async_test]
async fn a_revoked_token_is_refused_and_others_stay() {
    let server = server().await;
    let identity = by_password("observer");
    let mut tokens = Vec::new();
    for _ in 0..3 {
        let issued = token_for(&server, &identity, &Value::Null)
            .await
            .expect(201);
        tokens.push(issued.header("X-Subject-Token").unwrap().to_owned());
    }
    let path = "/v3/auth/tokens";
    let ask = async |method: Method, own: &str, subject: &str| {
        let headers = [("X-Auth-Token", own), ("X-Subject-Token", subject)];
        server.ask_as_is(method, path, &headers, None).await
    };
    for token in &tokens {
        let _ = ask(Method::Get, token, token).await.expect(200);
    }
    // One's own by itself, one's own by another, and anybody's as admin.
    ask(Method::Delete, &tokens[0], &tokens[0])
        .await
        .expect(204);
    ask(Method::Get, &tokens[0], &tokens[1]).await.expect(401);
    ask(Method::Get, &tokens[1], &tokens[0]).await.expect(404);
    ask(Method::Delete, &tokens[1], &tokens[0])
        .await
        .expect(404);
    let admins = server.token().unwrap().to_owned();
    let refused = ask(Method::Delete, &tokens[1], &admins).await;
    assert_eq!(
        refused.status, 403,
        "an observer ends the token of an admin"
    );
    ask(Method::Delete, &admins, &tokens[1]).await.expect(204);
    ask(Method::Get, &tokens[1], &tokens[2]).await.expect(401);
    let kept = ask(Method::Head, &tokens[2], &tokens[2]).await.expect(200);
    assert!(kept.text.is_empty());
    let headers = [("X-Auth-Token", tokens[2].as_str())];
    server
        .ask_as_is(Method::Delete, path, &headers, None)
        .await
        .expect(400);
}

#[rocket::async_test]
async fn what_clients_ask_for_around_a_token_is_there() {
    let server = server().await;
    let projects = server.get("/v3/auth/projects").await.expect(200).json();
    assert_eq!(projects["projects"][0]["name"], "admin");
    let id = projects["projects"][0]["id"].as_str().unwrap().to_owned();
    let shown = server
        .get(&format!("/v3/projects/{id}"))
        .await
        .expect(200)
        .json();
    assert_eq!(shown["project"], projects["projects"][0]);
    server.get("/v3/projects/other").await.expect(404);
    let none = server
        .get("/v3/projects?name=other")
        .await
        .expect(200)
        .json();
    assert_eq!(none["projects"], json!([]));
    let catalog = server.get("/v3/auth/catalog").await.expect(200).json();
    assert_eq!(catalog["catalog"].as_array().unwrap().len(), 4);

    let page = server.get("/v3/users?limit=1").await.expect(200).json();
    assert_eq!(page["users"][0]["name"], "admin");
    let next = page["links"]["next"]
        .as_str()
        .unwrap()
        .strip_prefix("http://assay.test:5050")
        .unwrap()
        .to_owned();
    let last = server.get(&next).await.expect(200).json();
    assert_eq!(last["users"][0]["name"], "observer");
    assert_eq!(last["links"]["next"], Value::Null);
    server.get("/v3/users?limit=no").await.expect(400);
    let one = server.get("/v3/users/observer").await.expect(200).json();
    assert_eq!(one["user"]["id"], "observer");
    let observer = server.observer().await;
    observer.get("/v3/users/observer").await.expect(200);
    observer.get("/v3/users/admin").await.expect(403);
    observer.get("/v3/users").await.expect(403);
}

#[rocket::async_test]
async fn a_misplaced_password_is_not_told_again() {
    let server = server().await.anonymous();
    for body in [
        json!({"auth": {"identity": {"methods": ["password"], "password": "canary"}}}),
        json!({"auth": {"identity": {"methods": "canary"}}}),
        json!({"auth": {"identity": {"methods": ["password"], "password": {"user": {"name": "a", "password": ["canary"]}}}}}),
        json!({"auth": "canary"}),
    ] {
        let reply = server.post("/v3/auth/tokens", &body).await.expect(400);
        assert!(!reply.text.contains("canary"), "{reply:?}");
        assert!(reply.message().contains("auth"), "{reply:?}");
    }
}

#[rocket::async_test]
async fn a_deleted_users_token_does_not_pass_to_the_next_of_that_name() {
    let server = server().await;
    let issued = token_for(&server, &by_password("observer"), &Value::Null)
        .await
        .expect(201);
    let token = issued.header("X-Subject-Token").unwrap().to_owned();
    server.delete("/assay/v1/users/observer").await.expect(204);
    let again = json!({"name": "observer", "role": "admin", "password": PASSWORD});
    server.post("/assay/v1/users", &again).await.expect(201);
    let headers = [("X-Auth-Token", token.as_str())];
    server
        .ask_as_is(Method::Get, "/v1/nodes", &headers, None)
        .await
        .expect(401);
}

#[rocket::async_test]
async fn local_users_can_be_shut_out() {
    let server = server_with(|settings| {
        settings.keystone = Some(KeystoneSettings {
            url: "http://keystone.test/v3".to_owned(),
            ..KeystoneSettings::default()
        });
    })
    .await;
    server.get("/v1/nodes").await.expect(200);
    let server = server.anonymous();
    let refused = server.get("/v1/nodes").await.expect(401);
    assert_eq!(
        refused.header("WWW-Authenticate"),
        Some("Keystone uri=\"http://keystone.test/v3\"")
    );
    let headers = [("X-Auth-Token", "of-keystone")];
    let broken = server.ask(Method::Get, "/v1/nodes", &headers, None).await;
    assert_eq!(
        broken.status, 500,
        "nobody can say whose token it is, and it was let in"
    );

    let server = server_with(|settings| settings.identity.local_users = false).await;
    server
        .post("/v3/auth/tokens", &login("admin", PASSWORD))
        .await
        .expect(401);
    let credentials = BASE64_STANDARD.encode(format!("admin:{PASSWORD}"));
    let basic = format!("Basic {credentials}");
    let headers = [("Authorization", basic.as_str())];
    let reply = server.ask(Method::Get, "/v1/nodes", &headers, None).await;
    reply.expect(401);
}
