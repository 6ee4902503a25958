//! CloudManager's tasks in Celery's words, on both databases: what they gave, how they failed, how far
//! they are, and how one that waits is taken back.

use std::time::Duration;

use assay_tests::database::Database;
use assay_tests::{Client, Server, Setup, wait};
use serde_json::{Value, json};

const LIMIT: Duration = Duration::from_secs(30);

on_both!(
    tasks_are_told_in_celerys_words,
    a_running_task_shows_how_far_it_is,
    a_waiting_task_is_taken_back,
);

async fn server(database: &Database) -> Server {
    let setup = Setup::new().database(database);
    setup.env("ASSAY_DRIVERS__FAKE", true).start().await
}

/// Enrols a fake machine that behaves so.
async fn machine(client: &Client, name: &str, settings: Value) -> Value {
    let node = json!({"node": {"name": name}});
    let node = client.post("/v1/nodes/", &node).await.expect(200).json()["node"].clone();
    let control = json!({"power_control": {
        "control_type": "Fake", "protocol_type": "fake", "host": name, "port_number": 1,
        "settings": settings,
    }});
    let control = client.post("/v1/power-controls/", &control).await;
    let control = control.expect(200).json()["power_control"]["id"].clone();
    let path = format!("/v1/nodes/{}/power-controls/", node["id"]);
    let body = json!({"power_control_id": control, "power_control_port": "1"});
    let _ = client.post(&path, &body).await.expect(200);
    node
}

async fn task(client: &Client, id: &Value) -> Value {
    let path = format!("/v1/tasks/{}", id.as_str().unwrap());
    client.get(&path).await.expect(200).json()
}

async fn recent(client: &Client) -> Value {
    let shown = client.get("/v1/tasks").await.expect(200).json();
    assert_eq!(client.get("/v1/tasks/").await.json(), shown);
    shown["tasks"].clone()
}

async fn tasks_are_told_in_celerys_words(database: Database) {
    let server = server(&database).await;
    let client = server.client();
    assert_eq!(recent(client).await, json!([]));
    let node = machine(client, "obedient", json!({})).await;
    for number in 0..12 {
        let action = ["power-on", "power-off"][number % 2];
        let path = format!("/v1/nodes/{}/actions/{action}", node["id"]);
        let _ = client.post_empty(&path).await.expect(204);
    }
    let path = format!("/v1/nodes/{}/power-actions/?limit=10", node["id"]);
    let actions = client.get(&path).await.expect(200).json()["power_actions"].clone();
    let ids: Vec<&Value> = actions
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["task_id"])
        .collect();
    assert_eq!(ids.len(), 10);
    assert_eq!(recent(client).await, json!(ids), "the newest ones first");
    let done = task(client, ids[0]).await;
    assert_eq!(
        done,
        json!({
            "status": "SUCCESS", "name": "node.power", "result": r#"{"state":"done"}"#,
            "progress": [],
        })
    );
    how_a_task_failed(client).await;
    for path in [
        "/v1/tasks/1",
        "/v1/tasks/3519adaf-7669-499e-88eb-8f05f64514e2",
    ] {
        let reply = client.get(path).await.expect(404);
        assert_eq!(reply.json()["error"]["code"], 404);
    }
}

async fn how_a_task_failed(client: &Client) {
    let node = machine(client, "refusing", json!({"refuse": true})).await;
    let path = format!("/v1/nodes/{}/actions/power-on", node["id"]);
    let reply = client.post_empty(&path).await;
    assert!(reply.status >= 400, "{}", reply.text());
    let failed = task(client, &recent(client).await[0]).await;
    assert_eq!(failed["status"], "FAILURE", "{failed}");
    let trace = failed["traceback"].as_str().unwrap();
    let lines: Vec<&str> = trace.lines().collect();
    assert_eq!(lines[0], "Task node.power, attempt 1 of 3");
    let last = lines[lines.len() - 1];
    assert!(last.starts_with("Error: "), "{trace}");
    assert!(last.contains("refus"), "{trace}");
    let facts: Value = serde_json::from_str(failed["result"].as_str().unwrap()).unwrap();
    assert!(facts["device_error"].is_object(), "{facts}");
}

async fn a_running_task_shows_how_far_it_is(database: Database) {
    let server = server(&database).await;
    let client = server.client();
    let node = machine(client, "slow", json!({"delay": 0.4})).await;
    let path = format!("/v1/introspection/{}", node["uuid"].as_str().unwrap());
    let _ = client.post_empty(&path).await.expect(202);
    let ids = recent(client).await;
    let shown = async || task(client, &ids[0]).await;
    let running = wait::until_is("it says something", LIMIT, shown, |task| {
        task["status"] == "STARTED"
            && task["progress"]
                .as_array()
                .is_some_and(|all| !all.is_empty())
    })
    .await;
    assert_eq!(running["name"], "introspection.start");
    assert!(running.get("traceback").is_none() && running.get("result").is_none());
    let ended = wait::until_is("it is done", LIMIT, shown, |task| {
        task["status"] == "SUCCESS"
    });
    let progress = ended.await["progress"].clone();
    let progress = progress.as_array().unwrap();
    let before = running["progress"].as_array().unwrap();
    assert!(progress.starts_with(before), "{progress:?}");
    assert!(progress.len() > before.len(), "{progress:?}");
    let said = |text: &str| progress.iter().any(|line| line["text"] == text);
    assert!(said("switching the machine on"), "{progress:?}");
    for line in progress {
        assert_eq!(line["at"].as_str().unwrap().len(), 19, "{line}");
    }
}

async fn a_waiting_task_is_taken_back(database: Database) {
    let server = server(&database).await;
    let client = server.client();
    let node = machine(client, "slow", json!({"delay": 1.5})).await;
    let command = async |command: &str| {
        let body = json!({"nodes": [node["uuid"]], "command": command});
        let accepted = client.post("/assay/v1/power", &body).await.expect(202);
        accepted.json()["accepted"][0]["task"].clone()
    };
    let first = command("power_on").await;
    let shown = async || task(client, &first).await;
    wait::until_is("it runs", LIMIT, shown, |task| task["status"] == "STARTED").await;
    // It waits for the node behind the first one.
    let second = command("power_off").await;
    let path = |id: &Value| format!("/v1/tasks/{}/actions/revoke", id.as_str().unwrap());
    let revoke = async || client.post_empty(&path(&second)).await.status;
    wait::until_is("it is taken back", LIMIT, revoke, |status| *status == 204).await;
    assert_eq!(task(client, &second).await["status"], "REVOKED");
    for id in [&first, &second] {
        let reply = client.post_empty(&path(id)).await.expect(409);
        let message = reply.json()["error"]["message"].clone();
        assert!(message.as_str().unwrap().contains("cannot be revoked"));
    }
    let nobody = json!("3519adaf-7669-499e-88eb-8f05f64514e2");
    let _ = client.post_empty(&path(&nobody)).await.expect(404);
    wait::until_is("the first goes on", LIMIT, shown, |task| {
        task["status"] == "SUCCESS"
    })
    .await;
}
