//! CloudManager's nodes: filtered pages out of many, and many clients that change nodes at once.

use std::sync::Arc;
use std::time::Duration;

use assay_tests::database::Database;
use assay_tests::{Client, Server, Setup, writers};
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::figures::{Figures, percentile};
use crate::load;

const NODES: usize = 10_000;
/// How many requests prepare the nodes at a time.
const AT_A_TIME: usize = 16;
/// Availability storages that each node can reach.
const STORAGES: usize = 2;
/// Clients that write at once.
const WRITERS: usize = 20;
const WRITING: Duration = Duration::from_mins(1);
const READING: Duration = Duration::from_secs(10);

/// Filters that many nodes pass.
const QUERIES: [&str; 6] = [
    "node_class_id=1&owner=team-3",
    "rack_number=in:1,2,3&condition=1&active=true",
    "name=like:bench-%25&ram_mb=ge:65536&offset=500",
    "node_type_id=3&power_state=power_off&is_reserved=false",
    "title=like:%25row%25&dtc_number=2&cpu_amount=gt:16",
    "controller_type=null:false&hdd_gb=lt:1000&unit_number=ne:7&offset=2000",
];

async fn databases() -> [(&'static str, Database); 2] {
    [
        ("SQLite", Database::sqlite().await),
        ("PostgreSQL", Database::postgres().await),
    ]
}

/// Pages of 100 nodes with all of their fields out of 10,000, by several filters.
pub(crate) async fn page(figures: &mut Figures) {
    for (name, database) in databases().await {
        let setup = Setup::new().database(&database);
        let setup = setup.env("ASSAY_DRIVERS__FAKE", true);
        let server = setup.authenticated().start().await;
        enrol(server.client()).await;
        check(server.client()).await;
        for connections in [1, 8] {
            let what = format!("page of 100 of 10,000, {name}, {connections} connections");
            measure(figures, &server, &what, connections).await;
        }
    }
}

async fn measure(figures: &mut Figures, server: &Server, what: &str, connections: usize) {
    let address = server.base().trim_start_matches("http://");
    let asked = if connections == 1 { "under 20" } else { "-" };
    let token = server.client().token();
    let requests = QUERIES.map(|query| load::get(address, &path(query), token));
    let run = load::run(address, requests.to_vec(), connections, READING).await;
    figures.note(
        &format!("{what}, p50, ms"),
        percentile(&run.times, 0.5),
        "-",
    );
    figures.note(
        &format!("{what}, p99, ms"),
        percentile(&run.times, 0.99),
        asked,
    );
    figures.note(&format!("{what}, a second"), run.rate, "-");
}

fn path(query: &str) -> String {
    format!("/v1/nodes/?{query}&limit=100")
}

/// Every query must give a full page of whole nodes.
async fn check(client: &Client) {
    for query in QUERIES {
        let page = client.get(&path(query)).await.expect(200).json();
        let nodes = page["nodes"].as_array().unwrap();
        assert_eq!(nodes.len(), 100, "{query}");
        for node in nodes {
            assert_eq!(node["node_controls"].as_array().unwrap().len(), 1);
            assert_eq!(
                node["availability_storages"].as_array().unwrap().len(),
                STORAGES
            );
        }
    }
}

async fn enrol(client: &Client) {
    let permits = Arc::new(Semaphore::new(AT_A_TIME));
    let mut tasks = JoinSet::new();
    for number in 0..NODES {
        let (client, permits) = (client.clone(), Arc::clone(&permits));
        tasks.spawn(async move {
            let _permit = permits.acquire_owned().await;
            one(&client, number).await
        });
    }
    let ids = tasks.join_all().await;
    for number in 0..STORAGES {
        let storage = json!({"availability_storage": {
            "name": format!("storage-{number}"), "compute_path": "/a", "controller_path": "/b",
        }});
        let storage = client.post("/v1/availability-storages/", &storage).await;
        let storage = storage.expect(200).json()["availability_storage"]["id"].clone();
        let path = format!("/v1/availability-storages/{storage}/nodes/");
        for ids in ids.chunks(1000) {
            let _ = client.post(&path, &json!({"nodes": ids})).await.expect(204);
        }
    }
}

async fn one(client: &Client, number: usize) -> Value {
    let body = json!({"node": fields(number)});
    let node = client.post("/v1/nodes/", &body).await.expect(200).json()["node"]["id"].clone();
    let control = json!({"power_control": {
        "control_type": "Fake", "protocol_type": "fake", "host": format!("bmc-{number}"),
        "port_number": 1, "login": "admin", "password": "of no use",
    }});
    let control = client.post("/v1/power-controls/", &control).await;
    let control = control.expect(200).json()["power_control"]["id"].clone();
    let body = json!({"power_control_id": control, "power_control_port": "1"});
    let path = format!("/v1/nodes/{node}/power-controls/");
    let _ = client.post(&path, &body).await.expect(200);
    node
}

/// A node with every field that CloudManager's API writes.
fn fields(number: usize) -> Value {
    let [_, _, _, _, _, a, b, c] = number.to_be_bytes();
    json!({
        "name": format!("bench-{number}"), "title": format!("row {}", number % 90),
        "description": "a node of the benchmark", "owner": format!("team-{}", number % 10),
        "active": true, "condition": number % 2, "is_controller": false, "is_reserved": false,
        "dtc_number": number % 3 + 1, "row_number": number % 90 + 1,
        "rack_number": number % 10 + 1, "unit_number": number % 40 + 1,
        "cpu_amount": number % 99 + 1, "ram_mb": (number % 8 + 1) * 32_768,
        "hdd_gb": number % 2000, "mac_address": format!("52:54:00:{a:02x}:{b:02x}:{c:02x}"),
        "ip_addresses": [format!("10.{a}.{b}.{c}"), format!("10.{}.{b}.{c}", 100 + a)],
        "hypervisor_id": uuid::Uuid::from_u128(number as u128).to_string(), "controller_id": "controller",
        "controller_type": "virtual", "inventory_code": format!("INV-{number}"),
        "node_type_id": number % 7 + 1, "power_state": "power_off",
        "metadata": {"cpu_benchmark": number},
    })
}

/// Twenty clients that change nodes for a minute, own ones and shared ones.
pub(crate) async fn writers(figures: &mut Figures) {
    for (name, database) in databases().await {
        let server = Setup::new().database(&database).authenticated();
        let server = server.start().await;
        let written = writers::run(server.client(), WRITERS, WRITING).await;
        assert_eq!(written.failures, [""; 0]);
        let note = |figures: &mut Figures, what: &str, value: f64, asked: &str| {
            figures.note(&format!("20 writers, {name}, {what}"), value, asked);
        };
        let rate = written.acknowledged as f64 / WRITING.as_secs_f64();
        note(figures, "changes a second", rate, "-");
        note(figures, "p99, ms", percentile(&written.times, 0.99), "-");
        note(figures, "conflicts told", written.conflicts as f64, "-");
        note(figures, "lost", written.lost.len() as f64, "0");
        assert_eq!(written.lost, [""; 0]);
    }
}
