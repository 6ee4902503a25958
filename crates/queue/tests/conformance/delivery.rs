//! Delivery: at once, in time, to one worker, again when the worker vanishes.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use assay_domain::TaskStatus;

use crate::world::{LONG, World, now, take, take_one, until, work};

on_all!(
    a_task_comes_at_once,
    a_task_comes_in_its_time,
    a_task_whose_holder_vanishes_is_taken_over,
    a_kept_task_is_not_taken_over,
    a_task_that_is_put_off_comes_back,
    a_task_that_is_handed_back_comes_back,
    two_workers_share_and_never_both_hold,
    a_stop_ends_the_waiting,
    what_was_not_taken_goes_to_others,
    the_state_tells_what_waits,
);

async fn a_task_comes_at_once(world: World) {
    let queue = world.queue().await;
    // The first one also waits for the connection.
    let first = world.task().await;
    queue.announce("quick").await;
    assert_eq!(take_one(&queue, "w", LONG).await.task.id, first.id);
    let task = world.task().await;
    queue.announce("quick").await;
    let begun = Instant::now();
    let delivery = take_one(&queue, "w", LONG).await;
    assert!(
        begun.elapsed() < Duration::from_secs(3),
        "{:?}",
        begun.elapsed()
    );
    assert_eq!(delivery.task.id, task.id);
    assert_eq!(delivery.task.lease_owner.as_deref(), Some("w"));
    assert_eq!(delivery.task.attempts, 1);
    world.finish(delivery, "w").await;
    let idle = take(&queue, "w", 1, Duration::from_millis(300), LONG).await;
    assert!(idle.is_empty(), "nothing comes twice");
    queue.shutdown().await;
}

async fn a_task_comes_in_its_time(world: World) {
    let queue = world.queue().await;
    let task = world.task_after(Duration::from_secs(2)).await;
    queue.announce("quick").await;
    let delivery = take_one(&queue, "w", LONG).await;
    assert!(now() >= task.run_after);
    assert_eq!(delivery.task.id, task.id);
    queue.shutdown().await;
}

async fn a_task_whose_holder_vanishes_is_taken_over(world: World) {
    let (first, second) = (world.queue().await, world.queue().await);
    let task = world.task().await;
    first.announce("quick").await;
    let lease = Duration::from_secs(2);
    let held = take_one(&first, "first", lease).await;
    // Its process ends without a word about the task: a broker delivers the message again at once.
    std::mem::forget(held.receipt);
    first.shutdown().await;
    let again = take_one(&second, "second", LONG).await;
    assert!(
        now() >= held.task.lease_expires.unwrap(),
        "the lease counts"
    );
    assert_eq!((again.task.id, again.task.attempts), (task.id, 2));
    let late = world
        .store
        .finish_task(task.id, "first", TaskStatus::Success, None, None, now());
    assert!(!late.await.unwrap(), "whoever lost the task cannot end it");
    world.finish(again, "second").await;
    second.shutdown().await;
}

async fn a_kept_task_is_not_taken_over(world: World) {
    let (first, second) = (world.queue().await, world.queue().await);
    let task = world.task().await;
    first.announce("quick").await;
    let held = take_one(&first, "first", Duration::from_secs(1)).await;
    for _ in 0..6 {
        let until = now() + chrono::TimeDelta::seconds(1);
        let kept = world.store.extend_leases("first", &[task.id], until).await;
        assert_eq!(kept.unwrap(), [task.id]);
        let other = take(&second, "second", 1, Duration::from_millis(400), LONG).await;
        assert!(other.is_empty());
    }
    world.finish(held, "first").await;
    first.shutdown().await;
    second.shutdown().await;
}

async fn a_task_that_is_put_off_comes_back(world: World) {
    let queue = world.queue().await;
    let task = world.task().await;
    queue.announce("quick").await;
    let held = take_one(&queue, "w", LONG).await;
    let then = now() + chrono::TimeDelta::seconds(1);
    let store = &world.store;
    let put_off = store.retry_task(task.id, "w", then, "not now", now());
    assert!(put_off.await.unwrap());
    held.receipt.done().await;
    let held = take_one(&queue, "w", LONG).await;
    assert!(now() >= then);
    assert_eq!(held.task.attempts, 2);
    let then = now() + chrono::TimeDelta::seconds(1);
    let put_off = store.postpone_task(task.id, "w", then, "another's turn", now());
    assert!(put_off.await.unwrap());
    held.receipt.done().await;
    let held = take_one(&queue, "w", LONG).await;
    assert!(now() >= then);
    assert_eq!(held.task.attempts, 2, "that was no attempt");
    world.finish(held, "w").await;
    let said = store.task_messages(task.id).await.unwrap();
    let said: Vec<_> = said.iter().map(|line| line.text.as_str()).collect();
    assert_eq!(said, ["not now", "another's turn"]);
    queue.shutdown().await;
}

