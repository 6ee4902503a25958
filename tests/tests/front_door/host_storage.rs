//! Storage that is asked from a host: what is refused before, and the task of a host that is slow.

use std::net::TcpListener;
use std::time::Duration;

use assay_tests::sshd::new_key;
use assay_tests::{Server, Setup, wait};
use serde_json::{Value, json};
use tempfile::TempDir;

const DISCOVER: &str = "/v1/nodes/1/actions/discovery-nas";
const LIMIT: Duration = Duration::from_secs(60);

/// A host whose SSH server takes connections and says nothing, and storage with and without an address.
async fn lab(folder: &TempDir, host: &TcpListener) -> Server {
    let key = folder.path().join("key");
    let public = new_key(&key);
    let server = Setup::new()
        .env("ASSAY_HOSTS__SSH_KEY", key.display())
        .env("ASSAY_HOSTS__CONNECT_LIMIT", 4)
        .env("ASSAY_HOSTS__ANSWER_WAIT", 1)
        .start()
        .await;
    for node in [
        json!({"name": "host", "ip_addresses": ["127.0.0.1"]}),
        json!({"name": "store", "ip_addresses": ["10.0.0.1"]}),
        json!({"name": "nowhere"}),
    ] {
        let body = json!({ "node": node });
        let _ = server.client().post("/v1/nodes/", &body).await.expect(200);
    }
    let body = json!({"port": host.local_addr().unwrap().port(), "host_key": public});
    let path = "/assay/v1/nodes/host/host-access";
    let _ = server.client().put(path, &body).await.expect(200);
    server
}

#[tokio::test]
async fn a_slow_host_is_a_task() {
    let folder = TempDir::new().unwrap();
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let server = lab(&folder, &silent).await;
    let client = server.client();
    for (storage, status) in [(99, 404), (3, 409)] {
        let body = json!({ "storage_id": storage });
        let _ = client.post(DISCOVER, &body).await.expect(status);
    }
    for bad in [
        json!({}),
        json!({"storage_id": "2"}),
        json!({"storage_id": 2, "force": true}),
    ] {
        let _ = client.post(DISCOVER, &bad).await.expect(400);
    }
    let elsewhere = DISCOVER.replace("/1/", "/2/");
    let reply = client.post(&elsewhere, &json!({"storage_id": 2})).await;
    assert!(reply.expect(409).text().contains("host-access"));

    let reply = client.post(DISCOVER, &json!({"storage_id": 2})).await;
    let reply = reply.expect(202);
    let task = format!("/v1/tasks/{}", reply.header("Assay-Task").unwrap());
    let state = async || client.get(&task).await.expect(200).json();
    let has_failed = |task: &Value| task.to_string().contains("FAILURE");
    wait::until_is("the task has failed", LIMIT, state, has_failed).await;
    let node = client.get("/v1/nodes/1").await.expect(200).json();
    assert!(node["node"].get("nas").is_none(), "{node}");
}
