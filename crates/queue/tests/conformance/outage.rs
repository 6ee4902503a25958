//! A broker that goes away, comes back, and comes back empty.

use std::time::Duration;

use assay_queue::testing::Broker;
use assay_store::testing::Kind;
use lapin::options::QueueDeleteOptions;
use lapin::{Connection, ConnectionProperties};

use crate::world::{LONG, World, take, take_one, until, work};

/// How long the broker is away: a minute, or as many seconds as `ASSAY_TEST_OUTAGE` says.
fn outage() -> Duration {
    let seconds = std::env::var("ASSAY_TEST_OUTAGE").ok();
    Duration::from_secs(seconds.and_then(|text| text.parse().ok()).unwrap_or(60))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_was_away_is_caught_up_with() {
    let broker = Broker::start().await.unwrap();
    let world = World::at(broker.settings("outage"), Kind::Postgres).await;
    let queue = world.queue().await;
    let before = world.task().await;
    queue.announce("quick").await;
    let held = take_one(&queue, "w", LONG).await;
    assert_eq!(held.task.id, before.id);

    // RabbitMQ writes down which quorum queues it has up to half a second after it made them.
    tokio::time::sleep(Duration::from_secs(2)).await;
    broker.kill().await.unwrap();
    until("the loss is told", || async {
        !queue.state().await.connected
    })
    .await;
    let state = queue.state().await;
    assert!(state.problem.is_some(), "{state:?}");
    let mut stored = Vec::new();
    for _ in 0..20 {
        stored.push(world.task().await.id);
        queue.announce("quick").await;
    }
    // A task that began before goes on and ends meanwhile.
    world.finish(held, "w").await;
    let idle = take(&queue, "w", 20, outage(), LONG).await;
    assert!(idle.is_empty());
    broker.start_again().await.unwrap();
    let mut done = work(&world, &queue, "w", 20).await;
    done.sort_unstable();
    assert_eq!(done, stored);
    let state = queue.state().await;
    assert!(state.connected && state.problem.is_none(), "{state:?}");
    queue.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_has_lost_everything_is_told_again() {
    let broker = Broker::start().await.unwrap();
    let world = World::at(broker.settings("wiped"), Kind::Sqlite).await;
    let queue = world.queue().await;
    let mut stored = Vec::new();
    for _ in 0..20 {
        stored.push(world.task().await.id);
    }
    queue.announce("quick").await;
    until("the broker has all messages", || async {
        let state = queue.state().await;
        let quick = state.classes.iter().find(|one| one.class == "quick");
        quick.unwrap().messages == Some(20)
    })
    .await;
    broker.stop().await.unwrap();
    broker.wipe().await.unwrap();
    broker.start_again().await.unwrap();
    let mut done = work(&world, &queue, "w", 20).await;
    done.sort_unstable();
    assert_eq!(done, stored);

    // A queue that somebody deletes is made again, under a worker that waits for it.
    let connection = Connection::connect(&broker.url(), ConnectionProperties::default())
        .await
        .unwrap();
    let channel = connection.create_channel().await.unwrap();
    let delete = QueueDeleteOptions::default();
    channel
        .queue_delete("wiped.quick".into(), delete)
        .await
        .unwrap();
    let task = world.task().await;
    queue.announce("quick").await;
    assert_eq!(work(&world, &queue, "w", 1).await, [task.id]);
    queue.shutdown().await;
}