async fn a_task_that_is_handed_back_comes_back(world: World) {
    let (first, second) = (world.queue().await, world.queue().await);
    let task = world.task().await;
    first.announce("quick").await;
    let held = take_one(&first, "first", LONG).await;
    first.leave("quick").await;
    assert!(world.store.release_task(task.id, "first").await.unwrap());
    first.announce("quick").await;
    held.receipt.done().await;
    let begun = Instant::now();
    let again = take_one(&second, "second", LONG).await;
    assert!(begun.elapsed() < Duration::from_secs(10));
    assert_eq!((again.task.id, again.task.attempts), (task.id, 1));
    first.shutdown().await;
    second.shutdown().await;
}

async fn two_workers_share_and_never_both_hold(world: World) {
    const TASKS: usize = 200;
    let (first, second) = (world.queue().await, world.queue().await);
    let mut stored = BTreeSet::new();
    for _ in 0..TASKS {
        stored.insert(world.task().await.id);
        first.announce("quick").await;
    }
    let mut done = tokio::join!(
        share(&world, &first, "first", TASKS),
        share(&world, &second, "second", TASKS)
    );
    assert!(!done.0.is_empty() && !done.1.is_empty(), "both work");
    // `finish` has made sure that each was held by the worker that ended it.
    done.0.append(&mut done.1);
    assert_eq!(done.0.len(), TASKS);
    assert_eq!(done.0.into_iter().collect::<BTreeSet<_>>(), stored);
    first.shutdown().await;
    second.shutdown().await;
}

/// Takes a few at a time until all tasks have ended.
async fn share(
    world: &World,
    queue: &std::sync::Arc<dyn assay_queue::Queue>,
    owner: &str,
    all: usize,
) -> Vec<i64> {
    let begun = Instant::now();
    let mut done = Vec::new();
    loop {
        for delivery in take(queue, owner, 5, Duration::from_millis(200), LONG).await {
            done.push(delivery.task.id);
            world.finish(delivery, owner).await;
        }
        let counts = world.store.count_tasks_by_status().await.unwrap();
        if counts == [(TaskStatus::Success, i64::try_from(all).unwrap())] {
            return done;
        }
        assert!(begun.elapsed() < crate::world::SOON * 2, "{counts:?}");
    }
}

async fn a_stop_ends_the_waiting(world: World) {
    let queue = world.queue().await;
    let stop = tokio_util::sync::CancellationToken::new();
    let want = assay_queue::Want {
        owner: "w",
        class: "quick",
        limit: 1,
        patience: LONG,
        lease: LONG,
        stop: &stop,
    };
    let begun = Instant::now();
    let cancel = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        stop.cancel();
    };
    let (taken, ()) = tokio::join!(queue.take(want), cancel);
    assert!(taken.unwrap().is_empty());
    assert!(begun.elapsed() < Duration::from_secs(5));
    queue.shutdown().await;
}

async fn what_was_not_taken_goes_to_others(world: World) {
    let (first, second) = (world.queue().await, world.queue().await);
    // The first one is given more messages than it takes.
    assert!(
        take(&first, "first", 20, Duration::from_millis(900), LONG)
            .await
            .is_empty()
    );
    for _ in 0..10 {
        world.task().await;
    }
    first.announce("quick").await;
    let held = take_one(&first, "first", LONG).await;
    first.leave("quick").await;
    assert_eq!(work(&world, &second, "second", 9).await.len(), 9);
    world.finish(held, "first").await;
    first.shutdown().await;
    second.shutdown().await;
}

async fn the_state_tells_what_waits(world: World) {
    let queue = world.queue().await;
    until("no connection", || async { queue.state().await.connected }).await;
    for _ in 0..3 {
        world.task().await;
    }
    queue.announce("quick").await;
    let state = queue.state().await;
    let quick = state.classes.iter().find(|one| one.class == "quick");
    let quick = quick.unwrap();
    assert_eq!((quick.waiting, quick.since.is_some()), (Some(3), true));
    assert_eq!(state.problem, None);
    assert_eq!(work(&world, &queue, "w", 3).await.len(), 3);
    queue.shutdown().await;
}
