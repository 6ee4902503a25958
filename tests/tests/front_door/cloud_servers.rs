//! Instances of a simulated cloud: woken up, reset, repaired and moved, while the cloud fails.

use std::time::Duration;

use assay_sim::{ActionFailure, BadEnd, CallFault, HostShape, OpenStackFault, OpenStackOptions};
use assay_tests::openstack::{Cloud, PASSWORD};
use assay_tests::server::login;
use assay_tests::{Client, Reply, Server, Setup, wait};
use serde_json::{Value, json};

/// How long anything may take.
const LIMIT: Duration = Duration::from_secs(20);
/// How long the cloud takes for an action.
const DELAY: Duration = Duration::from_millis(150);

/// A cloud and an Assay that works with it.
struct Lab {
    cloud: Cloud,
    server: Server,
    nova: Nova,
}

/// Nova's API, asked past Assay.
struct Nova {
    base: String,
    token: String,
    client: reqwest::Client,
}

impl Nova {
    async fn new(cloud: &Cloud) -> Self {
        let client = reqwest::Client::new();
        let domain = json!({"id": "default"});
        let body = json!({"auth": {
            "identity": {"methods": ["password"], "password": {"user": {
                "name": "admin", "domain": domain, "password": PASSWORD,
            }}},
            "scope": {"project": {"name": "admin", "domain": domain}},
        }});
        let url = format!("{}/auth/tokens", cloud.simulator().auth_url());
        let answer = client.post(url).json(&body).send().await.unwrap();
        let token = answer.headers()["X-Subject-Token"].to_str().unwrap();
        Self {
            base: format!("{}/compute/v2.1", cloud.simulator().url()),
            token: token.to_owned(),
            client,
        }
    }

    /// Has an action done.
    async fn act(&self, instance: &str, action: Value) {
        let url = format!("{}/servers/{instance}/action", self.base);
        let request = self.client.post(url).header("X-Auth-Token", &self.token);
        let answer = request.json(&action).send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.status());
    }

    /// Status and host of an instance.
    async fn shown(&self, instance: &str) -> (String, String) {
        let url = format!("{}/servers/{instance}", self.base);
        let request = self.client.get(url).header("X-Auth-Token", &self.token);
        let answer = request.send().await.unwrap();
        let shown: Value = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap();
        let text = |key: &str| shown["server"][key].as_str().unwrap_or_default().to_owned();
        (text("status"), text("OS-EXT-SRV-ATTR:host"))
    }

    async fn is(&self, instance: &str, status: &str) {
        let probe = async || (self.shown(instance).await.0 == status).then_some(());
        wait::until(status, LIMIT, probe).await;
    }
}

async fn lab(options: OpenStackOptions) -> Lab {
    let cloud = Cloud::start(OpenStackOptions {
        delay: DELAY,
        ..options
    });
    let setup = Setup::new();
    let file = setup.data().join("cloud.password");
    std::fs::write(&file, format!("{PASSWORD}\n")).unwrap();
    let config = format!(
        "[cloud]\nauth_url = '{}'\nusername = 'admin'\npassword_file = '{}'\npoll_interval = 0.05\n",
        cloud.simulator().auth_url(),
        file.display()
    );
    let server = setup.config(&config).start().await;
    Lab {
        nova: Nova::new(&cloud).await,
        cloud,
        server,
    }
}

fn hosts(count: usize) -> OpenStackOptions {
    OpenStackOptions {
        hosts: count,
        instances: 1,
        ..OpenStackOptions::default()
    }
}

impl Lab {
    fn client(&self) -> &Client {
        self.server.client()
    }

    /// The one instance.
    fn instance(&self) -> String {
        self.cloud.simulator().instances()[0].clone()
    }

    async fn act(&self, instance: &str, action: &str) -> Reply {
        let path = format!("/v1/servers/{instance}/actions/{action}");
        self.client().post_empty(&path).await
    }

