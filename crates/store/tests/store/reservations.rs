//! Reservations: one holder at a time, and those who wait come in order.

use assay_domain::fleet::Hold;
use assay_domain::{Error, TaskKind, TaskStatus};

use crate::world::{ALL, World, at, new_task};

on_both!(
    a_node_has_one_holder,
    those_who_wait_come_in_order,
    who_has_ended_waits_no_more,
);

fn reason(hold: Hold) -> String {
    match hold {
        Hold::Waiting { reason, .. } => reason,
        Hold::Taken => panic!("two holders"),
    }
}

async fn a_node_has_one_holder(world: World) {
    let store = &world.store;
    let id = world.node("n1").await.id;
    let take = async |owner, now, until| {
        store
            .reserve_node(id, owner, "power", at(now), at(until))
            .await
            .unwrap()
    };
    assert_eq!(take("w1", 0, 60).await, Hold::Taken);
    assert_eq!(take("w1", 1, 61).await, Hold::Taken);
    let text = reason(take("w2", 2, 62).await);
    assert!(text.contains("w1") && text.contains("power"), "{text}");
    assert!(!store.extend_reservation(id, "w2", at(99)).await.unwrap());
    assert!(store.extend_reservation(id, "w1", at(70)).await.unwrap());
    reason(take("w2", 69, 99).await);
    assert_eq!(take("w2", 70, 99).await, Hold::Taken);
    store.release_reservation(id, "w1", at(71)).await.unwrap();
    reason(take("w1", 71, 99).await);
    store.release_reservation(id, "w2", at(72)).await.unwrap();
    assert_eq!(take("w1", 72, 99).await, Hold::Taken);
    let held = store.reservations(at(73), ALL).await.unwrap();
    assert_eq!((held.len(), held[0].holder.as_str()), (1, "w1"));
    assert!(store.reservations(at(99), ALL).await.unwrap().is_empty());
    assert!(matches!(
        store.reserve_node(99, "w1", "power", at(0), at(1)).await,
        Err(Error::NotFound { .. })
    ));
}

async fn those_who_wait_come_in_order(world: World) {
    let store = &world.store;
    let id = world.node("n1").await.id;
    let mut uuids = Vec::new();
    for _ in 0..3 {
        let task = new_task(TaskKind::NodePower);
        uuids.push(store.enqueue_task(task, at(0)).await.unwrap().uuid);
    }
    let take = async |owner: &str, now| {
        store
            .reserve_node(id, owner, "power", at(now), at(now + 60))
            .await
            .unwrap()
    };
    let [first, second, third] = &uuids[..] else {
        panic!("three tasks");
    };
    assert_eq!(take(first, 0).await, Hold::Taken);
    for (uuid, now, begin) in [(second, 1, 1), (third, 2, 2), (second, 3, 1)] {
        let Hold::Waiting { since, .. } = take(uuid, now).await else {
            panic!("two holders");
        };
        assert_eq!(since, at(begin), "its place is kept");
    }
    let (held, waiters) = store.reservation(id, at(3)).await.unwrap();
    assert_eq!(held.unwrap().holder, *first);
    let waiting: Vec<&String> = waiters.iter().map(|waiter| &waiter.task_uuid).collect();
    assert_eq!(waiting, [second, third]);
    // Put off until later, and woken when the node is free.
    let claimed = store
        .claim_tasks("p", &["power"], 9, at(3), at(9))
        .await
        .unwrap();
    let task = claimed.iter().find(|task| task.uuid == *second).unwrap();
    assert!(
        store
            .postpone_task(task.id, "p", at(500), "not yet", at(4))
            .await
            .unwrap()
    );
    let woken = store.release_reservation(id, first, at(5)).await.unwrap();
    assert_eq!(woken, Some(TaskKind::NodePower));
    let task = store.task(second).await.unwrap().unwrap();
    assert_eq!((task.run_after, task.attempts), (at(5), 0));
    let text = reason(take(third, 6).await);
    assert!(text.contains(second.as_str()), "{text}");
    assert_eq!(take(second, 6).await, Hold::Taken);
    store.release_reservation(id, second, at(7)).await.unwrap();
    assert_eq!(take(third, 7).await, Hold::Taken);
}

async fn who_has_ended_waits_no_more(world: World) {
    let store = &world.store;
    let id = world.node("n1").await.id;
    let gone = new_task(TaskKind::NodePower);
    let gone = store.enqueue_task(gone, at(0)).await.unwrap();
    let take = async |owner: &str, now| {
        store
            .reserve_node(id, owner, "power", at(now), at(now + 60))
            .await
            .unwrap()
    };
    assert_eq!(take("w1", 0).await, Hold::Taken);
    reason(take(&gone.uuid, 1).await);
    assert!(store.revoke_task(&gone.uuid, at(2)).await.unwrap());
    assert_eq!(
        store.task(&gone.uuid).await.unwrap().unwrap().status,
        TaskStatus::Revoked
    );
    assert_eq!(
        store.release_reservation(id, "w1", at(3)).await.unwrap(),
        None
    );
    assert_eq!(take("w2", 4).await, Hold::Taken);
    assert_eq!(store.forget_waiters().await.unwrap(), 1);
    assert_eq!(store.forget_waiters().await.unwrap(), 0);
}
