//! Many enrolled machines and their reports.

use std::sync::Arc;

use assay_tests::{Boot, Client, Machine};
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// How many requests prepare a fleet at a time.
const AT_A_TIME: usize = 16;

/// A machine that waits for its report to be sent.
pub(crate) struct Waiting {
    /// The node's UUID.
    pub(crate) uuid: String,
    /// Which machine it is.
    pub(crate) machine: Machine,
    /// What its boot script said.
    pub(crate) boot: Boot,
}

/// Enrols that many machines, starts their introspections and serves their boot scripts.
pub(crate) async fn waiting(client: &Client, first: u32, count: u32) -> Vec<Waiting> {
    let permits = Arc::new(Semaphore::new(AT_A_TIME));
    let mut tasks = JoinSet::new();
    for number in first..first + count {
        let (client, permits) = (client.clone(), Arc::clone(&permits));
        tasks.spawn(async move {
            let _permit = permits.acquire_owned().await;
            prepare(&client, number).await
        });
    }
    tasks.join_all().await
}

async fn prepare(client: &Client, number: u32) -> Waiting {
    let machine = Machine::numbered(number);
    let node = machine.enrol(client, &format!("bench-{number}")).await;
    let uuid = node["uuid"].as_str().unwrap().to_owned();
    let path = format!("/v1/introspection/{uuid}?manage_boot=0");
    let _ = client.post_empty(&path).await.expect(202);
    let boot = machine.boot(client).await;
    Waiting {
        uuid,
        machine,
        boot,
    }
}

/// The machine's report, filled up with log text to that many bytes.
pub(crate) fn report(machine: &Machine, bytes: usize) -> Vec<u8> {
    let mut report = machine.report();
    let bare = report.to_string().len();
    // Text that compresses like logs in base64 do: hardly.
    let mut state = u64::from(machine.macs[0].bytes().map(u32::from).sum::<u32>()) + 1;
    let filler: String = std::iter::repeat_with(|| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        char::from(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdef"[(state >> 59) as usize])
    })
    .take(bytes.saturating_sub(bare + 12))
    .collect();
    report["logs"] = json!(filler);
    report.to_string().into_bytes()
}

/// How many of all introspections have ended well.
pub(crate) async fn finished(client: &Client) -> usize {
    let mut count = 0;
    let mut query = "?limit=1000".to_owned();
    loop {
        let page = client
            .get(&format!("/v1/introspection{query}"))
            .await
            .expect(200)
            .json();
        let page = page["introspection"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        let Some(last) = page.last() else {
            return count;
        };
        query = format!("?limit=1000&marker={}", last["uuid"].as_str().unwrap());
        let done = |entry: &&Value| entry["finished"] == true && entry["error"].is_null();
        count += page.iter().filter(done).count();
    }
}
