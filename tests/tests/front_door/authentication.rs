//! Who is asking: tokens in Keystone's shape, HTTP Basic, roles, and listeners without users.

use assay_tests::client::send;
use assay_tests::server::{ADMIN_PASSWORD, login, login_body};
use assay_tests::{Reply, Setup};
use reqwest::Method;
use serde_json::{Value, json};

#[tokio::test]
async fn a_token_has_keystones_shape() {
    let server = Setup::new().authenticated().start().await;
    let anybody = server.client().without_token();
    let reply = anybody
        .post("/v3/auth/tokens", &login_body("admin", ADMIN_PASSWORD))
        .await
        .expect(201);
    let token = reply.header("X-Subject-Token").unwrap().to_owned();
    let shown = reply.json()["token"].clone();
    assert_eq!(shown["user"]["name"], "admin");
    assert_eq!(shown["methods"], json!(["password"]));
    for key in ["issued_at", "expires_at"] {
        assert!(shown[key].as_str().unwrap().contains('T'), "{shown}");
    }
    let _ = anybody
        .with_token(&token)
        .get("/v1/introspection")
        .await
        .expect(200);
    assert!(!reply.text().contains(ADMIN_PASSWORD));
}

#[tokio::test]
async fn wrong_passwords_users_and_bodies_get_no_token() {
    let server = Setup::new().authenticated().start().await;
    let client = server.client().without_token();
    let wrong = client
        .post("/v3/auth/tokens", &login_body("admin", "wrong"))
        .await
        .expect(401);
    let unknown = client
        .post("/v3/auth/tokens", &login_body("nobody", "wrong"))
        .await
        .expect(401);
    assert_eq!(wrong.text(), unknown.text(), "a reply tells who exists");
    for body in [
        json!({}),
        json!([]),
        json!({"auth": {}}),
        json!({"auth": {"identity": {"methods": []}}}),
    ] {
        let reply = client.post("/v3/auth/tokens", &body).await;
        assert!(
            [400, 401].contains(&reply.status),
            "{body}: {}",
            reply.status
        );
    }
}

#[tokio::test]
async fn a_forged_or_foreign_token_is_refused() {
    let server = Setup::new().authenticated().start().await;
    let other = Setup::new().authenticated().start().await;
    let own = server.client().token().unwrap().to_owned();
    let mut changed: Vec<char> = own.chars().collect();
    let middle = changed.len() / 2;
    changed[middle] = if changed[middle] == 'A' { 'B' } else { 'A' };
    let unsigned = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.eyJzdWIiOiJhZG1pbiIsInJvbGUiOiJhZG1pbiJ9.";
    for token in [
        "",
        "x",
        unsigned,
        &changed.iter().collect::<String>(),
        other.client().token().unwrap(),
    ] {
        let reply = server.client().with_token(token).get("/v1/nodes/").await;
        assert_eq!(reply.status, 401, "{token}");
    }
}

#[tokio::test]
async fn basic_credentials_work_and_wrong_ones_do_not() {
    let server = Setup::new().authenticated().start().await;
    let basic = async |password: &str| -> Reply {
        let request = server
            .client()
            .without_token()
            .request(Method::GET, "/v1/nodes/");
        send(request.basic_auth("admin", Some(password))).await
    };
    for _ in 0..3 {
        let _ = basic(ADMIN_PASSWORD).await.expect(200);
        let _ = basic("wrong").await.expect(401);
    }
}

#[tokio::test]
async fn roles_bound_what_a_user_may_do() {
    let server = Setup::new().authenticated().start().await;
    let admin = server.client();
    server
        .setup()
        .add_user("watcher", "observer", "watcher-password");
    server
        .setup()
        .add_user("worker", "operator", "worker-password");
    let watcher = admin.with_token(&login(admin, "watcher", "watcher-password").await);
    let worker = admin.with_token(&login(admin, "worker", "worker-password").await);
    let node = admin
        .post(
            "/v1/nodes/",
            &json!({"node": {"name": "n", "mac_address": "52:54:00:00:00:01"}}),
        )
        .await;
    let uuid = node.json()["node"]["uuid"].as_str().unwrap().to_owned();
    let start = format!("/v1/introspection/{uuid}?manage_boot=0");

    for path in [
        "/v1/nodes/",
        "/v1/introspection",
        "/v1/rules",
        "/v1/power-controls/",
    ] {
        let _ = watcher.get(path).await.expect(200);
        let _ = worker.get(path).await.expect(200);
    }
    let refused = watcher.post_empty(&start).await.expect(403);
    assert!(refused.json()["error"]["message"].is_string());
    let _ = watcher
        .post("/v1/nodes/", &json!({"node": {"name": "m"}}))
        .await
        .expect(403);
    let _ = watcher.delete("/v1/rules").await.expect(403);
    let _ = worker.post_empty(&start).await.expect(202);
}

#[tokio::test]
async fn a_server_without_users_listens_on_loopback_only() {
    let setup = Setup::new();
    let output = setup
        .command(&["serve", "--listen", "0.0.0.0:0", "--auth", "none"])
        .output()
        .unwrap();
    assert!(!output.status.success());
    let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(complaint.contains("loopback"), "{complaint}");
}

#[tokio::test]
async fn probes_and_discovery_need_no_token() {
    let server = Setup::new().authenticated().start().await;
    let anybody = server.client().without_token();
    for path in ["/", "/v1", "/healthz", "/readyz"] {
        let _ = anybody.get(path).await.expect(200);
    }
}

#[tokio::test]
async fn an_unknown_user_role_is_refused() {
    let setup = Setup::new();
    let mut command = setup.command(&["user", "add", "x", "--role", "emperor", "--password-stdin"]);
    let output = command.stdin(std::process::Stdio::null()).output().unwrap();
    assert!(!output.status.success());
    assert!(
        String::from_utf8_lossy(&output.stderr).contains("emperor"),
        "{output:?}"
    );
}

/// Every operation of every OpenAPI document, asked for without a token.
#[tokio::test]
async fn every_documented_operation_asks_who_is_there() {
    let server = Setup::new().authenticated().start().await;
    let anybody = server.client().without_token();
    let mut asked = 0;
    for (document, path, method, operation) in assay_tests::openapi::operations() {
        let open = operation["security"]
            .as_array()
            .is_some_and(|needs| needs.is_empty() || needs.iter().any(|need| need == &json!({})));
        let path = assay_tests::openapi::example(&path);
        let reply = send(
            anybody
                .request(method.clone(), &path)
                .header("Content-Length", "0"),
        )
        .await;
        let place = format!(
            "{document}: {method} {path} answers {}: {}",
            reply.status,
            reply.text()
        );
        if open {
            assert_ne!(reply.status, 401, "{place}");
        } else {
            assert_eq!(reply.status, 401, "{place}");
            assert_shape(&document, &reply, &place);
            asked += 1;
        }
    }
    assert!(asked >= 30, "only {asked} operations ask for a token");
}

/// An error in the words of its dialect.
fn assert_shape(document: &str, reply: &Reply, place: &str) {
    let body = reply.json();
    let message: &Value = match document {
        "inspector" => &body["error"]["message"],
        _ => body
            .pointer("/error/message")
            .or_else(|| body.get("message"))
            .unwrap_or(&Value::Null),
    };
    assert!(message.is_string(), "{place}");
}
