//! Tasks: one holder each, leases, attempts, ends, messages.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use assay_domain::{Error, TaskKind, TaskStatus};
use assay_store::Store;
use serde_json::json;

use crate::world::{ALL, World, at, new_task};

on_both!(
    no_task_is_claimed_twice,
    a_task_is_stored_and_claimed,
    a_task_tells_of_its_progress,
    a_task_ends_once,
    a_lease_expires,
    a_task_is_retried_and_released,
    waiting_tasks_can_be_revoked,
    final_tasks_are_pruned,
    the_longest_waiting_come_first,
);

const CLASSES: [&str; 8] = [
    "power",
    "process",
    "quick",
    "diagnosis",
    "batch",
    "device",
    "host",
    "cloud",
];

/// How many tasks are claimed in the race.
const TASKS: usize = 400;

/// Claims and ends tasks until all workers together have ended all of them.
async fn claimer(store: Store, owner: String, ended: Arc<AtomicUsize>) -> Vec<i64> {
    let mut claimed = Vec::new();
    let begin = Instant::now();
    while ended.load(Ordering::SeqCst) < TASKS {
        assert!(
            begin.elapsed() < Duration::from_secs(60),
            "tasks are left over"
        );
        let tasks = store
            .claim_tasks(&owner, &CLASSES, 3, at(1), at(60))
            .await
            .unwrap();
        for task in tasks {
            let finished = store
                .finish_task(task.id, &owner, TaskStatus::Success, None, None, at(2))
                .await
                .unwrap();
            assert!(finished);
            ended.fetch_add(1, Ordering::SeqCst);
            claimed.push(task.id);
        }
    }
    claimed
}

async fn no_task_is_claimed_twice(world: World) {
    let ended = Arc::new(AtomicUsize::new(0));
    let claimers = (0..8).map(|index| {
        let (store, ended) = (world.store.clone(), Arc::clone(&ended));
        // A thread and a runtime each, as separate workers have.
        std::thread::spawn(move || {
            tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap()
                .block_on(claimer(store, format!("worker-{index}"), ended))
        })
    });
    let claimers = claimers.collect::<Vec<_>>();
    for index in 0..TASKS {
        let kind = TaskKind::ALL[index % TaskKind::ALL.len()];
        world
            .store
            .enqueue_task(new_task(kind), at(0))
            .await
            .unwrap();
    }
    let mut all = Vec::new();
    for claimer in claimers {
        let claimed = tokio::task::spawn_blocking(move || claimer.join().unwrap());
        all.extend(claimed.await.unwrap());
    }
    assert_eq!(all.len(), TASKS);
    assert_eq!(all.into_iter().collect::<BTreeSet<_>>().len(), TASKS);
    let counts = world.store.count_tasks_by_status().await.unwrap();
    assert_eq!(counts, [(TaskStatus::Success, 400)]);
}

async fn a_task_is_stored_and_claimed(world: World) {
    let store = &world.store;
    let new = new_task(TaskKind::NodePower);
    let stored = store.enqueue_task(new.clone(), at(0)).await.unwrap();
    assert_eq!((stored.status, stored.attempts), (TaskStatus::Pending, 0));
    assert_eq!((&stored.payload, stored.created_at), (&new.payload, at(0)));
    assert!(matches!(
        store.enqueue_task(new.clone(), at(0)).await,
        Err(Error::Conflict(_))
    ));
    let none = store
        .claim_tasks("w", &["process"], 9, at(0), at(60))
        .await
        .unwrap();
    assert!(none.is_empty(), "another queue");
    let claimed = store
        .claim_tasks("w", &CLASSES, 9, at(5), at(60))
        .await
        .unwrap();
    assert_eq!(claimed.len(), 1);
    assert_eq!(
        (claimed[0].status, claimed[0].attempts),
        (TaskStatus::Started, 1)
    );
    assert_eq!(claimed[0].lease_owner.as_deref(), Some("w"));
    assert_eq!(
        (claimed[0].lease_expires, claimed[0].started_at),
        (Some(at(60)), Some(at(5)))
    );
}

