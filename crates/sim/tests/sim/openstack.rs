//! The simulated cloud over HTTP: tokens, microversions, pages, faults on demand, and how fast a large one is.

use std::time::{Duration, Instant};

use assay_sim::{
    ActionFailure, BadEnd, CallFault, OpenStack, OpenStackFault, OpenStackOptions, TwoHosts,
};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support;

const LIVE: &str = "compute POST /servers/{id}/action os-migrateLive";

struct Rig {
    cloud: OpenStack,
    client: reqwest::Client,
    token: String,
}

async fn rig(options: OpenStackOptions) -> Rig {
    let cloud = OpenStack::start(options).unwrap();
    let client = support::client();
    let mut rig = Rig {
        cloud,
        client,
        token: String::new(),
    };
    rig.log_in().await;
    rig
}

fn hosts(hosts: usize, instances: usize) -> OpenStackOptions {
    OpenStackOptions {
        hosts,
        instances,
        ..OpenStackOptions::default()
    }
}

impl Rig {
    async fn log_in(&mut self) -> Value {
        let domain = json!({"id": "default"});
        let user = json!({"name": "admin", "domain": domain, "password": "simulated"});
        let identity = json!({"methods": ["password"], "password": {"user": user}});
        let scope = json!({"project": {"name": "demo", "domain": domain}});
        let body = json!({"auth": {"identity": identity, "scope": scope}});
        let url = format!("{}/auth/tokens", self.cloud.auth_url());
        let answer = self.client.post(url).json(&body).send().await.unwrap();
        assert_eq!(answer.status(), 201);
        let token = answer.headers()["x-subject-token"].to_str().unwrap();
        token.clone_into(&mut self.token);
        answer.json().await.unwrap()
    }

    async fn ask(
        &self,
        method: Method,
        path: &str,
        version: &str,
        body: Option<&Value>,
    ) -> reqwest::Result<reqwest::Response> {
        let url = format!("{}{path}", self.cloud.url());
        let mut request = self
            .client
            .request(method, url)
            .header("x-auth-token", &self.token)
            .header("openstack-api-version", format!("compute {version}"));
        if let Some(body) = body {
            request = request.json(body);
        }
        request.send().await
    }

    async fn get(&self, path: &str) -> reqwest::Response {
        self.ask(Method::GET, path, "2.94", None).await.unwrap()
    }

    async fn act(&self, id: &str, action: &Value) -> reqwest::Result<reqwest::Response> {
        let path = format!("/compute/v2.1/servers/{id}/action");
        self.ask(Method::POST, &path, "2.94", Some(action)).await
    }
}

fn live() -> Value {
    json!({"os-migrateLive": {"host": null, "block_migration": "auto"}})
}

#[tokio::test]
async fn it_says_of_itself_what_it_is() {
    let rig = rig(hosts(1, 0)).await;
    for path in [
        "/",
        "/identity",
        "/identity/v3",
        "/compute",
        "/compute/v2.1/",
        "/placement/",
        "/volume/v3",
        "/image",
    ] {
        let answer = rig.get(path).await;
        assert_eq!(answer.headers()["server"], "Assay-OpenStack-simulator");
        assert!(
            answer.status().as_u16() <= 300,
            "{path}: {}",
            answer.status()
        );
        let body: Value = answer.json().await.unwrap();
        assert!(
            body["simulator"].as_str().unwrap().contains("simulator"),
            "{path}"
        );
    }
    let gone = rig.get("/compute/v2.1/nothing").await;
    assert_eq!(gone.status(), 404);
    let body: Value = gone.json().await.unwrap();
    assert_eq!(body["itemNotFound"]["code"], 404);
}

#[tokio::test]
async fn a_token_ends_for_every_service_and_microversions_are_kept() {
    let mut rig = rig(hosts(1, 1)).await;
    let paths = [
        "/compute/v2.1/servers",
        "/placement/resource_providers",
        "/volume/v3/volumes",
        "/image/v2/images",
    ];
    for path in paths {
        assert_eq!(rig.get(path).await.status(), 200, "{path}");
    }
    let answer = rig.get(paths[0]).await;
    assert_eq!(answer.headers()["openstack-api-version"], "compute 2.94");
    assert_eq!(answer.headers()["x-openstack-nova-api-version"], "2.94");
    assert_eq!(answer.headers().get_all("vary").iter().count(), 2);
    let too_new = rig.ask(Method::GET, paths[0], "2.96", None).await.unwrap();
    assert_eq!(too_new.status(), 406);

    rig.cloud.expire_tokens();
    for path in paths {
        let answer = rig.get(path).await;
        assert_eq!(answer.status(), 401, "{path}");
        let body: Value = answer.json().await.unwrap();
        assert_eq!(body["error"]["code"], 401, "{path}");
    }
    let token = rig.log_in().await;
    let catalog = token["token"]["catalog"].as_array().unwrap();
    let kinds: Vec<&str> = catalog
        .iter()
        .map(|it| it["type"].as_str().unwrap())
        .collect();
    for kind in ["identity", "compute", "placement", "volumev3", "image"] {
        assert!(kinds.contains(&kind), "{kinds:?}");
    }
    assert_eq!(rig.get(paths[0]).await.status(), 200);
}

