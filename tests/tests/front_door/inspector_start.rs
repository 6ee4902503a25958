//! Starting, reporting, aborting and processing again, in all the ways in which clients ask.

use std::time::Duration;

use assay_tests::client::send;
use assay_tests::{Client, Machine, Server, Setup, status};
use reqwest::Method;
use serde_json::{Value, json};

const LIMIT: Duration = Duration::from_secs(20);

async fn enrolled() -> (Server, Machine, String) {
    let server = Setup::new().start().await;
    let machine = Machine::numbered(7);
    let node = machine.enrol(server.client(), "seven").await;
    let uuid = node["uuid"].as_str().unwrap().to_owned();
    (server, machine, uuid)
}

async fn wait_and_report(client: &Client, machine: &Machine, uuid: &str) -> Value {
    let _ = status::in_state(client, uuid, "waiting", LIMIT).await;
    let boot = machine.boot(client).await;
    assert_eq!(
        boot.report(&machine.report()).await.expect(200).json(),
        json!({"uuid": uuid})
    );
    status::finished(client, uuid, LIMIT).await
}

#[tokio::test]
async fn every_spelling_of_a_start_works() {
    let (server, machine, uuid) = enrolled().await;
    let client = server.client();
    let path = format!("/v1/introspection/{uuid}");
    for query in [
        "manage_boot=False",
        "manage_boot=0",
        "manage_boot=false",
        "manage_boot=no",
    ] {
        let _ = client
            .post_empty(&format!("{path}?{query}"))
            .await
            .expect(202);
        wait_and_report(client, &machine, &uuid).await;
    }
    let with_body = client.request(Method::POST, &format!("{path}?manage_boot=off"));
    let _ = send(with_body.json(&json!({"uuid": uuid})))
        .await
        .expect(202);
    wait_and_report(client, &machine, &uuid).await;
    let by_name = "/v1/introspection/seven?manage_boot=f";
    let _ = client.post_empty(by_name).await.expect(202);
    wait_and_report(client, &machine, &uuid).await;
}

#[tokio::test]
async fn a_start_that_makes_no_sense_is_400() {
    let (server, _, uuid) = enrolled().await;
    let path = format!("/v1/introspection/{uuid}?manage_boot=perhaps");
    let reply = server.client().post_empty(&path).await.expect(400);
    assert!(
        reply.json()["error"]["message"]
            .as_str()
            .unwrap()
            .contains("manage_boot")
    );
    // Nobody knows how to switch this machine on.
    let reply = server
        .client()
        .post_empty(&format!("/v1/introspection/{uuid}"))
        .await;
    assert!([202, 400].contains(&reply.status), "{}", reply.text());
    if reply.status == 202 {
        let status = status::ended(server.client(), &uuid, LIMIT).await;
        assert!(status["error"].is_string(), "{status}");
    }
}

#[tokio::test]
async fn a_running_introspection_is_not_started_twice() {
    let (server, machine, uuid) = enrolled().await;
    let client = server.client();
    let path = format!("/v1/introspection/{uuid}?manage_boot=0");
    let _ = client.post_empty(&path).await.expect(202);
    let before = status::in_state(client, &uuid, "waiting", LIMIT).await;
    let again = client.post_empty(&path).await.expect(409);
    assert!(again.json()["error"]["message"].is_string());
    let after = status::status(client, &uuid).await;
    assert_eq!(before["started_at"], after["started_at"]);
    wait_and_report(client, &machine, &uuid).await;
}

#[tokio::test]
async fn the_data_are_what_was_reported() {
    let (server, machine, uuid) = enrolled().await;
    let client = server.client();
    let _ = machine.introspect(client, &uuid).await.expect(200);
    status::finished(client, &uuid, LIMIT).await;
    let data = client
        .get(&format!("/v1/introspection/{uuid}/data"))
        .await
        .expect(200)
        .json();
    assert_eq!(data["inventory"]["cpu"]["count"], 4);
    assert_eq!(data["cpus"], 4);
    assert_eq!(data["memory_mb"], 8192);
    assert_eq!(data["cpu_arch"], "x86_64");
    assert_eq!(data["local_gb"], 19);
    assert_eq!(data["all_interfaces"]["eth0"]["mac"], machine.macs[0]);
    let raw = format!("/v1/introspection/{uuid}/data/unprocessed");
    assert_eq!(client.get(&raw).await.expect(200).json(), machine.report());
    let node = client.get("/v1/nodes/").await.expect(200).json()["nodes"][0].clone();
    assert_eq!(
        (&node["cpu_amount"], &node["ram_mb"]),
        (&json!(4), &json!(8192))
    );
}

