//! Hosts of a simulated cloud: emptied, switched off, restarted, whatever fails on the way.

use std::sync::Arc;
use std::time::Duration;

use assay_sim::{
    ActionFailure, BadEnd, Bmc, CallFault, HostCondition, OpenStackFault, OpenStackOptions, Power,
};
use assay_tests::hypervisor::Hypervisor;
use assay_tests::openstack::Cloud;
use assay_tests::{Client, Server, Setup, lab, wait};
use serde_json::{Value, json};

/// How long anything may take.
const LIMIT: Duration = Duration::from_secs(60);

struct Lab {
    cloud: Arc<Cloud>,
    server: Server,
    bmcs: Vec<Bmc>,
    hosts: Vec<String>,
}

impl Lab {
    /// A cloud of hosts, each a node with a BMC, with instances that are spread over them.
    async fn new(hosts: usize, instances: usize) -> Self {
        let cloud = Arc::new(Cloud::start(OpenStackOptions {
            hosts,
            instances,
            delay: Duration::from_millis(100),
            service_down_after: Duration::from_millis(300),
            ..OpenStackOptions::default()
        }));
        let setup = Setup::new();
        let config = format!("{}poll_interval = 0.05\n", cloud.config(&setup));
        let server = setup.config(&config).start().await;
        let mut lab = Self {
            hosts: cloud.simulator().hosts(),
            cloud,
            server,
            bmcs: Vec::new(),
        };
        for number in 0..hosts {
            let host = lab.hosts[number].clone();
            let machine = Hypervisor::of(&lab.cloud, &host, number).await;
            let bmc = lab::bmc(Arc::new(machine));
            let _ = lab::enrol(lab.client(), &bmc).await;
            lab.bmcs.push(bmc);
        }
        lab
    }

    fn client(&self) -> &Client {
        self.server.client()
    }

    fn on(&self, host: usize) -> Vec<String> {
        self.cloud.simulator().instances_on(&self.hosts[host])
    }

    fn is_off(&self, host: usize) -> bool {
        self.bmcs[host].machine().power() == Power::Off
    }

    /// Has something done with a host; gives the task's id.
    async fn begin(&self, host: usize, work: &str, body: &Value) -> String {
        let path = format!("/v1/hosts/{}/actions/{work}", self.hosts[host]);
        let reply = self.client().post(&path, body).await.expect(200);
        reply.json()["task_id"].as_str().unwrap().to_owned()
    }

    /// The task once it has ended.
    async fn end(&self, task: &str) -> Value {
        let path = format!("/assay/v1/tasks/{task}");
        let ended = async || {
            let shown = self.client().get(&path).await.expect(200).json();
            let status = shown["status"].as_str().unwrap_or_default().to_owned();
            ["SUCCESS", "FAILURE"]
                .contains(&status.as_str())
                .then_some(shown)
        };
        wait::until("the task ends", LIMIT, ended).await
    }

    async fn done(&self, host: usize, work: &str, body: &Value) -> Value {
        let task = self.begin(host, work, body).await;
        self.end(&task).await
    }