    /// Has the action done, and gives its task when it has ended.
    async fn task(&self, instance: &str, action: &str) -> Value {
        let started = self.act(instance, action).await.expect(200).json();
        let path = format!("/v1/tasks/{}", started["task_id"].as_str().unwrap());
        let ended = async || {
            let task = self.client().get(&path).await.expect(200).json();
            let status = task["status"].as_str().unwrap().to_owned();
            ["SUCCESS", "FAILURE"].contains(&&*status).then_some(task)
        };
        wait::until("the task's end", LIMIT, ended).await
    }

    fn accepted(&self, instance: &str, action: &str) -> u64 {
        let counters = self.cloud.simulator().counters();
        counters.accepted_of(instance, action)
    }

    fn fault(&self, operation: &str, fault: CallFault, times: u32) {
        self.cloud.simulator().add_fault(OpenStackFault {
            operation: operation.to_owned(),
            fault,
            times: Some(times),
        });
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_is_woken_up_from_what_it_is_in() {
    let lab = lab(hosts(1)).await;
    let id = lab.instance();
    for (action, status, command) in [
        ("os-stop", "SHUTOFF", "os-start"),
        ("suspend", "SUSPENDED", "resume"),
        ("pause", "PAUSED", "unpause"),
    ] {
        lab.nova.act(&id, json!({ action: null })).await;
        lab.nova.is(&id, status).await;
        let reply = lab.act(&id, "wakeup").await.expect(204);
        assert_eq!(reply.header("Assay-Task"), None);
        assert_eq!(lab.nova.shown(&id).await.0, "ACTIVE");
        assert_eq!(lab.accepted(&id, command), 1);
    }
    let _ = lab.act(&id, "wakeup").await.expect(204);
    assert_eq!(lab.accepted(&id, "os-start"), 1, "it runs already");
    let failed = json!({"os-resetState": {"state": "error"}});
    lab.nova.act(&id, failed).await;
    let text = lab.act(&id, "wakeup").await.expect(409).text();
    assert!(text.contains("is ERROR"), "{text}");
    for nobody in ["5b1c6b5e-9d5e-4b9e-8f0b-1c2d3e4f5a6b", "..%2Fos-services"] {
        let _ = lab.act(nobody, "wakeup").await.expect(404);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_is_reset_and_a_machine_only_when_asked() {
    let lab = lab(hosts(1)).await;
    let id = lab.instance();
    let failed = json!({"os-resetState": {"state": "error"}});
    lab.nova.act(&id, failed.clone()).await;
    let _ = lab.act(&id, "reset-reboot").await.expect(204);
    assert_eq!(lab.nova.shown(&id).await.0, "ACTIVE");
    assert_eq!(lab.accepted(&id, "reboot"), 0);
    lab.nova.act(&id, failed).await;
    let path = format!("/v1/servers/{id}/actions/reset-reboot");
    let body = json!({"reboot": true});
    let _ = lab.client().post(&path, &body).await.expect(204);
    assert_eq!(lab.nova.shown(&id).await.0, "ACTIVE");
    assert_eq!(lab.accepted(&id, "reboot"), 1);
    let body = json!({"reboot": "perhaps"});
    let _ = lab.client().post(&path, &body).await.expect(400);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_is_repaired_and_recovered_once_whatever_the_cloud_loses() {
    let lab = lab(hosts(1)).await;
    let id = lab.instance();
    lab.nova.act(&id, json!({"os-stop": null})).await;
    lab.nova.is(&id, "SHUTOFF").await;
    assert_eq!(lab.task(&id, "repair").await["status"], "SUCCESS");
    assert_eq!(lab.nova.shown(&id).await.0, "ACTIVE");
    assert_eq!(lab.accepted(&id, "reboot"), 1);
    let failed = json!({"os-resetState": {"state": "error"}});
    lab.nova.act(&id, failed).await;
    // The answer to the restart is lost, the token is not good any more, and Nova is away for a while.
    let reboot = "compute POST /servers/{id}/action reboot";
    lab.fault(reboot, CallFault::LoseAnswer, 1);
    let simulator = lab.cloud.simulator();
    simulator.set_delay(Some("reboot"), Duration::from_secs(2));
    let busy = CallFault::Answer {
        status: 503,
        retry_after: None,
    };
    lab.fault("compute GET /servers/{id}", busy, 2);
    simulator.expire_tokens();
    let task = lab.task(&id, "recover").await;
    assert_eq!(task["status"], "SUCCESS", "{task}");
    assert_eq!(task["name"], "server.action");
    assert_eq!(lab.accepted(&id, "reboot"), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_of_which_nobody_knows_is_not_repeated() {
    let lab = lab(hosts(1)).await;
    let id = lab.instance();
    let reboot = "compute POST /servers/{id}/action reboot";
    lab.fault(reboot, CallFault::HangUp, 1);
    let task = lab.task(&id, "repair").await;
    assert_eq!(task["status"], "FAILURE");
    let why = task["traceback"].as_str().unwrap();
    assert!(why.contains("outcome unknown"), "{why}");
    let requests = lab.cloud.simulator().counters().requests_of(reboot);
    assert_eq!((requests, lab.accepted(&id, "reboot")), (1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_is_moved_to_the_first_host_that_may_have_it() {
    let lab = lab(OpenStackOptions {
        instances: 0,
        shape: HostShape {
            vcpus: 2,
            cpu_allocation_ratio: 1.0,
            ..HostShape::default()
        },
        ..hosts(5)
    })
    .await;
    let simulator = lab.cloud.simulator();
    let group = simulator.add_server_group("apart", "anti-affinity");
    let add = |name: &str, flavor: &str, host: &str, group: Option<&str>| {
        simulator.add_instance(name, flavor, host, group).unwrap()
    };
    let id = add("moved", "m1.tiny", "compute-001", Some(&group));
    add("full", "m1.medium", "compute-002", None);
    add("other", "m1.tiny", "compute-003", Some(&group));
    // The fourth is the first that has room and no other one of the group; its first migration fails.
    simulator.fail(ActionFailure {
        action: "os-migrateLive".to_owned(),
        instance: Some(id.clone()),
        end: BadEnd::Error,
        times: Some(1),
    });
    let reply = lab.act(&id, "balance").await;
    let _ = reply.expect(204);
    let (status, host) = lab.nova.shown(&id).await;
    assert_eq!((&*status, &*host), ("ACTIVE", "compute-005"));
    assert_eq!(lab.accepted(&id, "os-migrateLive"), 2);
    let _ = lab.act(&id, "balance").await.expect(204);
    assert_eq!(lab.nova.shown(&id).await.1, "compute-001");
    add("full", "m1.medium", "compute-004", None);
    add("full", "m1.medium", "compute-005", None);
    let text = lab.act(&id, "balance").await.expect(409).text();
    assert!(text.contains("no host takes instance"), "{text}");
    assert_eq!(lab.accepted(&id, "os-migrateLive"), 3);
    assert!(simulator.counters().running_twice.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_cloud_there_are_no_instances_and_observers_touch_none() {
    let server = Setup::new().authenticated().start().await;
    let (name, password) = ("watcher", "watches-clouds-only");
    server.setup().add_user(name, "observer", password);
    let token = login(server.client(), name, password).await;
    let observer = server.client().with_token(&token);
    for action in ["wakeup", "reset-reboot", "balance", "repair", "recover"] {
        let path = format!("/v1/servers/5b1c6b5e-9d5e-4b9e-8f0b-1c2d3e4f5a6b/actions/{action}");
        let reply = server.client().post_empty(&path).await.expect(503);
        assert!(reply.text().contains("no cloud is configured"));
        let _ = observer.post_empty(&path).await.expect(403);
        let nobody = server.client().without_token();
        let _ = nobody.post_empty(&path).await.expect(401);
    }
}
