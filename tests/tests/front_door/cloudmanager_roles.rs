//! Who may do what in CloudManager's API: nobody anything without a token, and observers read only.
//! The operations are those of its OpenAPI document, so that none is missed.

use assay_tests::client::send;
use assay_tests::server::login;
use assay_tests::{Client, Reply, Setup, openapi};
use reqwest::Method;
use serde_json::{Value, json};

/// A body that is taken, for each operation that has one.
fn body(method: &Method, path: &str) -> Option<Value> {
    let node = json!({"node": {"title": "t"}});
    let class = json!({"node_class": {"name": "c"}});
    let kind = json!({"node_type": {"name": "t"}});
    let storage = json!({"availability_storage": {
        "name": "s", "compute_path": "/a", "controller_path": "/b",
    }});
    let control = json!({"power_control": {
        "control_type": "Fake", "protocol_type": "fake", "host": "another", "port_number": 1,
    }});
    let assignment = json!({"power_control_id": 1, "power_control_port": "1"});
    Some(match path.strip_prefix("/v1/")? {
        "nodes" | "nodes/{node_id}" => node,
        "nodes/actions/attach" | "nodes/actions/detach" => {
            json!({"controller_uuid": "2eec580b-12f8-4518-bf79-3dc5529617da", "hostnames": ["n"]})
        }
        "servers/{server_id}/actions/clone" => json!({"count": 1}),
        "system_metadata/{instance_uuid}" if *method == Method::PUT => json!({"key": "value"}),
        "nodes/actions/reset" => json!({"node_ids": [1]}),
        "nodes/{node_id}/actions/assign-image" => json!({"image_id": 1}),
        "nodes/{node_id}/actions/discovery-nas" => json!({"storage_id": 1}),
        "nodes/{node_id}/actions/attach-targets" => json!({"targets": {"10.0.0.1": ["volume-1"]}}),
        "nodes/{node_id}/actions/reserve" => json!({"is_reserved": true}),
        "nodes/{node_id}/actions/set-cpu-mode" => json!({"cpu_emulation_mode": null}),
        "nodes/{node_id}/actions/setup-log-redirection" => {
            json!({"log_redirection_hostname": "192.0.2.1"})
        }
        "volumes/{volume_id}/actions/mirror" => json!({"mirror_count": 1}),
        "volumes/{volume_id}/actions/pv-migrate" => json!({"source_pv": "/dev/sda"}),
        "servers/{server_id}/actions/reset-reboot" => json!({"reboot": true}),
        "hosts/{host_name}/actions/shutdown" | "hosts/{host_name}/actions/decommission" => {
            json!({"allow_evacuate": true})
        }
        "hosts/actions/restart" => json!({"hosts": ["compute-001"]}),
        "aggregates/{aggregate_id}/actions/execute-audit" => json!({"auto_apply": true}),
        "aggregates/{aggregate_id}/actions/apply-audit"
        | "aggregates/{aggregate_id}/actions/get-audit-status" => json!({"audit_id": 1}),
        "nodes/{node_id}/power-controls" => assignment,
        "nodes/{node_id}/power-controls/{power_control_id}" => json!({"is_default": true}),
        "nodes/{node_id}/availability-storages" => json!({"availability_storages": [1]}),
        "node-classes" | "node-classes/{class_id}" => class,
        "node-classes/{class_id}/types" | "node-classes/{class_id}/types/{type_id}" => kind,
        "node-images" => json!({"node_image": {"image_name": "i", "file_data": "x"}}),
        "availability-storages" | "availability-storages/{availability_storage_id}" => storage,
        "availability-storages/{availability_storage_id}/nodes" => json!({"nodes": [1]}),
        "power-controls" => control,
        "power-controls/{power_control_id}" if *method == Method::PUT => {
            json!({"power_control": {"title": "t"}})
        }
        path if path.starts_with("power-controls/{power_control_id}/actions/") => {
            json!({"coil": 1})
        }
        _ => return None,
    })
}

