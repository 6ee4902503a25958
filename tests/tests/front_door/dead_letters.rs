//! Dead letters: a task whose workers die over it is given up, seen, tried again or discarded.

use std::time::Duration;

use assay_queue::testing::{SharedBroker, unique_prefix};
use assay_sim::Behaviour;
use assay_tests::database::Database;
use assay_tests::fleet::{self, Member};
use assay_tests::processes::{FleetSetup, Processes};
use assay_tests::{Client, lab, status, wait};
use serde_json::Value;

const LIMIT: Duration = Duration::from_secs(90);
const PATH: &str = "/assay/v1/dead-letters";

/// One API server and one worker, over the broker when there is one.
async fn fleet_on(database: &Database, broker: Option<&SharedBroker>) -> Processes {
    let setup = FleetSetup::new(database.url())
        .env("ASSAY_LEASE", 1)
        .env("ASSAY_SWEEP_INTERVAL", 1)
        .env("ASSAY_BMC_REQUEST_TIMEOUT", 60)
        // Three workers die at the same device.
        .env("ASSAY_GATE__SESSION_LIFE", 0.1)
        .env("ASSAY_GATE__LOCKOUT", 0.1);
    let setup = match broker {
        Some(broker) => setup
            .broker(&broker.url())
            .env("ASSAY_QUEUE__PREFIX", unique_prefix()),
        None => setup,
    };
    setup.start().await
}

async fn tasks_of(client: &Client, kind: &str) -> Vec<Value> {
    let list = client.get("/assay/v1/tasks").await.expect(200).json();
    let tasks = list["tasks"].as_array().unwrap().iter();
    tasks.filter(|task| task["kind"] == kind).cloned().collect()
}

async fn letters(client: &Client) -> Vec<Value> {
    let page = client.get(PATH).await.expect(200).json();
    page["dead_letters"].as_array().unwrap().clone()
}

/// Kills the worker over the first task of that kind until the task is given up.
async fn kill_over(processes: &mut Processes, member: &Member, kind: &str) -> Value {
    let client = processes.client().clone();
    for deaths in 1..=3 {
        let attempts = async || tasks_of(&client, kind).await[0]["attempts"].clone();
        wait::until_is("the task is taken", LIMIT, attempts, |attempts| {
            *attempts == deaths
        })
        .await;
        processes.workers[0].kill();
        processes.workers[0].start();
    }
    let list = async || letters(&client).await;
    let found = wait::until_is("it is a dead letter", LIMIT, list, |list| !list.is_empty()).await;
    member
        .bmc
        .change_faults(|faults| faults.answer_delay = Duration::ZERO);
    assert_eq!(found.len(), 1, "{found:?}");
    found[0].clone()
}

async fn is_given_up_and_tried_again(database: Database, broker: Option<SharedBroker>) {
    let mut processes = fleet_on(&database, broker.as_ref()).await;
    let client = processes.client().clone();
    let member = fleet::enrol(&client, lab::hardware(0), Behaviour::default()).await;
    let slow = Duration::from_secs(8);
    member
        .bmc
        .change_faults(|faults| faults.answer_delay = slow);
    assert_eq!(member.start(&client).await, 202);
    let letter = kill_over(&mut processes, &member, "introspection.start").await;
    assert_eq!(letter["kind"], "introspection.start");
    assert_eq!(letter["class"], "power");
    assert!(
        letter["reason"].as_str().unwrap().contains("died"),
        "{letter}"
    );
    let uuid = member.node.uuid.clone();
    let ended = status::ended(&client, &uuid, LIMIT).await;
    assert!(
        ended["error"].as_str().unwrap().contains("died 3 times"),
        "{ended}"
    );
    let id = letter["id"].as_i64().unwrap();
    let one = client.get(&format!("{PATH}/{id}")).await.expect(200).json();
    assert_eq!(one, letter);

    let again = format!("{PATH}/{id}/redeliver");
    let protection = format!("/v1/nodes/{}/actions", member.node.id);
    let enable = format!("{protection}/enable-nodesafe");
    let _ = client.post_empty(&enable).await.expect(204);
    let refused = client.post_empty(&again).await.expect(409).text();
    assert!(refused.contains("protected"), "{refused}");
    let disable = format!("{protection}/disable-nodesafe");
    let _ = client.post_empty(&disable).await.expect(204);
    let task = client.post_empty(&again).await.expect(202).json();
    assert_eq!(
        (&task["id"], &task["attempts"]),
        (&letter["task"], &0.into())
    );
    let finished = status::finished(&client, &uuid, LIMIT).await;
    assert_eq!(finished["error"], Value::Null, "{finished}");
    assert_eq!(member.accepted(), 1);
    let reply = client.post_empty(&again).await.expect(409);
    assert!(
        reply.text().contains("redelivered already"),
        "{}",
        reply.text()
    );
    let _ = client.delete(&format!("{PATH}/{id}")).await.expect(204);
    assert!(letters(&client).await.is_empty());
}

