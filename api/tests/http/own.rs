//! Assay's own API: phases, history, tasks, users, health.

use serde_json::{Value, json};

use crate::support::server;

#[rocket::async_test]
async fn an_introspection_tells_the_phase_that_has_not_come() {
    let server = server().await;
    let uuid = server.waiting("deep", "52:54:00:00:00:01").await;
    let detail = server
        .get("/assay/v1/nodes/deep/introspection")
        .await
        .expect(200)
        .json();
    assert_eq!(detail["introspection"]["node_uuid"], uuid);
    assert_eq!(detail["introspection"]["requested_by"], "admin");
    assert_eq!(detail["phases"], json!([]));
    assert_eq!(detail["missing"], "boot_script");
    assert!(detail["missing_reason"].is_string());
    let history = server
        .get("/assay/v1/nodes/deep/introspections?limit=5")
        .await;
    let history = history.expect(200).json();
    assert_eq!(history["introspections"].as_array().unwrap().len(), 1);
    server
        .get("/assay/v1/nodes/deep/introspections?limit=100000")
        .await
        .expect(400);
    let reports = server
        .get("/assay/v1/nodes/deep/reports")
        .await
        .expect(200)
        .json();
    assert_eq!(reports, json!({"reports": []}));
    server
        .get("/assay/v1/nodes/deep/reports/1")
        .await
        .expect(404);
}

#[rocket::async_test]
async fn what_steers_an_introspection_can_be_set() {
    let server = server().await;
    server.enrol("steered", "52:54:00:00:00:01").await;
    let path = "/assay/v1/nodes/steered";
    let body = json!({"properties": {"inspection_scope": "lab"}, "traits": ["CUSTOM_A"]});
    let node = server.put(path, &body).await.expect(200).json();
    assert_eq!(node["properties"], json!({"inspection_scope": "lab"}));
    assert_eq!(node["traits"], json!(["CUSTOM_A"]));
    assert_eq!(node["ports"][0]["address"], "52:54:00:00:00:01");
    assert_eq!(server.get(path).await.expect(200).json(), node);
    server
        .put(path, &json!({"colour": "red"}))
        .await
        .expect(400);
}

#[rocket::async_test]
async fn tasks_are_shown_in_full_and_revoked() {
    let server = server().await;
    server.waiting("busy", "52:54:00:00:00:01").await;
    server
        .post_empty("/v1/introspection/busy/abort")
        .await
        .expect(202);
    let page = server.get("/assay/v1/tasks").await.expect(200).json();
    let task = &page["tasks"][0];
    assert_eq!(
        (&task["status"], &task["dialect"]),
        (&json!("PENDING"), &json!("inspector"))
    );
    let path = format!("/assay/v1/tasks/{}", task["id"].as_str().unwrap());
    let shown = server.get(&path).await.expect(200).json();
    assert_eq!(&shown["task"], task);
    server.delete(&path).await.expect(204);
    server.delete(&path).await.expect(409);
    let shown = server.get(&path).await.expect(200).json();
    assert_eq!(shown["task"]["status"], "REVOKED");
}

#[rocket::async_test]
async fn users_come_change_and_go() {
    let server = server().await;
    let user = json!({"name": "night", "role": "observer", "password": "eight-or-more"});
    let made = server.post("/assay/v1/users", &user).await.expect(201);
    assert!(!made.text.contains("eight-or-more"));
    server.post("/assay/v1/users", &user).await.expect(409);
    let emperor = json!({"name": "x", "role": "emperor", "password": "eight-or-more"});
    server.post("/assay/v1/users", &emperor).await.expect(400);
    let path = "/assay/v1/users/night";
    let changed = server
        .put(path, &json!({"role": "operator"}))
        .await
        .expect(200)
        .json();
    assert_eq!(changed["role"], "operator");
    let users = server.get("/assay/v1/users").await.expect(200).json();
    assert_eq!(users["users"].as_array().unwrap().len(), 3);
    server.delete(path).await.expect(204);
    server.delete(path).await.expect(404);
}

#[rocket::async_test]
async fn health_needs_no_token() {
    let server = server().await.anonymous();
    for path in ["/healthz", "/readyz"] {
        let health: Value = server.get(path).await.expect(200).json();
        assert_eq!(health["status"], "ok", "{health}");
    }
    let ready: Value = server.get("/readyz").await.expect(200).json();
    assert_eq!(ready["queue"], "embedded");
    assert_eq!(ready["queue_connected"], true);
    server.get("/metrics").await.expect(503);
}