async fn a_task_tells_of_its_progress(world: World) {
    let store = &world.store;
    let new = new_task(TaskKind::NodePower);
    let id = store.enqueue_task(new, at(0)).await.unwrap().id;
    store.add_task_message(id, "first", at(6)).await.unwrap();
    store.add_task_message(id, "second", at(6)).await.unwrap();
    assert!(matches!(
        store.add_task_message(999, "none", at(6)).await,
        Err(Error::NotFound { .. })
    ));
    let texts = store.task_messages(id).await.unwrap();
    assert_eq!(
        texts.iter().map(|m| m.text.as_str()).collect::<Vec<_>>(),
        ["first", "second"]
    );
    assert_eq!(texts[0].at, at(6));
}

async fn a_task_ends_once(world: World) {
    let store = &world.store;
    let new = new_task(TaskKind::NodePower);
    let id = store.enqueue_task(new.clone(), at(0)).await.unwrap().id;
    store
        .claim_tasks("w", &CLASSES, 9, at(5), at(60))
        .await
        .unwrap();
    let result = Some(json!({"power_state": "on"}));
    let finish = async |owner: &'static str| {
        store
            .finish_task(id, owner, TaskStatus::Success, result.clone(), None, at(7))
            .await
            .unwrap()
    };
    assert!(!finish("other").await);
    assert!(finish("w").await);
    assert!(!finish("w").await, "once");
    let ended = store.task(&new.uuid).await.unwrap().unwrap();
    assert_eq!(
        (ended.status, ended.result.clone()),
        (TaskStatus::Success, result.clone())
    );
    assert_eq!((ended.finished_at, ended.lease_owner), (Some(at(7)), None));
    assert!(
        store
            .claim_tasks("w", &CLASSES, 9, at(9999), at(99999))
            .await
            .unwrap()
            .is_empty()
    );
    let open = store
        .finish_task(id, "w", TaskStatus::Retry, None, None, at(8))
        .await;
    assert!(open.is_err(), "no end");
}

async fn a_lease_expires(world: World) {
    let store = &world.store;
    let id = store
        .enqueue_task(new_task(TaskKind::NodePower), at(0))
        .await
        .unwrap()
        .id;
    store
        .claim_tasks("w1", &CLASSES, 1, at(0), at(60))
        .await
        .unwrap();
    assert_eq!(
        store.extend_leases("w1", &[id, 999], at(90)).await.unwrap(),
        [id]
    );
    assert!(
        store
            .extend_leases("w2", &[id], at(90))
            .await
            .unwrap()
            .is_empty()
    );
    assert!(
        store
            .extend_leases("w1", &[], at(90))
            .await
            .unwrap()
            .is_empty()
    );
    assert!(
        store
            .claim_tasks("w2", &CLASSES, 1, at(89), at(150))
            .await
            .unwrap()
            .is_empty()
    );
    let taken = store
        .claim_tasks("w2", &CLASSES, 1, at(90), at(150))
        .await
        .unwrap();
    assert_eq!((taken[0].id, taken[0].attempts), (id, 2));
    assert!(
        store
            .extend_leases("w1", &[id], at(200))
            .await
            .unwrap()
            .is_empty()
    );
    let late = store
        .finish_task(id, "w1", TaskStatus::Success, None, None, at(91))
        .await;
    assert!(!late.unwrap(), "the first worker lost it");
}

