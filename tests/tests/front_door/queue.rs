//! The queue as people see it: the ping, its way over either engine, and a broker that is away.

use std::time::{Duration, Instant};

use assay_queue::testing::{Broker, SharedBroker, unique_prefix};
use assay_tests::database::Database;
use assay_tests::processes::FleetSetup;
use assay_tests::server::login;
use assay_tests::{Client, Setup, wait};
use serde_json::Value;

const LIMIT: Duration = Duration::from_secs(60);
const PASSWORD: &str = "correct horse";

/// Asks for a ping and gives the task once it has ended.
async fn ping(client: &Client) -> Value {
    let task = client.post_empty("/assay/v1/ping").await.expect(202).json();
    assert_eq!(
        (&task["kind"], &task["status"]),
        (&"ping".into(), &"PENDING".into())
    );
    ended(client, task["id"].as_str().unwrap()).await
}

async fn ended(client: &Client, id: &str) -> Value {
    let path = format!("/assay/v1/tasks/{id}");
    wait::until_is(
        "the task ends",
        LIMIT,
        async || client.get(&path).await.expect(200).json()["task"].clone(),
        |task| {
            matches!(
                task["status"].as_str(),
                Some("SUCCESS" | "FAILURE" | "REVOKED")
            )
        },
    )
    .await
}

#[tokio::test]
async fn a_ping_shows_that_a_worker_answers() {
    let setup = Setup::new().authenticated();
    setup.add_user("olga", "operator", PASSWORD);
    setup.add_user("oscar", "observer", PASSWORD);
    let server = setup.start().await;
    let path = "/assay/v1/ping";
    let _ = server
        .client()
        .without_token()
        .post_empty(path)
        .await
        .expect(401);
    let oscar = login(server.client(), "oscar", PASSWORD).await;
    let _ = server
        .client()
        .with_token(&oscar)
        .post_empty(path)
        .await
        .expect(403);
    let olga = login(server.client(), "olga", PASSWORD).await;
    let task = ping(&server.client().with_token(&olga)).await;
    assert_eq!(task["status"], "SUCCESS", "{task}");
    assert_eq!(task["requested_by"], "olga");
    assert_eq!(task["attempts"], 1);
    let ready = server.client().get("/readyz").await.expect(200).json();
    assert_eq!(
        (&ready["status"], &ready["queue"]),
        (&"ok".into(), &"embedded".into())
    );
}

#[tokio::test]
async fn a_ping_goes_over_the_broker_to_a_worker_of_the_fleet() {
    let database = Database::postgres().await;
    let broker = SharedBroker::join().await.unwrap();
    let processes = FleetSetup::new(database.url())
        .apis(1)
        .workers(2)
        .broker(&broker.url())
        .env("ASSAY_QUEUE__PREFIX", unique_prefix())
        .start()
        .await;
    let client = processes.client();
    let task = ping(client).await;
    assert_eq!(task["status"], "SUCCESS", "{task}");
    let worker = task["result"]["worker"].as_str().unwrap();
    let fleet = client.get("/assay/v1/fleet").await.expect(200).json();
    assert_eq!(fleet["queue"]["engine"], "rabbitmq", "{fleet}");
    assert_eq!(fleet["queue"]["connected"], true);
    let processes = fleet["processes"].as_array().unwrap().iter();
    let mut workers = processes.filter(|process| process["role"] == "worker");
    assert!(
        workers.any(|process| process["name"] == worker),
        "{worker}: {fleet}"
    );
}

#[tokio::test]
async fn while_the_broker_is_away_requests_are_stored_and_then_done() {
    let database = Database::postgres().await;
    let broker = Broker::start().await.unwrap();
    let processes = FleetSetup::new(database.url())
        .workers(1)
        .broker(&broker.url())
        .start()
        .await;
    let client = processes.client();
    let _ = ping(client).await;
    broker.stop().await.unwrap();
    let ready = async || client.get("/readyz").await.expect(200).json();
    let away = wait::until_is("the loss is told", LIMIT, ready, |ready| {
        ready["status"] == "degraded"
    })
    .await;
    assert_eq!(away["queue_connected"], false, "{away}");
    let mut asked = Vec::new();
    for _ in 0..5 {
        let task = client.post_empty("/assay/v1/ping").await.expect(202).json();
        asked.push(task["id"].as_str().unwrap().to_owned());
    }
    broker.start_again().await.unwrap();
    for id in asked {
        assert_eq!(ended(client, &id).await["status"], "SUCCESS");
    }
    wait::until_is("all is well", LIMIT, ready, |ready| ready["status"] == "ok").await;
    let password = "guest:guest";
    for program in processes.apis.iter().chain(&processes.workers) {
        let log = std::fs::read_to_string(program.log()).unwrap();
        assert!(!log.is_empty() && !log.contains(password), "{log}");
    }
}

/// Where the throughput of tasks that do nothing is measured; see `assay-bench` for figures.
#[tokio::test]
async fn many_pings_flow_and_none_is_lost() {
    const PINGS: usize = 300;
    let database = Database::postgres().await;
    let broker = SharedBroker::join().await.unwrap();
    let processes = FleetSetup::new(database.url())
        .workers(1)
        .broker(&broker.url())
        .env("ASSAY_QUEUE__PREFIX", unique_prefix())
        .start()
        .await;
    let client = processes.client();
    let _ = ping(client).await;
    let begun = Instant::now();
    let mut askers = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let client = client.clone();
        askers.spawn(async move {
            for _ in 0..PINGS / 8 {
                let _ = client.post_empty("/assay/v1/ping").await.expect(202);
            }
        });
    }
    while let Some(asked) = askers.join_next().await {
        asked.unwrap();
    }
    let path = format!("/assay/v1/tasks?limit={}", PINGS * 2);
    wait::until_is(
        "all have ended",
        LIMIT,
        async || client.get(&path).await.expect(200).json(),
        |list| {
            let tasks = list["tasks"].as_array().unwrap();
            tasks.len() == PINGS / 8 * 8 + 1 && tasks.iter().all(|task| task["status"] == "SUCCESS")
        },
    )
    .await;
    let rate = (PINGS / 8 * 8) as f64 / begun.elapsed().as_secs_f64();
    assert!(rate > 5.0, "only {rate} pings a second");
}
