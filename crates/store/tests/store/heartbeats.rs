//! What is known of hosts' signs of life, and who is being evacuated for their silence.

use assay_domain::{AvailabilityStorage, BeatState, Error, Heartbeat, Page, StorageBeat, TaskKind};

use crate::world::{ALL, World, at, new_task};

on_both!(
    who_is_watched_is_listed_with_its_storages,
    evacuations_count_while_their_tasks_are_open,
);

fn silent(task: Option<&str>) -> Heartbeat {
    Heartbeat {
        beats: vec![StorageBeat {
            storage_id: 1,
            storage: "nas".to_owned(),
            state: BeatState::Silent,
            since: at(1),
            detail: None,
        }],
        verdict: Some("it is being evacuated".to_owned()),
        task: task.map(str::to_owned),
    }
}

async fn who_is_watched_is_listed_with_its_storages(world: World) {
    let store = &world.store;
    let (a, b) = (world.node("a").await, world.node("b").await);
    let storage = AvailabilityStorage {
        id: 0,
        name: "nas".to_owned(),
        compute_path: "/a".to_owned(),
        controller_path: "/b".to_owned(),
    };
    let storage = store.create_availability_storage(storage).await.unwrap();
    store
        .assign_storages(b.id, &[storage.id], true)
        .await
        .unwrap();
    let unwatched = store.keep_heartbeat(a.id, silent(None)).await;
    assert_eq!(unwatched, Ok(()));
    assert_eq!(store.watched_hosts(ALL).await.unwrap(), []);
    for node in [&a, &b, &b] {
        store.watch_heartbeat(node.id, true).await.unwrap();
    }
    store.keep_heartbeat(b.id, silent(None)).await.unwrap();
    let hosts = store.watched_hosts(ALL).await.unwrap();
    let known: Vec<_> = hosts
        .iter()
        .map(|host| (host.node_id, host.uuid.as_str()))
        .collect();
    assert_eq!(known, [(a.id, a.uuid.as_str()), (b.id, b.uuid.as_str())]);
    assert_eq!(
        (&hosts[0].heartbeat, hosts[0].storages.len()),
        (&Heartbeat::default(), 0)
    );
    assert_eq!(
        (&hosts[1].heartbeat, &hosts[1].storages),
        (&silent(None), &vec![storage])
    );
    let second = Page {
        offset: 1,
        limit: 1,
    };
    assert_eq!(store.watched_hosts(second).await.unwrap(), hosts[1..]);

    // Being watched once more changes nothing; not being watched forgets.
    store.watch_heartbeat(b.id, true).await.unwrap();
    assert_eq!(store.watched_hosts(second).await.unwrap(), hosts[1..]);
    store.watch_heartbeat(b.id, false).await.unwrap();
    store.watch_heartbeat(b.id, true).await.unwrap();
    let again = store.watched_hosts(second).await.unwrap();
    assert_eq!(again[0].heartbeat, Heartbeat::default());
    store.delete_node(a.id, at(2)).await.unwrap();
    assert_eq!(store.watched_hosts(ALL).await.unwrap(), again);
    let gone = store.watch_heartbeat(a.id, true).await;
    assert!(matches!(gone, Err(Error::NotFound { .. })));
}

async fn evacuations_count_while_their_tasks_are_open(world: World) {
    let store = &world.store;
    let node = world.node("a").await.id;
    store.watch_heartbeat(node, true).await.unwrap();
    let task = store
        .enqueue_task(new_task(TaskKind::CloudHosts), at(0))
        .await
        .unwrap();
    assert_eq!(store.count_heartbeat_evacuations().await, Ok(0));
    store
        .keep_heartbeat(node, silent(Some(&task.uuid)))
        .await
        .unwrap();
    assert_eq!(store.count_heartbeat_evacuations().await, Ok(1));
    assert_eq!(store.revoke_task(&task.uuid, at(1)).await, Ok(true));
    assert_eq!(store.count_heartbeat_evacuations().await, Ok(0));
}