#[tokio::test]
async fn an_introspection_is_given_up_and_tried_again() {
    is_given_up_and_tried_again(Database::sqlite().await, None).await;
}

#[tokio::test]
async fn an_introspection_is_given_up_and_tried_again_over_the_broker() {
    let broker = SharedBroker::join().await.unwrap();
    is_given_up_and_tried_again(Database::postgres().await, Some(broker)).await;
}

/// Puts the newest task of that kind among the dead letters, as an operator who restores data might.
fn bury(database: &Database, kind: &str) {
    database.execute(&format!(
        "INSERT INTO dead_letters (task_id, task_uuid, kind, class, body, reason, died_at) \
         SELECT id, uuid, kind, queue, payload, 'put here', created_at FROM tasks \
         WHERE kind = '{kind}' ORDER BY id DESC LIMIT 1"
    ));
}

#[tokio::test]
async fn a_reset_that_may_have_been_sent_is_never_repeated() {
    let database = Database::sqlite().await;
    let mut processes = fleet_on(&database, None).await;
    let client = processes.client().clone();
    let member = fleet::enrol(&client, lab::hardware(1), Behaviour::default()).await;
    let path = format!("/v1/nodes/{}/actions/power-on", member.node.id);
    let _ = client.post_empty(&path).await.expect(204);
    member
        .bmc
        .change_faults(|faults| faults.answer_delay = Duration::from_secs(60));
    let asked = tokio::spawn({
        let client = client.clone();
        let path = format!("/v1/nodes/{}/actions/reset", member.node.id);
        async move { client.post_empty(&path).await }
    });
    let newest = async || tasks_of(&client, "node.power").await[0].clone();
    let begun = |task: &Value| task["payload"]["power_action_id"] != 1 && task["attempts"] == 1;
    wait::until_is("the reset is begun", LIMIT, newest, begun).await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    processes.workers[0].kill();
    processes.workers[0].start();
    let failed = |task: &Value| task["status"] == "FAILURE";
    wait::until_is("its outcome is unknown", LIMIT, newest, failed).await;
    let _ = asked.await.unwrap();
    bury(&database, "node.power");
    let id = letters(&client).await[0]["id"].clone();
    let again = format!("{PATH}/{id}/redeliver");
    let reply = client.post_empty(&again).await.expect(409);
    assert!(reply.text().contains("never repeated"), "{}", reply.text());
    assert_eq!(letters(&client).await[0]["redelivered_at"], Value::Null);
}

#[tokio::test]
async fn what_cannot_be_tried_again_says_why() {
    let database = Database::sqlite().await;
    let processes = fleet_on(&database, None).await;
    let client = processes.client();
    let unknown = format!("{PATH}/99");
    let _ = client.get(&unknown).await.expect(404);
    let _ = client.delete(&unknown).await.expect(404);
    let _ = client
        .post_empty(&format!("{unknown}/redeliver"))
        .await
        .expect(404);
    let _ = client.get(&format!("{PATH}/x")).await.expect(404);
    let _ = client.get(&format!("{PATH}?limit=x")).await.expect(400);
    for (task, kind) in [("NULL", "NULL"), ("'gone'", "'ping'")] {
        database.execute(&format!(
            "INSERT INTO dead_letters (task_uuid, kind, class, body, reason, died_at) \
             VALUES ({task}, {kind}, 'quick', 'text', 'why', '2026-01-01 00:00:00')"
        ));
    }
    let page = client
        .get(&format!("{PATH}?limit=1&offset=1"))
        .await
        .expect(200)
        .json();
    assert_eq!(page["dead_letters"][0]["id"], 1, "{page}");
    assert_eq!(page["dead_letters"].as_array().unwrap().len(), 1);
    for (id, why) in [(1, "names no task"), (2, "not kept any more")] {
        let reply = client
            .post_empty(&format!("{PATH}/{id}/redeliver"))
            .await
            .expect(409);
        assert!(reply.text().contains(why), "{}", reply.text());
    }
    // A task that has not failed.
    let task = client.post_empty("/assay/v1/ping").await.expect(202).json();
    let path = format!("/assay/v1/tasks/{}", task["id"].as_str().unwrap());
    let state = async || client.get(&path).await.expect(200).json()["task"]["status"].clone();
    wait::until_is("the ping ends", LIMIT, state, |state| *state == "SUCCESS").await;
    bury(&database, "ping");
    let reply = client
        .post_empty(&format!("{PATH}/3/redeliver"))
        .await
        .expect(409);
    assert!(reply.text().contains("not failed"), "{}", reply.text());
}