#[tokio::test]
async fn faults_hit_what_they_are_meant_for_as_often_as_told() {
    let rig = rig(hosts(2, 1)).await;
    let id = rig.cloud.instances().remove(0);
    let unavailable = CallFault::Answer {
        status: 503,
        retry_after: Some(2),
    };
    for fault in [unavailable, CallFault::HangUp, CallFault::LoseAnswer] {
        rig.cloud.add_fault(OpenStackFault {
            operation: "*os-migrateLive".to_owned(),
            fault,
            times: Some(1),
        });
    }
    assert_eq!(rig.get("/compute/v2.1/servers").await.status(), 200);
    let answer = rig.act(&id, &live()).await.unwrap();
    assert_eq!(
        (answer.status().as_u16(), &answer.headers()["retry-after"]),
        (503, &"2".parse().unwrap())
    );
    assert!(rig.act(&id, &live()).await.is_err(), "it hung up");
    assert_eq!(rig.cloud.counters().accepted_of(&id, "os-migrateLive"), 0);
    assert!(rig.act(&id, &live()).await.is_err(), "its answer was lost");
    let counters = rig.cloud.counters();
    assert_eq!(
        counters.accepted_of(&id, "os-migrateLive"),
        1,
        "but it was done"
    );
    assert_eq!(counters.requests_of(LIVE), 3);
    assert_eq!(
        rig.cloud.instances_on("compute-002"),
        std::slice::from_ref(&id)
    );

    rig.cloud.fail(ActionFailure {
        action: "os-migrateLive".to_owned(),
        instance: Some(id.clone()),
        end: BadEnd::NoValidHost,
        times: None,
    });
    assert_eq!(rig.act(&id, &live()).await.unwrap().status(), 202);
    let records = rig.get("/compute/v2.1/os-migrations").await;
    let records: Value = records.json().await.unwrap();
    let states: Vec<&str> = records["migrations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["status"].as_str().unwrap())
        .collect();
    assert_eq!(states, ["error", "completed"]);
}

#[tokio::test]
async fn it_is_controlled_over_http() {
    let rig = rig(hosts(2, 1)).await;
    let id = rig.cloud.instances().remove(0);
    let control = async |method: Method, path: &str, body: Value| {
        let url = format!("{}/simulator/{path}", rig.cloud.url());
        let sent = rig.client.request(method, url).json(&body).send().await;
        sent.unwrap()
    };
    let dead = json!({"condition": "dead_but_running"});
    let answer = control(Method::PUT, "hosts/compute-001", dead).await;
    assert_eq!(answer.status(), 204);
    let services = rig.get("/compute/v2.1/os-services?host=compute-001").await;
    let services: Value = services.json().await.unwrap();
    let service = services["services"][0]["id"].as_str().unwrap().to_owned();
    let path = format!("/compute/v2.1/os-services/{service}");
    let down = json!({"forced_down": true});
    let answer = rig
        .ask(Method::PUT, &path, "2.94", Some(&down))
        .await
        .unwrap();
    assert_eq!(answer.status(), 200);
    let answer = rig.act(&id, &json!({"evacuate": {}})).await.unwrap();
    assert_eq!(answer.status(), 200);
    let twice = TwoHosts {
        instance: id.clone(),
        old_host: "compute-001".to_owned(),
        new_host: "compute-002".to_owned(),
    };
    assert_eq!(rig.cloud.counters().running_twice, [twice]);
    let fault = json!({"operation": "compute *", "fault": {"answer": {"status": 500}}});
    assert_eq!(control(Method::POST, "faults", fault).await.status(), 204);
    assert_eq!(rig.get("/compute/v2.1/servers").await.status(), 500);
    assert_eq!(
        control(Method::DELETE, "faults", Value::Null)
            .await
            .status(),
        204
    );
    let state = control(Method::GET, "state", Value::Null).await;
    let state: Value = state.json().await.unwrap();
    assert_eq!(
        state["counters"]["running_twice"][0]["instance"],
        id.as_str()
    );
    assert_eq!(state["hosts"][0]["condition"], "dead_but_running");
    let bad = json!({"condition": "tired"});
    assert_eq!(
        control(Method::PUT, "hosts/compute-001", bad)
            .await
            .status(),
        400
    );
    let missing = json!({"condition": "well"});
    assert_eq!(
        control(Method::PUT, "hosts/nobody", missing).await.status(),
        404
    );
}

#[tokio::test]
async fn volumes_are_given_and_taken() {
    let rig = rig(hosts(1, 0)).await;
    let post = async |path: &str, body: Value| {
        let answer = rig.ask(Method::POST, path, "2.94", Some(&body)).await;
        let answer = answer.unwrap();
        (
            answer.status().as_u16(),
            answer.json::<Value>().await.unwrap(),
        )
    };
    let mut volumes = Vec::new();
    for name in ["root", "data", "more"] {
        let volume = json!({"volume": {"name": name, "size": 1}});
        let (status, made) = post("/volume/v3/volumes", volume).await;
        assert_eq!(status, 202);
        volumes.push(made["volume"]["id"].as_str().unwrap().to_owned());
    }
    let disk = |id: &str, index: i32| {
        let kind = "volume";
        json!({"uuid": id, "source_type": kind, "destination_type": kind, "boot_index": index})
    };
    let disks = [disk(&volumes[1], -1), disk(&volumes[0], 0)];
    let server = json!({"server": {
        "name": "two", "flavorRef": "1", "networks": "none", "block_device_mapping_v2": disks,
    }});
    let (status, made) = post("/compute/v2.1/servers", server.clone()).await;
    assert_eq!(status, 202, "{made}");
    let path = format!(
        "/compute/v2.1/servers/{}/os-volume_attachments",
        made["server"]["id"].as_str().unwrap()
    );
    let more = json!({"volumeAttachment": {"volumeId": volumes[2]}});
    assert_eq!(post(&path, more.clone()).await.0, 200);
    assert_eq!(post(&path, more).await.0, 400, "it is in use");
    assert_eq!(
        post("/compute/v2.1/servers", server).await.0,
        400,
        "they are, too"
    );
    let all: Value = rig.get(&path).await.json().await.unwrap();
    let devices = all["volumeAttachments"].as_array().unwrap().iter();
    let devices: Vec<(&str, &str)> = devices
        .map(|it| {
            (
                it["volumeId"].as_str().unwrap(),
                it["device"].as_str().unwrap(),
            )
        })
        .collect();
    let expected: Vec<(&str, &str)> = volumes
        .iter()
        .map(String::as_str)
        .zip(["/dev/vda", "/dev/vdb", "/dev/vdc"])
        .collect();
    assert_eq!(devices, expected);
    let taken = format!("{path}/{}", volumes[2]);
    let answer = rig.ask(Method::DELETE, &taken, "2.94", None).await.unwrap();
    assert_eq!(answer.status(), 202);
    let volume = rig.get(&format!("/volume/v3/volumes/{}", volumes[2])).await;
    let volume: Value = volume.json().await.unwrap();
    assert_eq!(volume["volume"]["status"], "available");
}

/// Prints its figures: `cargo nextest run -p assay-sim --no-capture large_cloud`.
#[tokio::test]
async fn a_large_cloud_is_served_page_by_page() {
    let before = resident_mib();
    let began = Instant::now();
    let options = OpenStackOptions {
        aggregates: 25,
        server_groups: 200,
        ..hosts(500, 20_000)
    };
    let rig = rig(options).await;
    let seeded = began.elapsed();
    let began = Instant::now();
    let mut next = Some("/compute/v2.1/servers/detail?all_tenants=1".to_owned());
    let (mut ids, mut pages) = (std::collections::HashSet::new(), 0);
    while let Some(path) = next {
        let page: Value = rig.get(&path).await.json().await.unwrap();
        for server in page["servers"].as_array().unwrap() {
            ids.insert(server["id"].as_str().unwrap().to_owned());
        }
        let href = page["servers_links"][0]["href"].as_str();
        next = href.map(|href| href.strip_prefix(&rig.cloud.url()).unwrap().to_owned());
        pages += 1;
    }
    let served = began.elapsed();
    assert_eq!((ids.len(), pages), (20_000, 21));
    let hypervisors: Value = rig
        .get("/compute/v2.1/os-hypervisors/detail?with_servers=true")
        .await
        .json()
        .await
        .unwrap();
    assert_eq!(hypervisors["hypervisors"].as_array().unwrap().len(), 500);
    assert_eq!(
        hypervisors["hypervisors"][0]["servers"]
            .as_array()
            .unwrap()
            .len(),
        40
    );
    support::log(&format!(
        "500 hosts and 20,000 instances: seeded in {seeded:?}, {pages} pages in {served:?}, {:.0} MiB more \
         resident memory, the client's part among it",
        resident_mib() - before
    ));
    assert!(seeded < Duration::from_secs(20) && served < Duration::from_secs(60));
}

fn resident_mib() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.unwrap().trim().trim_end_matches("kB").trim();
    kib.parse::<f64>().unwrap() / 1024.0
}
