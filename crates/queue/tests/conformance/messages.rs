//! Messages that Assay did not send, or not now: duplicates, strangers, late ones.

use std::time::Duration;

use assay_domain::{Page, TaskStatus};
use assay_store::testing::Kind;
use lapin::options::{BasicPublishOptions, ConfirmSelectOptions};
use lapin::{BasicProperties, Connection, ConnectionProperties};

use crate::world::{Engine, LONG, World, take, take_one, until, work};

const ALL: Page = Page {
    offset: 0,
    limit: 100,
};

/// Publishes to the class `quick` what anybody could.
async fn publish(world: &World, bodies: &[&[u8]]) {
    publish_to(world, "tasks", bodies).await;
}

async fn publish_to(world: &World, exchange: &str, bodies: &[&[u8]]) {
    let url = world.settings.url.as_ref().unwrap();
    let connection = Connection::connect(url.expose(), ConnectionProperties::default())
        .await
        .unwrap();
    let channel = connection.create_channel().await.unwrap();
    let confirm = ConfirmSelectOptions::default();
    channel.confirm_select(confirm).await.unwrap();
    for body in bodies {
        channel
            .basic_publish(
                format!("{}.{exchange}", world.settings.prefix).into(),
                "quick".into(),
                BasicPublishOptions::default(),
                body,
                BasicProperties::default(),
            )
            .await
            .unwrap()
            .await
            .unwrap();
    }
    connection.close(200, "".into()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn duplicates_do_nothing() {
    let world = World::new(Engine::RabbitMq, Kind::Postgres).await;
    let (first, second) = (world.queue().await, world.queue().await);
    let task = world.task().await;
    first.announce("quick").await;
    let held = take_one(&first, "first", LONG).await;
    let body = format!(r#"{{"task": {}, "class": "quick"}}"#, task.id);
    publish(&world, &[body.as_bytes(); 5]).await;
    for _ in 0..3 {
        let other = take(&second, "second", 5, Duration::from_millis(300), LONG).await;
        assert!(other.is_empty(), "a live holder keeps its task");
    }
    world.finish(held, "first").await;
    publish(&world, &[body.as_bytes(); 5]).await;
    for _ in 0..3 {
        let other = take(&second, "second", 5, Duration::from_millis(300), LONG).await;
        assert!(other.is_empty(), "what has ended is not begun again");
    }
    let ended = world.reload(&task).await;
    assert_eq!((ended.status, ended.attempts), (TaskStatus::Success, 1));
    until("messages are left over", || async {
        let state = first.state().await;
        let quick = state.classes.iter().find(|one| one.class == "quick");
        quick.unwrap().messages == Some(0) && state.dead == Some(0)
    })
    .await;
    first.shutdown().await;
    second.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_go_to_the_dead_letters_and_hold_nobody_up() {
    let world = World::new(Engine::RabbitMq, Kind::Sqlite).await;
    let queue = world.queue().await;
    let first = world.task().await;
    queue.announce("quick").await;
    assert_eq!(take_one(&queue, "w", LONG).await.task.id, first.id);
    let huge = vec![b'x'; 300_000];
    let strangers: [&[u8]; 7] = [
        b"",
        b"\x00\xff\xfe no text",
        b"{\"task\": \"12\"}",
        b"{\"task\": -1, \"class\": \"quick\"}",
        b"{\"task\": 999999, \"class\": \"quick\"}",
        br#"{"jsonrpc": "2.0"}"#,
        &huge,
    ];
    publish(&world, &strangers).await;
    let task = world.task().await;
    queue.announce("quick").await;
    assert_eq!(work(&world, &queue, "w", 1).await, [task.id]);
    // A number that is no task of ours is forgotten like a duplicate; the others are kept.
    let list = || async { world.store.list_dead_letters(ALL).await.unwrap() };
    until("dead letters are missing", || async {
        list().await.len() == 6
    })
    .await;
    let letters = list().await;
    assert!(
        letters
            .iter()
            .all(|letter| letter.task.is_none() && !letter.reason.is_empty())
    );
    assert!(
        letters.iter().all(|letter| letter.class == "quick"),
        "{letters:?}"
    );
    assert!(letters.iter().any(|letter| letter.body.contains("jsonrpc")));
    assert!(letters.iter().all(|letter| letter.body.len() < 50_000));
    until("the broker keeps them", || async {
        queue.state().await.dead == Some(0)
    })
    .await;
    queue.shutdown().await;
}

/// What the broker has moved to its dead letters is fetched; a task that waits is announced again.
#[tokio::test(flavor = "multi_thread")]
async fn the_broker_s_dead_letters_are_fetched() {
    let world = World::new(Engine::RabbitMq, Kind::Postgres).await;
    let queue = world.queue().await;
    until("no connection", || async { queue.state().await.connected }).await;
    let task = world.task().await;
    let given_up = format!(r#"{{"task": {}, "class": "quick"}}"#, task.id);
    publish_to(&world, "dead", &[b"whatever", given_up.as_bytes()]).await;
    assert_eq!(work(&world, &queue, "w", 1).await, [task.id]);
    let list = || async { world.store.list_dead_letters(ALL).await.unwrap() };
    until("the dead letter is missing", || async {
        list().await.len() == 1
    })
    .await;
    assert_eq!(list().await[0].body, "whatever");
    until("the broker keeps them", || async {
        queue.state().await.dead == Some(0)
    })
    .await;
    queue.shutdown().await;
}

/// A message that comes before its task's time, as with clocks that differ, does not lose the task.
#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_comes_too_early_is_repeated_in_time() {
    let world = World::new(Engine::RabbitMq, Kind::Postgres).await;
    let queue = world.queue().await;
    let task = world.task_after(Duration::from_secs(2)).await;
    until("no connection", || async { queue.state().await.connected }).await;
    let body = format!(r#"{{"task": {}, "class": "quick"}}"#, task.id);
    publish(&world, &[body.as_bytes()]).await;
    let early = take(&queue, "w", 1, Duration::from_millis(700), LONG).await;
    assert!(early.is_empty());
    assert_eq!(take_one(&queue, "w", LONG).await.task.id, task.id);
    queue.shutdown().await;
}
