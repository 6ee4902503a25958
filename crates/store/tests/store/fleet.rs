//! The fleet: processes come and go, and a lease has one holder.

use assay_domain::TaskKind;
use assay_domain::fleet::Process;
use futures::future::join_all;

use crate::world::{ALL, World, at, new_task};

on_both!(
    processes_come_and_go,
    a_lease_has_one_holder,
    one_of_many_gets_a_new_lease,
    tasks_at_work_are_shown,
);

fn process(name: &str, seen: i64) -> Process {
    Process {
        name: name.to_owned(),
        role: "worker".to_owned(),
        host: "rack1".to_owned(),
        pid: 4711,
        version: "1.2.3".to_owned(),
        url: Some("http://192.0.2.1:5051".to_owned()),
        queue: "embedded".to_owned(),
        slots: 32,
        admission: None,
        started_at: at(0),
        seen_at: at(seen),
    }
}

async fn processes_come_and_go(world: World) {
    let store = &world.store;
    store.present_process(process("a", 0)).await.unwrap();
    store.present_process(process("b", 1)).await.unwrap();
    store.present_process(process("a", 5)).await.unwrap();
    let all = store.processes().await.unwrap();
    assert_eq!(all, [process("a", 5), process("b", 1)]);
    assert_eq!(store.forget_processes(at(2)).await.unwrap(), 1);
    store.leave_process("a").await.unwrap();
    store.leave_process("a").await.unwrap();
    assert!(store.processes().await.unwrap().is_empty());
}

async fn a_lease_has_one_holder(world: World) {
    let store = &world.store;
    let hold = async |holder, now| {
        store
            .hold_lease("sweeps", holder, at(now), at(now + 10))
            .await
            .unwrap()
    };
    assert!(hold("a", 0).await);
    assert!(!hold("b", 5).await);
    assert!(hold("a", 6).await);
    assert!(!hold("b", 15).await, "it was renewed");
    assert!(hold("b", 16).await, "it has run out");
    assert!(!hold("a", 17).await);
    let lease = store.leases().await.unwrap().remove(0);
    assert_eq!((lease.holder.as_str(), lease.acquired_at), ("b", at(16)));
    store.release_lease("sweeps", "a").await.unwrap();
    assert!(!hold("a", 17).await, "it was not a's to give up");
    store.release_lease("sweeps", "b").await.unwrap();
    assert!(hold("a", 18).await);
}

async fn one_of_many_gets_a_new_lease(world: World) {
    let store = &world.store;
    let names = (0..8).map(|index| format!("p{index}")).collect::<Vec<_>>();
    let all = names
        .iter()
        .map(|name| store.hold_lease("sweeps", name, at(0), at(10)));
    let held = join_all(all).await;
    assert_eq!(held.iter().filter(|held| **held == Ok(true)).count(), 1);
}

async fn tasks_at_work_are_shown(world: World) {
    let store = &world.store;
    let mut task = new_task(TaskKind::NodePower);
    let node = world.node("n1").await;
    task.node_id = Some(node.id);
    let task = store.enqueue_task(task, at(0)).await.unwrap();
    assert!(store.held_tasks(ALL).await.unwrap().is_empty());
    store
        .claim_tasks("p", &["power"], 1, at(1), at(9))
        .await
        .unwrap();
    let held = store.held_tasks(ALL).await.unwrap().remove(0);
    assert_eq!((held.uuid, held.node_uuid), (task.uuid, Some(node.uuid)));
    assert_eq!(
        (held.holder.as_str(), held.since, held.until),
        ("p", Some(at(1)), Some(at(9)))
    );
}