#[tokio::test]
async fn data_that_do_not_exist_are_404() {
    let (server, _, uuid) = enrolled().await;
    for path in ["", "/data", "/data/unprocessed"] {
        let path = format!("/v1/introspection/{uuid}{path}");
        let reply = server.client().get(&path).await.expect(404);
        assert!(reply.json()["error"]["message"].is_string());
    }
    let path = format!("/v1/introspection/{uuid}/data/unprocessed");
    let reply = server.client().post_empty(&path).await;
    assert!([400, 404].contains(&reply.status), "{}", reply.text());
}

#[tokio::test]
async fn an_abort_ends_it_as_canceled() {
    let (server, machine, uuid) = enrolled().await;
    let client = server.client();
    let path = format!("/v1/introspection/{uuid}");
    let _ = client
        .post_empty(&format!("{path}?manage_boot=0"))
        .await
        .expect(202);
    let boot = machine.boot(client).await;
    let _ = client
        .post_empty(&format!("{path}/abort"))
        .await
        .expect(202);
    let status = status::ended(client, &uuid, LIMIT).await;
    assert_eq!(status["error"], "Canceled by operator");
    assert_eq!(status["state"], "error");
    let late = boot.report(&machine.report()).await;
    assert!([403, 404].contains(&late.status), "{}", late.status);
    let _ = client
        .post_empty(&format!("{path}/abort"))
        .await
        .expect(409);
}

#[tokio::test]
async fn stored_and_given_data_are_processed_again() {
    let (server, machine, uuid) = enrolled().await;
    let client = server.client();
    let _ = machine.introspect(client, &uuid).await.expect(200);
    status::finished(client, &uuid, LIMIT).await;
    let path = format!("/v1/introspection/{uuid}/data/unprocessed");
    let _ = client.post_empty(&path).await.expect(202);
    status::finished(client, &uuid, LIMIT).await;

    let mut report = machine.report();
    report["inventory"]["memory"]["physical_mb"] = json!(4096);
    let _ = client.post(&path, &report).await.expect(202);
    status::finished(client, &uuid, LIMIT).await;
    let data = client
        .get(&format!("/v1/introspection/{uuid}/data"))
        .await
        .expect(200)
        .json();
    assert_eq!(data["memory_mb"], 4096);
    let _ = client.post(&path, &json!([1])).await.expect(400);
}

#[tokio::test]
async fn an_error_of_the_ramdisk_ends_it() {
    let (server, machine, uuid) = enrolled().await;
    let client = server.client();
    let path = format!("/v1/introspection/{uuid}?manage_boot=0");
    let _ = client.post_empty(&path).await.expect(202);
    let mut report = machine.report();
    report["error"] = json!("no disks were found");
    let _ = machine.boot(client).await.report(&report).await.expect(200);
    let status = status::ended(client, &uuid, LIMIT).await;
    assert!(
        status["error"]
            .as_str()
            .unwrap()
            .contains("no disks were found"),
        "{status}"
    );
}

#[tokio::test]
async fn a_time_out_names_the_phase_that_never_came() {
    let setup = Setup::new()
        .env("ASSAY_INTROSPECTION_TIMEOUT", 2)
        .env("ASSAY_SWEEP_INTERVAL", 1);
    let server = setup.start().await;
    let client = server.client();
    let machine = Machine::numbered(8);
    let node = machine.enrol(client, "eight").await;
    let uuid = node["uuid"].as_str().unwrap();
    let path = format!("/v1/introspection/{uuid}?manage_boot=0");
    let _ = client.post_empty(&path).await.expect(202);
    let error = status::ended(client, uuid, LIMIT).await["error"].clone();
    assert!(error.as_str().unwrap().contains("boot_script"), "{error}");

    let _ = client.post_empty(&path).await.expect(202);
    let _ = machine.boot(client).await.phase("agent").await;
    let error = status::ended(client, uuid, LIMIT).await["error"].clone();
    assert!(error.as_str().unwrap().contains("collectors"), "{error}");
}
