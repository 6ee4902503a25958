//! Hosts that stop writing signs of life to their storages: who is evacuated, and who is left alone.

use std::collections::HashMap;
use std::io::Write as _;
use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use assay_sim::HostCondition;
use assay_tests::cloud_lab::CloudLab;
use assay_tests::database::Database;
use assay_tests::sshd::new_key;
use assay_tests::{Setup, wait};
use serde_json::{Value, json};
use tempfile::TempDir;

const LIMIT: Duration = Duration::from_secs(30);
const STORAGES: [&str; 2] = ["one", "two"];
const FOLDER: &str = ".assay-heartbeats";

/// Hosts of a cloud that write to two storages, and whose SSH servers are silent.
struct Lab {
    cloud: CloudLab,
    folder: TempDir,
    /// The nodes' UUIDs, and on how many storages each is alive.
    alive: Arc<Mutex<HashMap<String, usize>>>,
    uuids: Vec<String>,
    silent: TcpListener,
}

impl Lab {
    async fn new(database: &Database, evacuate: bool) -> Self {
        let folder = TempDir::new().unwrap();
        let more = format!(
            "[hosts]\nconnect_limit = 0.3\n[heartbeats]\nwatch = true\ninterval = 0.2\nsilence = 1.2\n\
             evacuate = {evacuate}\n"
        );
        let setup = Setup::new().database(database);
        let cloud = CloudLab::configured(setup, &more, 4, 8).await;
        let silent = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut lab = Self {
            cloud,
            folder,
            alive: Arc::default(),
            uuids: Vec::new(),
            silent,
        };
        lab.storages_are_assigned().await;
        let port = lab.silent.local_addr().unwrap().port();
        for host in lab.cloud.hosts.clone() {
            lab.answers_at(&host, port).await;
            let path = format!("/assay/v1/nodes/{host}/heartbeat");
            let body = json!({"enabled": true, "install": false});
            let _ = lab.cloud.client().put(&path, &body).await.expect(204);
        }
        lab.begin_to_write().await;
        lab
    }

    async fn storages_are_assigned(&self) {
        let client = self.cloud.client();
        for name in STORAGES {
            std::fs::create_dir_all(self.folder.path().join(name).join(FOLDER)).unwrap();
            let storage = json!({"availability_storage": {
                "name": name, "compute_path": "/srv", "controller_path": self.folder.path().join(name),
            }});
            let path = "/v1/availability-storages/";
            let made = client.post(path, &storage).await.expect(200).json();
            let path = format!("{path}{}/nodes/", made["availability_storage"]["id"]);
            let nodes: Vec<Value> = (1..=4).map(Value::from).collect();
            let _ = client
                .post(&path, &json!({"nodes": nodes}))
                .await
                .expect(204);
        }
    }

    async fn answers_at(&self, host: &str, port: u16) {
        let key = new_key(&self.folder.path().join("key"));
        let access = json!({"address": "127.0.0.1", "port": port, "host_key": key});
        let path = format!("/assay/v1/nodes/{host}/host-access");
        let _ = self.cloud.client().put(&path, &access).await.expect(200);
    }

    /// Writes as the hosts would, for as long as this lives.
    async fn begin_to_write(&mut self) {
        let hosts = self.listed().await;
        for (host, name) in hosts.iter().zip(&self.cloud.hosts) {
            assert_eq!(host["name"], json!(name));
            let uuid = host["node"].as_str().unwrap().to_owned();
            self.uuids.push(uuid.clone());
            let _ = self.alive.lock().unwrap().insert(uuid, STORAGES.len());
        }
        let alive = Arc::downgrade(&self.alive);
        let folders = STORAGES.map(|name| self.folder.path().join(name).join(FOLDER));
        let _ = std::thread::spawn(move || {
            for count in 0_u64.. {
                let Some(alive) = alive.upgrade() else { break };
                let alive: Vec<(String, usize)> =
                    alive.lock().unwrap().clone().into_iter().collect();
                for (uuid, storages) in alive {
                    for folder in &folders[..storages] {
                        // A test may have taken the storage away.
                        let _ = std::fs::write(folder.join(&uuid), count.to_string());
                    }
                }
                std::thread::sleep(Duration::from_millis(100));
            }
        });
        let beat = |hosts: &Vec<Value>| {
            let mut storages = hosts
                .iter()
                .flat_map(|host| host["storages"].as_array().unwrap());
            hosts.len() == 4 && storages.all(|one| one["state"] == "beating")
        };
        let looked = async || self.listed().await;
        let _ = wait::until_is("all hosts beat", LIMIT, looked, beat).await;
    }