async fn a_task_is_retried_and_released(world: World) {
    let store = &world.store;
    let new = new_task(TaskKind::NodePower);
    let id = store.enqueue_task(new.clone(), at(0)).await.unwrap().id;
    store
        .claim_tasks("w", &CLASSES, 1, at(0), at(60))
        .await
        .unwrap();
    assert!(
        !store
            .retry_task(id, "other", at(30), "no", at(1))
            .await
            .unwrap()
    );
    assert!(
        store
            .retry_task(id, "w", at(30), "unreachable", at(1))
            .await
            .unwrap()
    );
    let waiting = store.task(&new.uuid).await.unwrap().unwrap();
    assert_eq!(
        (waiting.status, waiting.run_after),
        (TaskStatus::Retry, at(30))
    );
    assert_eq!(waiting.error.as_deref(), Some("unreachable"));
    assert_eq!(
        store.task_messages(id).await.unwrap()[0].text,
        "unreachable"
    );
    assert!(
        store
            .claim_tasks("w", &CLASSES, 1, at(29), at(60))
            .await
            .unwrap()
            .is_empty()
    );
    let again = store
        .claim_tasks("w", &CLASSES, 1, at(30), at(60))
        .await
        .unwrap();
    assert_eq!(again[0].attempts, 2);
    assert!(!store.release_task(id, "other").await.unwrap());
    assert!(store.release_task(id, "w").await.unwrap());
    let released = store.task(&new.uuid).await.unwrap().unwrap();
    assert_eq!(
        (released.status, released.attempts),
        (TaskStatus::Pending, 1)
    );
    assert_eq!(
        store
            .claim_tasks("w", &CLASSES, 1, at(30), at(60))
            .await
            .unwrap()
            .len(),
        1
    );
}

async fn waiting_tasks_can_be_revoked(world: World) {
    let store = &world.store;
    let new = new_task(TaskKind::NodePower);
    store.enqueue_task(new.clone(), at(0)).await.unwrap();
    assert!(store.revoke_task(&new.uuid, at(3)).await.unwrap());
    assert!(!store.revoke_task(&new.uuid, at(3)).await.unwrap());
    assert!(!store.revoke_task("nothing", at(3)).await.unwrap());
    let revoked = store.task(&new.uuid).await.unwrap().unwrap();
    assert_eq!(
        (revoked.status, revoked.finished_at),
        (TaskStatus::Revoked, Some(at(3)))
    );
    assert!(
        store
            .claim_tasks("w", &CLASSES, 1, at(9), at(60))
            .await
            .unwrap()
            .is_empty()
    );
    let held = new_task(TaskKind::NodePower);
    store.enqueue_task(held.clone(), at(0)).await.unwrap();
    store
        .claim_tasks("w", &CLASSES, 1, at(0), at(60))
        .await
        .unwrap();
    assert!(!store.revoke_task(&held.uuid, at(3)).await.unwrap());
}

async fn final_tasks_are_pruned(world: World) {
    let store = &world.store;
    let (old, new, open) = (
        new_task(TaskKind::NodePower),
        new_task(TaskKind::NodePower),
        new_task(TaskKind::NodePower),
    );
    for (task, end) in [(&old, Some(10)), (&new, Some(20)), (&open, None)] {
        let id = store.enqueue_task(task.clone(), at(0)).await.unwrap().id;
        store.add_task_message(id, "text", at(0)).await.unwrap();
        if let Some(end) = end {
            assert!(store.revoke_task(&task.uuid, at(end)).await.unwrap());
        }
    }
    assert_eq!(store.prune_tasks(at(20)).await.unwrap(), 1);
    let left = store.list_tasks(ALL).await.unwrap();
    let uuids = left.into_iter().map(|task| task.uuid).collect::<Vec<_>>();
    assert_eq!(uuids, [open.uuid, new.uuid], "newest first");
    assert!(store.task_messages(1).await.unwrap().is_empty());
}

async fn the_longest_waiting_come_first(world: World) {
    let store = &world.store;
    let mut uuids = Vec::new();
    for (run_after, kind) in [
        (30, TaskKind::NodePower),
        (10, TaskKind::IntrospectionProcess),
        (20, TaskKind::IntrospectionStart),
        (40, TaskKind::NodePower),
    ] {
        let mut task = new_task(kind);
        task.run_after = at(run_after);
        uuids.push(task.uuid.clone());
        store.enqueue_task(task, at(0)).await.unwrap();
    }
    let claimed = store
        .claim_tasks("w", &CLASSES, 2, at(35), at(60))
        .await
        .unwrap();
    let order = claimed
        .into_iter()
        .map(|task| task.uuid)
        .collect::<Vec<_>>();
    assert_eq!(order, [uuids[1].clone(), uuids[2].clone()]);
    let claimed = store
        .claim_tasks("w", &CLASSES, 9, at(35), at(60))
        .await
        .unwrap();
    assert_eq!(claimed.len(), 1);
    assert_eq!(claimed[0].uuid, uuids[0]);
}
