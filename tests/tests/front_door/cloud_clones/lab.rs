//! A simulated cloud with an instance to clone, and an Assay that works with it.

use std::time::Duration;

use assay_sim::{ActionFailure, BadEnd, CallFault, OpenStackFault, OpenStackOptions};
use assay_tests::database::Database;
use assay_tests::openstack::{Cloud, Services};
use assay_tests::{Client, Server, Setup, wait};
use serde_json::{Value, json};

/// How long anything may take.
pub(super) const LIMIT: Duration = Duration::from_secs(40);
/// Where instances are.
pub(super) const SERVERS: &str = "/compute/v2.1/servers";
/// Where volumes are.
pub(super) const VOLUMES: &str = "/volume/v3/volumes";
/// Where volumes are made, as the counters have it.
pub(super) const VOLUME_POST: &str = "volume POST /{id}/volumes";
/// Where instances are made.
pub(super) const SERVER_POST: &str = "compute POST /servers";

/// A cloud, an Assay that works with it, and an instance that boots from a volume and has another one.
pub(super) struct Lab {
    pub(super) cloud: Cloud,
    pub(super) server: Server,
    pub(super) services: Services,
    pub(super) original: String,
    /// Its volumes, the root first.
    pub(super) volumes: Vec<String>,
}

impl Lab {
    pub(super) async fn new(database: Option<&Database>) -> Self {
        let cloud = Cloud::start(OpenStackOptions {
            hosts: 2,
            delay: Duration::from_millis(60),
            ..OpenStackOptions::default()
        });
        let setup = Setup::new()
            .env("ASSAY_LEASE", 2)
            .env("ASSAY_SWEEP_INTERVAL", 1);
        let setup = match database {
            Some(database) => setup.database(database),
            None => setup,
        };
        let config = format!(
            "{}timeout = 1\npoll_interval = 0.05\n",
            cloud.config(&setup)
        );
        let server = setup.config(&config).start().await;
        let services = Services::new(&cloud).await;
        let mut lab = Self {
            cloud,
            server,
            services,
            original: String::new(),
            volumes: Vec::new(),
        };
        lab.make_original().await;
        lab
    }

    pub(super) async fn make_original(&mut self) {
        let image = self.image().await;
        let root = json!({"volume": {"name": "root", "size": 2, "imageRef": image}});
        let data = json!({"volume": {"name": "data", "size": 3}});
        for body in [root, data] {
            let made = self.services.post(VOLUMES, &body).await;
            self.volumes.push(text(&made["volume"]["id"]));
        }
        for id in self.volumes.clone() {
            self.becomes(&format!("{VOLUMES}/{id}"), "volume", "available")
                .await;
        }
        let key = json!({"keypair": {"name": "mine", "public_key": "ssh-ed25519 AAAA"}});
        self.services.post("/compute/v2.1/os-keypairs", &key).await;
        let device = |(place, id): (usize, &String)| {
            json!({
                "boot_index": if place == 0 { 0 } else { -1 }, "uuid": id,
                "source_type": "volume", "destination_type": "volume",
                "delete_on_termination": place == 0,
            })
        };
        let devices: Vec<Value> = self.volumes.iter().enumerate().map(device).collect();
        let body = json!({
            "name": "shop", "flavorRef": self.flavor().await, "key_name": "mine",
            "networks": [{"uuid": "net-b"}, {"uuid": "net-a"}],
            "security_groups": [{"name": "web"}, {"name": "ssh"}],
            "metadata": {"owner": "somebody"},
            "block_device_mapping_v2": devices,
        });
        self.original = self.create(body).await;
    }

    /// Has an instance made; gives its id once it runs.
    pub(super) async fn create(&self, server: Value) -> String {
        let body = json!({ "server": server });
        let made = self.services.post(SERVERS, &body).await;
        let id = text(&made["server"]["id"]);
        self.becomes(&format!("{SERVERS}/{id}"), "server", "ACTIVE")
            .await;
        id
    }

    pub(super) async fn image(&self) -> String {
        let images = self.services.get("/image/v2/images").await;
        text(&images["images"][0]["id"])
    }

    pub(super) async fn flavor(&self) -> String {
        let flavors = self.services.get("/compute/v2.1/flavors").await;
        text(&flavors["flavors"][0]["id"])
    }

    pub(super) async fn becomes(&self, path: &str, what: &str, status: &str) {
        let probe = async || {
            let shown = self.services.get(path).await;
            (shown[what]["status"] == status).then_some(())
        };
        wait::until(status, LIMIT, probe).await;
    }

    pub(super) fn client(&self) -> &Client {
        self.server.client()
    }

    /// Has the original cloned; gives the task's id.
    pub(super) async fn begin(&self, count: u32) -> String {
        let path = format!("/v1/servers/{}/actions/clone", self.original);
        let body = json!({ "count": count });
        let reply = self.client().post(&path, &body).await.expect(200).json();
        text(&reply["task_id"])
    }

    /// The task once it has ended.
    pub(super) async fn end(&self, task: &str) -> Value {
        let path = format!("/assay/v1/tasks/{task}");
        let ended = async || {
            let shown = self.client().get(&path).await.expect(200).json()["task"].clone();
            let status = text(&shown["status"]);
            ["SUCCESS", "FAILURE", "REVOKED"]
                .contains(&status.as_str())
                .then_some(shown)
        };
        wait::until("the task ends", LIMIT, ended).await
    }

    pub(super) async fn done(&self, count: u32) -> Value {
        let task = self.begin(count).await;
        self.end(&task).await
    }

    pub(super) fn fault(&self, operation: &str, fault: CallFault, times: u32) {
        self.cloud.simulator().add_fault(OpenStackFault {
            operation: operation.to_owned(),
            fault,
            times: Some(times),
        });
    }

    pub(super) fn fail(&self, action: &str, end: BadEnd) {
        self.cloud.simulator().fail(ActionFailure {
            action: action.to_owned(),
            instance: None,
            end,
            times: Some(1),
        });
    }

    /// How many instances and volumes there are.
    pub(super) async fn counts(&self) -> (usize, usize) {
        let volumes = self.services.get(VOLUMES).await;
        let volumes = volumes["volumes"].as_array().unwrap().len();
        (self.cloud.simulator().instances().len(), volumes)
    }

    pub(super) fn requests(&self, operation: &str) -> u64 {
        self.cloud.simulator().counters().requests_of(operation)
    }

    /// Waits for a request after the first `before` of its kind.
    pub(super) async fn asks(&self, operation: &str, before: u64) {
        let asked = async || (self.requests(operation) > before).then_some(());
        wait::until(operation, LIMIT, asked).await;
    }
}

/// A text, empty when it is none.
pub(super) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