/// How an observer is answered who reads of a cloud that is not configured, and of audits and volumes that
/// there are not.
fn reads_nothing(method: &Method, path: &str) -> Option<(u16, &'static str)> {
    let is_get = *method == Method::GET;
    match path {
        "/v1/domains/actions/get-store" => Some((503, "Service Unavailable")),
        path if path.ends_with("/actions/get-audit-status") => Some((404, "Not Found")),
        path if is_get && path.starts_with("/v1/system_metadata/") => {
            Some((503, "Service Unavailable"))
        }
        path if is_get && path.starts_with("/v1/domains/") => Some((503, "Service Unavailable")),
        path if is_get && path.starts_with("/v1/volumes/") => Some((404, "Not Found")),
        _ => None,
    }
}

#[track_caller]
fn told(reply: Reply, status: u16, title: &str) {
    let reply = reply.expect(status);
    assert_eq!(reply.header("Content-Type"), Some("application/json"));
    let error = reply.json()["error"].clone();
    assert_eq!(
        (&error["code"], &error["title"]),
        (&json!(status), &json!(title))
    );
    assert!(
        error["message"]
            .as_str()
            .is_some_and(|text| !text.is_empty())
    );
}

/// Makes one of everything, each of which has the key 1; gives a task's id.
async fn one_of_everything(admin: &Client) -> String {
    let node = json!({"node": {"name": "n"}});
    let _ = admin.post("/v1/nodes/", &node).await.expect(200);
    let storage = json!({"availability_storage": {
        "name": "first", "compute_path": "/a", "controller_path": "/b",
    }});
    let path = "/v1/availability-storages/";
    let _ = admin.post(path, &storage).await.expect(200);
    let control = json!({"power_control": {
        "control_type": "Fake", "protocol_type": "fake", "host": "machine", "port_number": 1,
    }});
    let _ = admin
        .post("/v1/power-controls/", &control)
        .await
        .expect(200);
    let assignment = json!({"power_control_id": 1, "power_control_port": "1"});
    let path = "/v1/nodes/1/power-controls/";
    let _ = admin.post(path, &assignment).await.expect(200);
    let path = "/v1/nodes/1/actions/power-on";
    let _ = admin.post_empty(path).await.expect(204);
    let tasks = admin.get("/v1/tasks").await.expect(200).json();
    tasks["tasks"][0].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn observers_read_and_nobody_does_anything_without_a_token() {
    let setup = Setup::new().env("ASSAY_DRIVERS__FAKE", true);
    let server = setup.authenticated().start().await;
    let admin = server.client();
    let (name, password) = ("watcher", "watcher-password");
    server.setup().add_user(name, "observer", password);
    let watcher = admin.with_token(&login(admin, name, password).await);
    let anybody = admin.without_token();
    let task = one_of_everything(admin).await;

    let all = openapi::operations().into_iter();
    let ours = all.filter(|(document, ..)| document == "cloudmanager");
    let mut count = 0;
    for (_, path, method, operation) in ours {
        count += 1;
        let body = body(&method, &path).filter(|_| operation.get("requestBody").is_some());
        let has_one = operation.get("requestBody").is_some();
        assert_eq!(body.is_some(), has_one, "{method} {path}: name its body");
        let path = openapi::example(&path.replace("{task_id}", &task));
        let ask = async |client: &Client| {
            let request = client.request(method.clone(), &path);
            send(match &body {
                None => request.header("Content-Length", "0"),
                Some(body) => request.json(body),
            })
            .await
        };
        told(ask(&anybody).await, 401, "Unauthorized");
        let seen = ask(&watcher).await;
        if let Some((status, title)) = reads_nothing(&method, &path) {
            told(seen, status, title);
        } else if method == Method::GET {
            assert_eq!(seen.status, 200, "{path}: {}", seen.text());
        } else {
            told(seen, 403, "Forbidden");
        }
    }
    assert!(count > 70, "only {count} operations");
    let node = admin.get("/v1/nodes/1").await.expect(200).json()["node"].clone();
    assert_eq!(
        (&node["title"], &node["power_state"]),
        (&Value::Null, &json!("power_on"))
    );
}