    /// Whether an instance has ever run twice.
    fn is_clean(&self) -> bool {
        let counters = self.cloud.simulator().counters();
        counters.running_twice.is_empty() && counters.evacuated_while_running.is_empty()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_living_host_is_emptied_and_gets_nothing_more() {
    let lab = Lab::new(3, 9).await;
    let before = lab.on(0);
    assert!(!before.is_empty());
    let path = format!("/v1/hosts/{}/actions/evacuate?dry_run=true", lab.hosts[0]);
    let plan = lab.client().post_empty(&path).await.expect(200).json();
    let planned = plan["hosts"][0]["instances"].as_array().unwrap().clone();
    assert_eq!(
        (planned.len(), lab.on(0).len()),
        (before.len(), before.len())
    );
    assert!(
        planned
            .iter()
            .all(|one| one["target"] != json!(lab.hosts[0]))
    );

    let task = lab.done(0, "evacuate", &Value::Null).await;
    assert_eq!(task["status"], "SUCCESS", "{task}");
    assert!(lab.on(0).is_empty() && !lab.is_off(0));
    let moved = task["result"]["hosts"][0]["instances"].as_array().unwrap();
    assert_eq!(moved.len(), before.len());
    for one in moved {
        assert_eq!(
            (&one["state"], &one["method"]),
            (&json!("moved"), &json!("live"))
        );
        let counters = lab.cloud.simulator().counters();
        let uuid = one["uuid"].as_str().unwrap();
        assert_eq!(counters.accepted_of(uuid, "os-migrateLive"), 1);
    }
    assert!(lab.is_clean());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dead_host_is_switched_off_before_its_instances_run_elsewhere() {
    let lab = Lab::new(3, 9).await;
    let before = lab.on(0);
    let cloud = lab.cloud.simulator();
    cloud.set_condition(&lab.hosts[0], HostCondition::DeadButRunning);
    tokio::time::sleep(Duration::from_millis(500)).await;
    let task = lab.done(0, "evacuate", &Value::Null).await;
    assert_eq!(task["status"], "SUCCESS", "{task}");
    assert!(lab.is_off(0) && lab.on(0).is_empty());
    let moved = task["result"]["hosts"][0]["instances"].as_array().unwrap();
    assert_eq!(moved.len(), before.len());
    assert!(moved.iter().all(|one| one["method"] == "evacuate"));
    assert!(lab.is_clean(), "{:?}", cloud.counters().running_twice);
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_evacuated_from_a_host_that_cannot_be_switched_off() {
    let lab = Lab::new(3, 6).await;
    let before = lab.on(0);
    let cloud = lab.cloud.simulator();
    cloud.set_condition(&lab.hosts[0], HostCondition::DeadButRunning);
    tokio::time::sleep(Duration::from_millis(500)).await;
    let nodes = lab.client().get("/v1/nodes/").await.expect(200).json();
    let named = |node: &&Value| node["name"] == json!(lab.hosts[0]);
    let node = nodes["nodes"]
        .as_array()
        .unwrap()
        .iter()
        .find(named)
        .unwrap();
    let path = format!("/v1/nodes/{}", node["id"]);
    let _ = lab.client().delete(&path).await.expect(204);
    let task = lab.done(0, "evacuate", &Value::Null).await;
    assert_eq!(task["status"], "FAILURE", "{task}");
    assert_eq!(lab.on(0), before);
    assert!(lab.is_clean());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restarted_host_comes_back_and_gets_instances_again() {
    let lab = Lab::new(3, 6).await;
    let body = json!({"hosts": [lab.hosts[0], lab.hosts[1]], "in_sequence": true});
    let path = "/v1/hosts/actions/restart";
    let reply = lab.client().post(path, &body).await.expect(200).json();
    let again = lab.client().post(path, &body).await.expect(409);
    assert!(again.text().contains("at work"), "{}", again.text());
    let task = lab.end(reply["task_id"].as_str().unwrap()).await;
    assert_eq!(task["status"], "SUCCESS", "{task}");
    assert!(!lab.is_off(0) && !lab.is_off(1));
    assert!(lab.is_clean());
    for host in &lab.hosts[..2] {
        let path = format!("/v1/hosts/{host}/actions/evacuate?dry_run=true");
        let plan = lab.client().post_empty(&path).await.expect(200).json();
        assert_eq!(plan["hosts"][0]["is_up"], true);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fails_on_the_way_loses_nothing() {
    let lab = Lab::new(3, 9).await;
    let cloud = lab.cloud.simulator();
    let before = lab.on(0);
    // One instance cannot be moved while it runs; the cloud is away for a while; its tokens end.
    cloud.fail(ActionFailure {
        action: "os-migrateLive".to_owned(),
        instance: Some(before[0].clone()),
        end: BadEnd::Error,
        times: None,
    });
    cloud.add_fault(OpenStackFault {
        operation: "*".to_owned(),
        fault: CallFault::Answer {
            status: 503,
            retry_after: None,
        },
        times: Some(5),
    });
    let task = lab
        .begin(0, "shutdown", &json!({"allow_off_vm": true}))
        .await;
    cloud.expire_tokens();
    let task = lab.end(&task).await;
    assert_eq!(task["status"], "SUCCESS", "{task}");
    assert!(lab.on(0).is_empty() && lab.is_off(0));
    let all: usize = (0..3).map(|host| lab.on(host).len()).sum();
    assert_eq!(all, 9);
    assert!(lab.is_clean());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_keeps_instances_stays_on() {
    let lab = Lab::new(2, 4).await;
    let cloud = lab.cloud.simulator();
    let kept = lab.on(0)[0].clone();
    cloud.fail(ActionFailure {
        action: "os-migrateLive".to_owned(),
        instance: Some(kept.clone()),
        end: BadEnd::Error,
        times: None,
    });
    let task = lab.done(0, "shutdown", &json!({})).await;
    assert_eq!(task["status"], "FAILURE", "{task}");
    assert!(
        task["error"].as_str().unwrap().contains("not empty"),
        "{task}"
    );
    assert!(!lab.is_off(0));
    assert_eq!(lab.on(0), [kept]);
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_requests_are_told() {
    let lab = Lab::new(2, 2).await;
    let client = lab.client();
    let nowhere = "/v1/hosts/nowhere/actions/evacuate";
    let _ = client.post_empty(nowhere).await.expect(404);
    let path = format!("/v1/hosts/{}/actions/shutdown", lab.hosts[0]);
    let _ = client
        .post(&path, &json!({"allow_everything": true}))
        .await
        .expect(400);
    for body in [
        json!({}),
        json!({"hosts": []}),
        json!({"hosts": [lab.hosts[0], lab.hosts[0]]}),
        json!({"hosts": "all"}),
    ] {
        let _ = client
            .post("/v1/hosts/actions/restart", &body)
            .await
            .expect(400);
    }
    let _ = client
        .post_empty("/v1/nodes/1/actions/enable-nodesafe")
        .await
        .expect(204);
    let protected = client.post_empty(&path).await.expect(409);
    assert!(
        protected.text().contains("protected"),
        "{}",
        protected.text()
    );
}
