//! The list of introspections: order, marker and limit.

use assay_tests::{Client, Machine, Setup};
use serde_json::Value;

async fn start(client: &Client, count: u32) -> Vec<String> {
    let mut uuids = Vec::new();
    for number in 0..count {
        let node = Machine::numbered(number)
            .enrol(client, &format!("page-{number}"))
            .await;
        let uuid = node["uuid"].as_str().unwrap().to_owned();
        let path = format!("/v1/introspection/{uuid}?manage_boot=0");
        let _ = client.post_empty(&path).await.expect(202);
        uuids.push(uuid);
    }
    uuids.reverse();
    uuids
}

async fn uuids(client: &Client, query: &str) -> Vec<String> {
    let page = client
        .get(&format!("/v1/introspection{query}"))
        .await
        .expect(200)
        .json();
    let entries = page["introspection"].as_array().unwrap();
    entries
        .iter()
        .map(|entry| entry["uuid"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn the_newest_come_first_and_pages_meet() {
    let server = Setup::new().start().await;
    let client = server.client();
    let started = start(client, 7).await;
    assert_eq!(uuids(client, "").await, started);

    let mut walked = Vec::new();
    let mut query = "?limit=3".to_owned();
    loop {
        let page = uuids(client, &query).await;
        let Some(last) = page.last() else { break };
        query = format!("?limit=3&marker={last}");
        walked.extend(page);
    }
    assert_eq!(walked, started);
}

#[tokio::test]
async fn an_entry_of_the_list_is_a_whole_status() {
    let server = Setup::new().start().await;
    start(server.client(), 1).await;
    let list = server
        .client()
        .get("/v1/introspection")
        .await
        .expect(200)
        .json();
    let entry = list["introspection"][0].as_object().unwrap();
    for key in [
        "uuid",
        "finished",
        "error",
        "started_at",
        "finished_at",
        "state",
    ] {
        assert!(entry.contains_key(key), "{key} in {entry:?}");
    }
    assert_eq!(entry["finished"], false);
    assert_eq!(entry["finished_at"], Value::Null);
}

#[tokio::test]
async fn a_bad_page_is_400() {
    let server = Setup::new().start().await;
    start(server.client(), 1).await;
    for query in [
        "limit=abc",
        "limit=-1",
        "limit=1000000",
        "limit=99999999999999999999",
        "marker=not-a-uuid",
        "marker=b2f5a8c8-3f5e-4ab1-8c9e-0123456789ab",
    ] {
        let reply = server
            .client()
            .get(&format!("/v1/introspection?{query}"))
            .await;
        assert_eq!(reply.status, 400, "{query}: {}", reply.text());
        assert!(reply.json()["error"]["message"].is_string());
    }
}