    /// From now on a host writes to so many of its storages.
    fn writes_to(&self, host: usize, storages: usize) {
        let mut alive = self.alive.lock().unwrap();
        let _ = alive.insert(self.uuids[host].clone(), storages);
    }

    fn storage(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    async fn listed(&self) -> Vec<Value> {
        let list = self.cloud.client().get("/assay/v1/heartbeats").await;
        let list = list.expect(200).json();
        list["hosts"].as_array().unwrap().clone()
    }

    /// The host once it is so.
    async fn shown(&self, host: usize, what: &str, is_so: impl Fn(&Value) -> bool) -> Value {
        let looked = async || self.listed().await[host].clone();
        wait::until_is(what, LIMIT, looked, is_so).await
    }

    async fn judged(&self, host: usize, verdict: &str) -> Value {
        let is_so = |shown: &Value| {
            let said = shown["verdict"].as_str();
            said.is_some_and(|said| said.contains(verdict))
        };
        self.shown(host, verdict, is_so).await
    }

    fn dies(&self, host: usize) {
        let cloud = self.cloud.cloud.simulator();
        assert!(cloud.set_condition(&self.cloud.hosts[host], HostCondition::DeadButRunning));
    }

    async fn alarms(&self) -> Vec<Value> {
        let alarms = self.cloud.client().get("/assay/v1/alarms").await;
        let alarms = alarms.expect(200).json()["alarms"].clone();
        let mut alarms = alarms.as_array().unwrap().clone();
        alarms.retain(|alarm| alarm["kind"] == "host_silent");
        alarms
    }
}

async fn the_dead_are_evacuated_one_at_a_time(database: &Database) {
    let lab = Lab::new(database, true).await;
    let cloud = lab.cloud.cloud.simulator();
    // The first one's evacuation takes a while.
    cloud.set_delay(Some("evacuate"), Duration::from_secs(2));
    for host in [0, 1] {
        lab.dies(host);
        lab.writes_to(host, 1);
    }
    let half = |shown: &Value| shown["storages"][1]["state"] == "silent";
    let shown = lab.shown(0, "one storage is silent", half).await;
    assert_eq!(
        (&shown["silent"], &shown["verdict"]),
        (&json!(false), &Value::Null)
    );
    for host in [0, 1] {
        lab.writes_to(host, 0);
    }
    let begun = lab.judged(0, "is being evacuated").await;
    let _ = lab.judged(1, "as many hosts as").await;
    assert!(!lab.cloud.is_off(1) && !lab.cloud.on(1).is_empty());
    let task = lab.cloud.end(begun["task"].as_str().unwrap()).await;
    assert_eq!(
        (&task["status"], &task["requested_by"]),
        (&json!("SUCCESS"), &json!("assay"))
    );
    assert!(lab.cloud.is_off(0) && lab.cloud.on(0).is_empty());
    for host in [0, 1] {
        let _ = lab.judged(host, "was evacuated").await;
        assert!(lab.cloud.is_off(host) && lab.cloud.on(host).is_empty());
    }
    assert_eq!(lab.cloud.on(2).len() + lab.cloud.on(3).len(), 8);
    assert!(lab.cloud.is_clean());
    assert_eq!(lab.alarms().await.len(), 2);

    // It is told of again when it is silent again.
    assert!(cloud.set_condition(&lab.cloud.hosts[0], HostCondition::Well));
    lab.writes_to(0, 1);
    let back = |shown: &Value| shown["task"].is_null() && shown["silent"] == false;
    let _ = lab.shown(0, "it is back", back).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_dead_are_evacuated_one_at_a_time_on_sqlite() {
    the_dead_are_evacuated_one_at_a_time(&Database::sqlite().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_dead_are_evacuated_one_at_a_time_on_postgres() {
    the_dead_are_evacuated_one_at_a_time(&Database::postgres().await).await;
}

/// Whoever gives one other sign of life, and whoever nobody can judge.
#[tokio::test(flavor = "multi_thread")]
async fn who_may_live_is_left_alone() {
    let lab = Lab::new(&Database::sqlite().await, true).await;
    let client = lab.cloud.client();
    let before = lab.cloud.on(0);
    lab.writes_to(0, 0);
    let shown = lab.judged(0, "compute service reports in").await;
    assert_eq!(
        (&shown["silent"], &shown["task"]),
        (&json!(true), &Value::Null)
    );

    let reserve = "/v1/nodes/1/actions/reserve";
    let _ = client
        .post(reserve, &json!({"is_reserved": true}))
        .await
        .expect(204);
    let _ = lab.judged(0, "reserved").await;
    let greeter = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = greeter.local_addr().unwrap().port();
    lab.answers_at(&lab.cloud.hosts[0], port).await;
    let _ = std::thread::spawn(move || {
        // Until the connection that says so.
        for stream in greeter.incoming() {
            let mut stream = stream.unwrap();
            if stream.write_all(b"SSH-2.0-there\r\n").is_err() {
                break;
            }
        }
    });
    lab.dies(0);
    let _ = client
        .post(reserve, &json!({"is_reserved": false}))
        .await
        .expect(204);
    let _ = lab.judged(0, "SSH server answers").await;
    let closed = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = closed.local_addr().unwrap().port();
    drop(closed);
    lab.answers_at(&lab.cloud.hosts[0], port).await;
    let _ = lab.judged(0, "refuses SSH").await;

    // A storage that is not there says nothing, though no host writes to it.
    let (there, away) = (lab.storage("two"), lab.storage("away"));
    std::fs::rename(&there, &away).unwrap();
    let unreadable = |shown: &Value| shown["storages"][1]["state"] == "unreadable";
    let shown = lab.shown(0, "it cannot be read", unreadable).await;
    let why = shown["storages"][1]["detail"].as_str().unwrap();
    assert!(why.contains("No such file"), "{why}");
    assert_eq!(
        (&shown["silent"], &shown["verdict"]),
        (&json!(false), &Value::Null)
    );
    std::fs::rename(&away, &there).unwrap();
    let waits = |shown: &Value| shown["storages"][1]["state"] == "waiting";
    let _ = lab.shown(0, "it is read again", waits).await;
    assert_eq!(lab.cloud.on(0), before);
    assert!(!lab.cloud.is_off(0) && lab.alarms().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_evacuated_who_did_not_ask_for_it() {
    let lab = Lab::new(&Database::sqlite().await, false).await;
    let client = lab.cloud.client();
    let before = lab.cloud.on(0);
    lab.writes_to(0, 0);
    lab.dies(0);
    let _ = lab.judged(0, "heartbeats.evacuate is off").await;
    let alarms = lab.alarms().await;
    assert_eq!((alarms.len(), &alarms[0]["count"]), (1, &json!(1)));
    assert_eq!((lab.cloud.on(0), lab.cloud.is_off(0)), (before, false));

    let list = client
        .get("/assay/v1/heartbeats?offset=1&limit=2")
        .await
        .expect(200)
        .json();
    assert!(list["watcher"].is_string(), "{list}");
    let names: Vec<&Value> = list["hosts"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| &one["name"])
        .collect();
    assert_eq!(
        names,
        [&json!(lab.cloud.hosts[1]), &json!(lab.cloud.hosts[2])]
    );
    let path = format!("/assay/v1/nodes/{}/heartbeat", lab.cloud.hosts[0]);
    for (path, body, status) in [
        (
            path.as_str(),
            json!({"enabled": false, "install": false}),
            204,
        ),
        (
            "/assay/v1/nodes/nowhere/heartbeat",
            json!({"enabled": true}),
            404,
        ),
        (path.as_str(), json!({}), 400),
        (path.as_str(), json!({"enabled": 1}), 400),
    ] {
        let _ = client.put(path, &body).await.expect(status);
    }
    assert_eq!(lab.listed().await.len(), 3);
    for storage in [1, 2] {
        let path = format!("/v1/nodes/1/availability-storages/{storage}");
        let _ = client.delete(&path).await.expect(204);
    }
    let _ = client
        .put(&path, &json!({"enabled": true}))
        .await
        .expect(409);
}
