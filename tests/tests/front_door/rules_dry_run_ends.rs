//! Dry runs that do not come to their end: cancelled, killed, too slow, revoked.

use std::time::Duration;

use assay_tests::{Client, Machine, Server, Setup, status, wait};
use serde_json::{Value, json};

use crate::rules_dry_run::{ended, introspected, start};

const LIMIT: Duration = Duration::from_secs(60);

/// Rules that take long on any report: each visits all of it many times over.
fn slow_rules() -> Value {
    let condition = json!({"op": "eq", "field": "$..*..*", "value": "none"});
    let conditions = vec![condition; 30];
    json!([{"uuid": "slow", "conditions": conditions,
            "actions": [{"action": "fail", "message": "x"}]}])
}

/// A server that knows a few large reports; each takes the slow rules a good part of a second.
async fn slow(setup: Setup) -> Server {
    let server = setup.start().await;
    let client = server.client();
    for uuid in introspected(client, 8).await {
        let path = format!("/v1/introspection/{uuid}/data/unprocessed");
        let mut report = Machine::numbered(0).report();
        let facts = (0..1500).map(|n| json!({"n": n, "of": [n, {"n": n}]}));
        report["facts"] = facts.collect();
        let _ = client.post(&path, &report).await.expect(202);
        status::ended(client, &uuid, LIMIT).await;
    }
    server
}

async fn begun(client: &Client, run: &str, done: i64) -> Value {
    let path = format!("/assay/v1/rules/dry-runs/{run}");
    let show = async || client.get(&path).await.expect(200).json();
    wait::until_is("the dry run goes on", LIMIT, show, |run| {
        run["done"].as_i64() >= Some(done) && run["state"] != "waiting"
    })
    .await
}

#[tokio::test]
async fn a_run_is_cancelled_within_seconds_and_keeps_what_it_found() {
    let server = slow(Setup::new().config("[dry_run]\nthreads = 1\n")).await;
    let client = server.client();
    let run = start(client, &json!({"rules": slow_rules(), "reports": "all"})).await;
    begun(client, &run, 1).await;
    let asked = std::time::Instant::now();
    let path = format!("/assay/v1/rules/dry-runs/{run}");
    let _ = client.delete(&path).await.expect(409);
    let reply = client
        .post_empty(&format!("{path}/cancel"))
        .await
        .expect(202)
        .json();
    assert_eq!(reply["state"], "cancelled");
    let task = format!("/assay/v1/tasks/{}", reply["task"].as_str().unwrap());
    let show = async || client.get(&task).await.expect(200).json();
    let task = wait::until_is("the task ends", LIMIT, show, |task| {
        task["task"]["finished_at"].is_string()
    })
    .await;
    assert!(
        asked.elapsed() < Duration::from_secs(5),
        "{:?}",
        asked.elapsed()
    );
    assert_eq!(task["task"]["status"], "REVOKED", "{task}");
    let told = task["progress"].as_array().unwrap();
    assert!(
        told.iter()
            .any(|line| line["text"].as_str().unwrap().contains(" of 16 reports")),
        "{task}"
    );
    let run = client.get(&path).await.expect(200).json();
    let results = client
        .get(&format!("{path}/results"))
        .await
        .expect(200)
        .json();
    assert_eq!(
        run["done"],
        results["results"].as_array().unwrap().len(),
        "{run}"
    );
    assert!(run["done"].as_i64().unwrap() < 16, "{run}");
    let _ = client
        .post_empty(&format!("{path}/cancel"))
        .await
        .expect(409);
}

#[tokio::test]
async fn a_run_goes_on_after_the_death_of_its_worker() {
    let setup = Setup::new()
        .config("[dry_run]\nthreads = 1\n")
        .env("ASSAY_LEASE", 1);
    let mut server = slow(setup).await;
    let run = start(
        server.client(),
        &json!({"rules": slow_rules(), "reports": "all"}),
    )
    .await;
    let before = begun(server.client(), &run, 8).await;
    server.kill();
    server.start_again();
    let client = server.client();
    // Connections from before the kill are found dead first.
    let answer = async || client.try_get("/readyz").await.ok();
    wait::until("the server answers", LIMIT, answer).await;
    let run = ended(client, &run).await;
    assert_eq!(run["state"], "finished", "{run}");
    assert_eq!(
        (&run["done"], &run["total"]),
        (&json!(16), &json!(16)),
        "{run}"
    );
    assert_eq!(run["started_at"], before["started_at"]);
    assert_eq!(run["rules"][0]["not_held"], 16, "{run}");
    let path = format!(
        "/assay/v1/rules/dry-runs/{}/results",
        run["id"].as_str().unwrap()
    );
    let results = client.get(&path).await.expect(200).json();
    let mut reports: Vec<i64> = results["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["report"].as_i64().unwrap())
        .collect();
    reports.dedup();
    assert_eq!(reports.len(), 16, "each report once");
}

#[tokio::test]
async fn a_run_past_its_time_limit_says_how_far_it_came() {
    let server = slow(Setup::new().config("[dry_run]\nthreads = 1\ntime_limit = 0.5\n")).await;
    let client = server.client();
    let run = start(client, &json!({"rules": slow_rules()})).await;
    let run = ended(client, &run).await;
    assert_eq!(run["state"], "failed", "{run}");
    let error = run["error"].as_str().unwrap();
    assert!(
        error.contains("limit of 0.5 s") && error.contains("of 8 reports"),
        "{run}"
    );
}

#[tokio::test]
async fn a_run_whose_task_is_revoked_is_cancelled() {
    let server = slow(Setup::new().config("[dry_run]\nthreads = 1\n")).await;
    let client = server.client();
    let first = start(client, &json!({"rules": slow_rules(), "reports": "all"})).await;
    begun(client, &first, 1).await;
    // Only one run at a time is at work, so that this one waits.
    let second = start(client, &json!({"rules": slow_rules()})).await;
    let path = format!("/assay/v1/rules/dry-runs/{second}");
    let task = client.get(&path).await.expect(200).json()["task"].clone();
    let task = format!("/assay/v1/tasks/{}", task.as_str().unwrap());
    let revoke = async || client.delete(&task).await.status;
    wait::until_is("the waiting task is revoked", LIMIT, revoke, |status| {
        *status == 204
    })
    .await;
    assert_eq!(
        client.get(&path).await.expect(200).json()["state"],
        "cancelled"
    );
    let _ = client.delete(&path).await.expect(204);
}
