//! Clients that change nodes at the same time, and whether all that was acknowledged is there at the
//! end.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::client::Client;

/// Fields that one client each keeps counting in, beside nine others who change the same node.
const FIELDS: [&str; 10] = [
    "title",
    "description",
    "controller_id",
    "controller_type",
    "hypervisor_id",
    "inventory_code",
    "ram_mb",
    "hdd_gb",
    "rack_number",
    "cpu_amount",
];
/// Fields that may be 1 to 99 only.
const NARROW: [&str; 2] = ["rack_number", "cpu_amount"];
/// Nodes that each client shares with others.
const SHARED: usize = 3;
/// How often a client tries to take a name that all of them want.
const CLAIM_EVERY: u64 = 10;

/// What came of a run.
#[derive(Debug, Default)]
pub struct Written {
    /// Changes that were acknowledged.
    pub acknowledged: usize,
    /// Changes that were refused because another client had been first.
    pub conflicts: usize,
    /// Answers that were neither.
    pub failures: Vec<String>,
    /// Acknowledged changes that are not there, and nothing later is.
    pub lost: Vec<String>,
    /// How long each acknowledged change took, in milliseconds, sorted.
    pub times: Vec<f64>,
}

/// A change of the field that all clients write to.
struct Contended {
    value: String,
    began: Instant,
    ended: Instant,
}

/// What one client has done.
#[derive(Default)]
struct Record {
    /// The last acknowledged value by node and field, which nobody else writes to.
    own: BTreeMap<(i64, &'static str), Value>,
    contended: Vec<Contended>,
    /// The name that its own node has, of those that all want.
    name: Option<String>,
    acknowledged: usize,
    conflicts: usize,
    failures: Vec<String>,
    times: Vec<f64>,
}

/// The nodes of a run.
struct Nodes {
    own: Vec<i64>,
    shared: Vec<Vec<i64>>,
    contended: i64,
}

/// Lets so many clients change nodes for so long: counters in a node of their own, in fields of their own
/// in nodes that they share, in one field of one node that all write to, and names that one alone can
/// have. The server has no other nodes.
pub async fn run(client: &Client, clients: usize, duration: Duration) -> Written {
    let nodes = Arc::new(prepare(client, clients).await);
    let end = Instant::now() + duration;
    let mut tasks = JoinSet::new();
    for number in 0..clients {
        let (client, nodes) = (client.clone(), Arc::clone(&nodes));
        tasks.spawn(async move {
            let mut writer = Writer {
                client,
                number,
                nodes,
                record: Record::default(),
            };
            let mut count = 0;
            while Instant::now() < end {
                count += 1;
                writer.turn(count).await;
            }
            (number, writer.record)
        });
    }
    let mut records = tasks.join_all().await;
    records.sort_by_key(|(number, _)| *number);
    judge(client, &nodes, records).await
}

async fn prepare(client: &Client, clients: usize) -> Nodes {
    let groups = clients.div_ceil(FIELDS.len());
    let mut own = Vec::new();
    for _ in 0..clients {
        own.push(create(client).await);
    }
    let mut shared = Vec::new();
    for _ in 0..groups {
        let mut group = Vec::new();
        for _ in 0..SHARED {
            group.push(create(client).await);
        }
        shared.push(group);
    }
    Nodes {
        own,
        shared,
        contended: create(client).await,
    }
}

async fn create(client: &Client) -> i64 {
    let body = json!({"node": {}});
    let made = client.post("/v1/nodes/", &body).await.expect(200).json();
    made["node"]["id"].as_i64().unwrap()
}

struct Writer {
    client: Client,
    number: usize,
    nodes: Arc<Nodes>,
    record: Record,
}

impl Writer {
    async fn turn(&mut self, count: u64) {
        let own = self.nodes.own[self.number];
        self.count(own, "title", count).await;
        let group = &self.nodes.shared[self.number / FIELDS.len()];
        let node = group[usize::try_from(count).unwrap() % SHARED];
        self.count(node, FIELDS[self.number % FIELDS.len()], count)
            .await;
        self.contend(count).await;
        if count.is_multiple_of(CLAIM_EVERY) {
            self.claim(own, count / CLAIM_EVERY).await;
        }
    }

    /// Writes a counter to a field that is this client's alone.
    async fn count(&mut self, node: i64, field: &'static str, count: u64) {
        let value = match field {
            narrow if NARROW.contains(&narrow) => json!(count % 99 + 1),
            "ram_mb" | "hdd_gb" => json!(count),
            _ => json!(format!("{}: {count}", self.number)),
        };
        if self.put(node, field, &value).await {
            self.record.own.insert((node, field), value);
        }
    }

    /// Writes to the field that all clients write to.
    async fn contend(&mut self, count: u64) {
        let value = format!("{}: {count}", self.number);
        let began = Instant::now();
        if self.put(self.nodes.contended, "owner", &json!(value)).await {
            self.record.contended.push(Contended {
                value,
                began,
                ended: Instant::now(),
            });
        }
    }

    /// Tries to give its own node a name that all clients want.
    async fn claim(&mut self, node: i64, round: u64) {
        let name = format!("claim-{round}");
        if self.put(node, "name", &json!(name)).await {
            self.record.name = Some(name);
        }
    }

    /// Whether the change was acknowledged, by an answer that shows it.
    async fn put(&mut self, node: i64, field: &str, value: &Value) -> bool {
        let sent = Instant::now();
        let body = json!({"node": {field: value}});
        let path = format!("/v1/nodes/{node}");
        let reply = self.client.put(&path, &body).await;
        match reply.status {
            200 if reply.json()["node"][field] == *value => {
                self.record.acknowledged += 1;
                let took = sent.elapsed().as_secs_f64() * 1000.0;
                self.record.times.push(took);
                return true;
            }
            409 => self.record.conflicts += 1,
            _ => self.record.failures.push(reply.text()),
        }
        false
    }
}

/// Compares what the server has with what it has acknowledged.
async fn judge(client: &Client, nodes: &Nodes, records: Vec<(usize, Record)>) -> Written {
    let list = client.get("/v1/nodes/").await.expect(200).json();
    let shown: BTreeMap<i64, &Value> = list["nodes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|node| (node["id"].as_i64().unwrap(), node))
        .collect();
    let mut written = Written::default();
    let mut contended = Vec::new();
    for (number, record) in records {
        for ((node, field), value) in &record.own {
            let there = &shown[node][*field];
            if there != value {
                let text = format!("{field} of node {node} is {there} after {value}");
                written.lost.push(text);
            }
        }
        let own = nodes.own[number];
        let name = shown[&own]["name"].as_str();
        if name != record.name.as_deref() {
            let text = format!("node {own} is named {name:?} after {:?}", record.name);
            written.lost.push(text);
        }
        written.acknowledged += record.acknowledged;
        written.conflicts += record.conflicts;
        written.failures.extend(record.failures);
        written.times.extend(record.times);
        contended.extend(record.contended);
    }
    let last = &shown[&nodes.contended]["owner"];
    written.lost.extend(superseded(&contended, last));
    written.times.sort_by(f64::total_cmp);
    written
}

/// What is wrong with the last value of the field that all write to: it must have been acknowledged, and
/// no other change may have begun after that.
fn superseded(contended: &[Contended], last: &Value) -> Option<String> {
    let Some(winner) = contended.iter().find(|one| *last == one.value.as_str()) else {
        return Some(format!("the last owner is {last}, which nobody had told"));
    };
    let later = contended.iter().find(|one| one.began > winner.ended)?;
    Some(format!(
        "the last owner is {last}, though {} came later",
        later.value
    ))
}
