//! Differences of stored reports: of one node over time, and of two nodes that should be alike.

use std::time::Duration;

use assay_tests::database::Database;
use assay_tests::{Client, Machine, Setup, status};
use serde_json::{Value, json};

const LIMIT: Duration = Duration::from_secs(30);

/// Enrols and introspects a machine; gives its UUID.
async fn introspected(client: &Client, number: u32, name: &str) -> String {
    let machine = Machine::numbered(number);
    let node = machine.enrol(client, name).await;
    let uuid = node["uuid"].as_str().unwrap().to_owned();
    let _ = machine.introspect(client, &uuid).await.expect(200);
    status::finished(client, &uuid, LIMIT).await;
    uuid
}

async fn report(client: &Client, uuid: &str, report: &Value) {
    let path = format!("/v1/introspection/{uuid}/data/unprocessed");
    let _ = client.post(&path, report).await.expect(202);
    status::finished(client, uuid, LIMIT).await;
}

/// Path, kind and item of each difference.
async fn differences(client: &Client, path: &str) -> Vec<(String, String, String)> {
    let found = client.get(path).await.expect(200).json();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let list = found["differences"].as_array().unwrap();
    assert_eq!(found["total"], list.len(), "{found}");
    list.iter()
        .map(|one| (text(&one["path"]), text(&one["kind"]), text(&one["item"])))
        .collect()
}

fn found(path: &str, kind: &str, item: &str) -> (String, String, String) {
    (path.to_owned(), kind.to_owned(), item.to_owned())
}

async fn the_last_change_is_found(database: &Database) {
    let server = Setup::new().database(database).start().await;
    let client = server.client();
    let uuid = introspected(client, 1, "compared").await;
    let mut changed = Machine::numbered(1).report();
    let inventory = &mut changed["inventory"];
    inventory["cpu"]["frequency"] = json!("3100.0");
    inventory["interfaces"].as_array_mut().unwrap().reverse();
    inventory["interfaces"][0]["has_carrier"] = json!(false);
    let mac = inventory["interfaces"][0]["mac_address"]
        .as_str()
        .unwrap()
        .to_owned();
    inventory["disks"]
        .as_array_mut()
        .unwrap()
        .push(json!({"name": "/dev/sdb", "serial": "NEW"}));
    report(client, &uuid, &changed).await;

    let base = format!("/assay/v1/nodes/{uuid}/reports");
    let raw = format!("{base}/previous/differences/newest?kind=raw");
    let expected = [
        found("/inventory/disks/-", "added", "serial=new"),
        found(
            "/inventory/interfaces/1/has_carrier",
            "changed",
            &format!("mac_address={mac}"),
        ),
    ];
    assert_eq!(differences(client, &raw).await, expected);
    let all = differences(client, &format!("{raw}&all=true")).await;
    assert!(
        all.contains(&found("/inventory/cpu/frequency", "changed", "")),
        "{all:?}"
    );
    let back = differences(
        client,
        &format!("{base}/newest/differences/previous?kind=raw"),
    )
    .await;
    assert_eq!(
        back[0],
        found("/inventory/disks/1", "removed", "serial=new")
    );
    assert_eq!(
        differences(client, &format!("{base}/newest/differences/newest")).await,
        []
    );
    let processed = differences(client, &format!("{base}/previous/differences/newest")).await;
    assert!(
        processed.iter().any(|one| one.0 == "/inventory/disks/-"),
        "{processed:?}"
    );
    they_are_paged(client, &base).await;
}

async fn they_are_paged(client: &Client, base: &str) {
    let list = client.get(base).await.expect(200).json();
    let key = |at: usize| list["reports"][at]["id"].as_i64().unwrap();
    let path = format!(
        "{base}/{}/differences/{}?kind=raw&offset=0&limit=1",
        key(1),
        key(0)
    );
    let page = client.get(&path).await.expect(200).json();
    assert_eq!(
        (&page["total"], &page["differences"][0]["kind"]),
        (&json!(2), &json!("added"))
    );
    assert_eq!(
        page["differences"][0]["after"],
        json!({"name": "/dev/sdb", "serial": "NEW"})
    );
    assert_eq!(page["first"]["id"], key(1));
}

#[tokio::test]
async fn the_last_change_is_found_on_sqlite() {
    the_last_change_is_found(&Database::sqlite().await).await;
}

#[tokio::test]
async fn the_last_change_is_found_on_postgres() {
    the_last_change_is_found(&Database::postgres().await).await;
}

#[tokio::test]
async fn two_machines_that_should_be_alike_are_compared() {
    let server = Setup::new().start().await;
    let client = server.client();
    introspected(client, 1, "one").await;
    let two = introspected(client, 2, "two").await;
    let mut odd = Machine::numbered(2).report();
    odd["inventory"]["memory"]["physical_mb"] = json!(1024);
    report(client, &two, &odd).await;
    let path = "/assay/v1/nodes/one/reports/newest/differences/newest?kind=raw&other_node=two";
    let found = client.get(path).await.expect(200).json();
    let paths: Vec<&str> = found["differences"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["path"].as_str().unwrap())
        .collect();
    assert!(paths.contains(&"/inventory/memory/physical_mb"), "{found}");
    // The cards are in the same slots, so each is compared with its counterpart.
    assert!(
        paths.contains(&"/inventory/interfaces/0/mac_address"),
        "{found}"
    );
    assert!(
        found["differences"]
            .as_array()
            .unwrap()
            .iter()
            .all(|one| one["kind"] == "changed")
    );
    assert_ne!(found["first"]["node_uuid"], found["second"]["node_uuid"]);
}

#[tokio::test]
async fn what_cannot_be_compared_says_why() {
    let server = Setup::new().start().await;
    let client = server.client();
    introspected(client, 1, "one").await;
    introspected(client, 2, "two").await;
    let of = async |node: &str| {
        let path = format!("/assay/v1/nodes/{node}/reports");
        client.get(&path).await.expect(200).json()["reports"][0]["id"].clone()
    };
    let foreign = of("two").await;
    for (path, status) in [
        ("one/reports/newest/differences/previous".to_owned(), 404),
        (format!("one/reports/newest/differences/{foreign}"), 404),
        (
            format!("one/reports/newest/differences/{foreign}?other_node=two"),
            200,
        ),
        ("one/reports/newest/differences/oldest".to_owned(), 400),
        (
            "one/reports/newest/differences/newest?kind=cooked".to_owned(),
            400,
        ),
        (
            "one/reports/newest/differences/newest?all=maybe".to_owned(),
            400,
        ),
        (
            "one/reports/newest/differences/newest?node=two".to_owned(),
            400,
        ),
        ("none/reports/newest/differences/newest".to_owned(), 404),
        (
            "one/reports/newest/differences/newest?other_node=none".to_owned(),
            404,
        ),
    ] {
        let reply = client.get(&format!("/assay/v1/nodes/{path}")).await;
        assert_eq!(reply.status, status, "{path}: {}", reply.text());
    }
    let fields = client
        .get("/assay/v1/volatile-fields")
        .await
        .expect(200)
        .json();
    let names = fields["fields"].as_array().unwrap();
    assert!(
        names.iter().any(|field| field["name"] == "cpu/frequency"),
        "{fields}"
    );
}
