//! What is noted on instances of a simulated cloud, and nodes bound to instances.

use std::time::Duration;

use assay_sim::{CallFault, OpenStackFault, OpenStackOptions};
use assay_tests::database::Database;
use assay_tests::openstack::{Cloud, Services};
use assay_tests::{Client, Server, Setup, wait};
use serde_json::{Value, json};

on_both!(metadata_is_the_clouds_own, nodes_are_bound_to_instances);

/// How long anything may take.
const LIMIT: Duration = Duration::from_secs(20);
const NOBODY: &str = "5b1c6b5e-9d5e-4b9e-8f0b-1c2d3e4f5a6b";

struct Lab {
    cloud: Cloud,
    server: Server,
}

impl Lab {
    async fn new(database: &Database) -> Self {
        let cloud = Cloud::start(OpenStackOptions {
            hosts: 1,
            instances: 2,
            ..OpenStackOptions::default()
        });
        let setup = Setup::new().database(database);
        let config = cloud.config(&setup);
        let server = setup.config(&config).start().await;
        Self { cloud, server }
    }

    fn client(&self) -> &Client {
        self.server.client()
    }

    /// Has nodes bound or unbound; gives the task when it has ended.
    async fn bind(&self, action: &str, controller: &str, names: &[&str]) -> Value {
        let path = format!("/v1/nodes/actions/{action}");
        let body = json!({"controller_uuid": controller, "hostnames": names});
        let started = self.client().post(&path, &body).await.expect(200).json();
        let path = format!("/assay/v1/tasks/{}", started["task_id"].as_str().unwrap());
        let ended = async || {
            let task = self.client().get(&path).await.expect(200).json()["task"].clone();
            let status = task["status"].as_str().unwrap().to_owned();
            ["SUCCESS", "FAILURE"].contains(&&*status).then_some(task)
        };
        wait::until("the task's end", LIMIT, ended).await
    }

    async fn controller_of(&self, node: i64) -> Value {
        let path = format!("/v1/nodes/{node}");
        let shown = self.client().get(&path).await.expect(200).json();
        shown["node"]["controller_id"].clone()
    }
}

async fn metadata_is_the_clouds_own(database: Database) {
    let lab = Lab::new(&database).await;
    let id = lab.cloud.simulator().instances()[0].clone();
    let path = format!("/v1/system_metadata/{id}");
    let read = async || {
        let shown = lab.client().get(&path).await.expect(200).json();
        shown["metadata"].clone()
    };
    assert_eq!(read().await, json!({}));
    let first = json!({"image_min_ram": "1", "image_disk_format": "qcow2"});
    let _ = lab.client().put(&path, &first).await.expect(204);
    // The answer is lost, and it was done.
    lab.cloud.simulator().add_fault(OpenStackFault {
        operation: "compute POST /servers/{id}/metadata".to_owned(),
        fault: CallFault::LoseAnswer,
        times: Some(1),
    });
    let second = json!({"image_min_ram": "2", "cpu_benchmark": "test"});
    let _ = lab.client().put(&path, &second).await.expect(204);
    let all = json!({
        "cpu_benchmark": "test", "image_disk_format": "qcow2", "image_min_ram": "2",
    });
    assert_eq!(read().await, all);
    let services = Services::new(&lab.cloud).await;
    let seen = services.get(&format!("/compute/v2.1/servers/{id}")).await;
    assert_eq!(seen["server"]["metadata"], all, "other tools see it");

    let one = format!("{path}/removed/image_min_ram");
    let _ = lab.client().delete(&one).await.expect(204);
    assert_eq!(read().await.as_object().unwrap().len(), 2);
    let missing = lab.client().delete(&one).await.expect(404).text();
    assert!(missing.contains("image_min_ram"), "{missing}");
    for body in [
        json!({"a": 1}),
        json!({"a": null}),
        json!(["a"]),
        json!({"a/b": "c"}),
    ] {
        let _ = lab.client().put(&path, &body).await.expect(400);
    }
    let long = json!({"a": "b".repeat(256)});
    let _ = lab.client().put(&path, &long).await.expect(400);
    for nobody in [NOBODY, "..%2Fos-services"] {
        let path = format!("/v1/system_metadata/{nobody}");
        let _ = lab.client().get(&path).await.expect(404);
        let _ = lab.client().put(&path, &first).await.expect(404);
        let one = format!("{path}/removed/image_min_ram");
        let reply = lab.client().delete(&one).await.expect(404);
        assert!(reply.text().contains("nstance"), "{}", reply.text());
    }
}

async fn nodes_are_bound_to_instances(database: Database) {
    let lab = Lab::new(&database).await;
    let instances = lab.cloud.simulator().instances();
    let (controller, other) = (&instances[0], &instances[1]);
    for name in ["mnode1.example.org", "mnode2.example.org"] {
        let body = json!({"node": {"name": name}});
        let _ = lab.client().post("/v1/nodes/", &body).await.expect(200);
    }
    let both = ["mnode1.example.org", "mnode2.example.org"];
    let task = lab.bind("attach", controller, &both[..1]).await;
    assert_eq!(task["status"], "SUCCESS", "{task}");
    let task = lab.bind("attach", controller, &both).await;
    let hosts = &task["result"]["hosts"];
    assert_eq!(
        hosts[0],
        json!({"hostname": both[0], "result": "was attached already"})
    );
    assert_eq!(hosts[1], json!({"hostname": both[1], "result": "attached"}));
    assert_eq!(lab.controller_of(2).await, controller.as_str());

    let deny = async |action: &str, controller: &str, names: Value, status: u16| {
        let path = format!("/v1/nodes/actions/{action}");
        let body = json!({"controller_uuid": controller, "hostnames": names});
        lab.client().post(&path, &body).await.expect(status).text()
    };
    let unknown = deny("attach", controller, json!([both[0], "x", "y"]), 404).await;
    assert!(unknown.contains("x, y"), "{unknown}");
    let refused = deny("attach", other, json!(both), 409).await;
    assert!(refused.contains(controller.as_str()), "{refused}");
    for action in ["attach", "detach"] {
        deny(action, NOBODY, json!(both), 404).await;
        deny(action, controller, json!([]), 400).await;
        deny(action, controller, json!([both[0], both[0]]), 400).await;
    }
    let task = lab.bind("detach", other, &both).await;
    assert_eq!(
        task["result"]["hosts"][0]["result"],
        "was not attached to it"
    );
    assert_eq!(lab.controller_of(1).await, controller.as_str());
    // What is gone from the cloud can be detached, and not attached.
    let services = Services::new(&lab.cloud).await;
    let url = format!("/compute/v2.1/servers/{controller}");
    let gone = services.send(reqwest::Method::DELETE, &url, None).await;
    assert_eq!(gone.0, 204);
    deny("attach", controller, json!(both), 404).await;
    let task = lab.bind("detach", controller, &both).await;
    assert_eq!(task["status"], "SUCCESS", "{task}");
    assert_eq!(task["result"]["hosts"][1]["result"], "detached");
    assert_eq!(lab.controller_of(2).await, Value::Null);
}
