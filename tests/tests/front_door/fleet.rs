//! A fleet: who is alive is shown, what died is taken over, and tasks wait for a node in order.

use std::sync::Arc;
use std::time::Duration;

use assay_sim::{IdleMachine, Power, ResetType};
use assay_tests::database::Database;
use assay_tests::processes::{FleetSetup, Processes};
use assay_tests::{Client, Setup, lab, wait};
use serde_json::{Value, json};

/// A singleton is taken over within this.
const TAKE_OVER: Duration = Duration::from_secs(30);

async fn fleet(client: &Client) -> Value {
    client.get("/assay/v1/fleet").await.expect(200).json()
}

/// The names of the processes that are alive, by role.
fn alive(fleet: &Value, role: &str) -> Vec<String> {
    let processes = fleet["processes"].as_array().unwrap().iter();
    processes
        .filter(|process| process["role"] == role && process["alive"] == true)
        .map(|process| process["name"].as_str().unwrap().to_owned())
        .collect()
}

fn chores_holder(fleet: &Value) -> Option<String> {
    let leases = fleet["leases"].as_array().unwrap().iter();
    let sweeps = leases.into_iter().find(|lease| lease["name"] == "sweeps")?;
    Some(sweeps["holder"].as_str().unwrap().to_owned())
}

/// The worker whose process number is part of that name.
fn position_of(processes: &Processes, name: &str) -> usize {
    let is_it = |pid: u32| name.contains(&format!("-{pid}-"));
    let position = processes
        .workers
        .iter()
        .position(|worker| worker.pid().is_some_and(is_it));
    position.unwrap_or_else(|| panic!("{name} is no worker"))
}

async fn chores_are_taken_over(database: Database) {
    let mut processes = FleetSetup::new(database.url()).workers(2).start().await;
    let client = processes.client().clone();
    let begun = wait::until_is(
        "all are alive and one does the chores",
        TAKE_OVER,
        async || fleet(&client).await,
        |fleet| {
            alive(fleet, "worker").len() == 2
                && alive(fleet, "api").len() == 1
                && chores_holder(fleet).is_some()
        },
    )
    .await;
    let holder = chores_holder(&begun).unwrap();
    let position = position_of(&processes, &holder);
    processes.workers[position].kill();
    let taken = wait::until_is(
        "another worker does the chores",
        TAKE_OVER,
        async || fleet(&client).await,
        |fleet| chores_holder(fleet).is_some_and(|now| now != holder),
    )
    .await;
    let heir = chores_holder(&taken).unwrap();
    position_of(&processes, &heir);
    wait::until_is(
        "the dead one is shown as dead",
        TAKE_OVER,
        async || fleet(&client).await,
        |fleet| alive(fleet, "worker") == [heir.as_str()],
    )
    .await;
    // Whoever is told to end gives the chores up and leaves.
    processes.workers[position].start();
    let heirs = position_of(&processes, &heir);
    processes.workers[heirs].terminate();
    wait::until_is(
        "the chores change hands without waiting for the lease",
        TAKE_OVER,
        async || fleet(&client).await,
        |fleet| {
            let now = chores_holder(fleet);
            now.is_some_and(|now| now != heir && now != holder)
                && fleet["processes"].as_array().unwrap().len() == 3
        },
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn chores_are_taken_over_on_postgresql() {
    chores_are_taken_over(Database::postgres().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn chores_are_taken_over_on_sqlite() {
    chores_are_taken_over(Database::sqlite().await).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_shows_its_health() {
    let database = Database::sqlite().await;
    let mut processes = FleetSetup::new(database.url()).start().await;
    let fleet = wait::until_is(
        "the worker is alive",
        TAKE_OVER,
        async || fleet(processes.client()).await,
        |fleet| alive(fleet, "worker").len() == 1,
    )
    .await;
    let worker = fleet["processes"].as_array().unwrap().iter();
    let worker = worker
        .into_iter()
        .find(|one| one["role"] == "worker")
        .unwrap();
    let health = Client::new(worker["url"].as_str().unwrap());
    assert_eq!(
        health.get("/healthz").await.expect(200).json()["status"],
        "ok"
    );
    assert_eq!(
        health.get("/readyz").await.expect(200).json()["status"],
        "ok"
    );
    let metrics = health.get("/metrics").await.expect(200);
    assert!(
        metrics
            .header("Content-Type")
            .unwrap()
            .starts_with("text/plain")
    );
    assert_eq!(health.get("/v1/introspection").await.status, 404);
    assert_eq!(health.post_empty("/healthz").await.status, 405);
    processes.workers[0].kill();
}

#[tokio::test(flavor = "multi_thread")]
async fn status_is_told_on_the_command_line() {
    let server = Setup::new().start().await;
    let seen = async || server.setup().run(&["status"], "");
    let text = wait::until_is("the server is alive", TAKE_OVER, seen, |text| {
        text.contains("alive server") && text.contains("sweeps held by")
    })
    .await;
    assert!(text.contains(server.base()), "{text}");
    assert!(text.contains("queue embedded: connected"), "{text}");
    let json = server.setup().run(&["status", "--json"], "");
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["processes"][0]["pid"], server.pid());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_request_waits_for_its_turn() {
    let server = Setup::new().env("ASSAY_POWER_ANSWER_WAIT", 1).start().await;
    let client = server.client();
    let bmc = lab::bmc(Arc::new(IdleMachine::new(lab::hardware(0))));
    let node = lab::enrol(client, &bmc).await;
    bmc.change_faults(|faults| faults.state_change_delay = Duration::from_secs(3));
    let act = async |action: &str| {
        let path = format!("/v1/nodes/{}/actions/{action}", node.id);
        client.post_empty(&path).await
    };
    let (on, off, on_again) = tokio::join!(
        act("power-on"),
        async {
            tokio::time::sleep(Duration::from_millis(300)).await;
            act("power-off").await
        },
        async {
            tokio::time::sleep(Duration::from_millis(600)).await;
            act("power-on").await
        },
    );
    for reply in [on, off, on_again] {
        assert!(reply.status < 300, "{}", reply.text());
    }
    let path = format!("/assay/v1/nodes/{}/reservation", node.uuid);
    let shown = client.get(&path).await.expect(200).json();
    let held = &shown["reservation"];
    assert_eq!(held["purpose"], "power action", "{shown}");
    assert!(
        held["since"].is_string() && held["holder"].is_string(),
        "{shown}"
    );
    assert_eq!(shown["waiters"].as_array().unwrap().len(), 2, "{shown}");
    let fleet = fleet(client).await;
    assert_eq!(
        fleet["reservations"].as_array().unwrap().len(),
        1,
        "{fleet}"
    );
    assert_eq!(fleet["waiters"].as_array().unwrap().len(), 2, "{fleet}");
    wait::until_is(
        "all are done",
        TAKE_OVER,
        async || client.get(&path).await.expect(200).json(),
        |shown| shown["reservation"].is_null() && shown["waiters"] == json!([]),
    )
    .await;
    let resets = bmc.counters().resets;
    let kinds: Vec<ResetType> = resets.iter().map(|reset| reset.kind).collect();
    assert_eq!(kinds, [ResetType::On, ResetType::ForceOff, ResetType::On]);
    assert_eq!(bmc.machine().power(), Power::On);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_node_is_held_by_nobody() {
    let server = Setup::new().start().await;
    let path = "/assay/v1/nodes/nowhere/reservation";
    assert_eq!(server.client().get(path).await.status, 404);
    let wrong = server.client().get("/assay/v1/fleet?limit=-1").await;
    assert_eq!(wrong.status, 400);
}
