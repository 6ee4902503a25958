//! Introspections: one at a time per node, events, phases, lists.

use assay_domain::{Error, Event, IntrospectionState as S, Page, Phase, TaskKind, TaskStatus};
use assay_store::{BootClaim, Change, NewIntrospection};

use crate::world::{ALL, World, at, new_introspection, new_node, new_task};

on_both!(
    one_runs_at_a_time,
    nobody_is_not_introspected,
    events_follow_the_state_machine,
    a_change_comes_with_its_event,
    the_first_stamp_stays,
    a_nonce_needs_a_waiting_machine,
    the_list_is_paged_by_marker,
    the_overdue_are_found,
    the_orphaned_are_found,
);

async fn one_runs_at_a_time(world: World) {
    let store = &world.store;
    let node = world.node("n1").await;
    let first = store
        .start_introspection(
            new_introspection(&node, S::Starting),
            Some(new_task(TaskKind::IntrospectionStart)),
            at(1),
        )
        .await
        .unwrap();
    assert_eq!((first.state, first.started_at), (S::Starting, at(1)));
    assert_eq!((first.finished_at, first.deadline), (None, at(3600)));
    let task = &store.list_tasks(ALL).await.unwrap()[0];
    assert_eq!(task.payload["introspection_id"], first.id);
    assert_eq!(task.payload["given"], true);

    let again = new_introspection(&node, S::Waiting);
    let refused = store.start_introspection(again.clone(), None, at(2)).await;
    let Err(Error::Conflict(text)) = refused else {
        panic!("{refused:?}");
    };
    let expected = format!(
        "introspection of node {} is already running (starting)",
        node.uuid
    );
    assert_eq!(text, expected);
    let change = Change {
        error: Some("it broke".to_owned()),
        ..Change::default()
    };
    let failed = store
        .apply_event(first.id, Event::Fail, change, at(3))
        .await
        .unwrap();
    assert_eq!((failed.state, failed.finished_at), (S::Error, Some(at(3))));
    assert_eq!(failed.error.as_deref(), Some("it broke"));

    let second = store.start_introspection(again, None, at(4)).await.unwrap();
    assert_ne!(second.id, first.id);
    let current = store.current_introspection(node.id).await.unwrap();
    assert_eq!(current.as_ref(), Some(&second));
    assert_eq!(
        store.current_by_node_uuid(&node.uuid).await.unwrap(),
        current
    );
    assert_eq!(
        store.introspection(first.id).await.unwrap(),
        Some(failed.clone())
    );
    let history = store.introspections_of(node.id, ALL).await.unwrap();
    assert_eq!(history, [second.clone(), failed]);
    let page = Page {
        offset: 0,
        limit: 1,
    };
    assert_eq!(
        store.introspections_of(node.id, page).await.unwrap(),
        [second]
    );
}

async fn nobody_is_not_introspected(world: World) {
    let node = world.node("n1").await;
    let nobody = NewIntrospection {
        node_id: 999,
        node_uuid: "nobody".to_owned(),
        ..new_introspection(&node, S::Waiting)
    };
    let missing = world.store.start_introspection(nobody, None, at(5)).await;
    assert!(matches!(missing, Err(Error::NotFound { what: "Node", .. })));
}

async fn events_follow_the_state_machine(world: World) {
    let store = &world.store;
    let node = world.node("n1").await;
    let new = new_introspection(&node, S::Starting);
    let id = store
        .start_introspection(new, None, at(0))
        .await
        .unwrap()
        .id;
    let apply = async |event| store.apply_event(id, event, Change::default(), at(1)).await;
    for wrong in [Event::Process, Event::Finish, Event::AbortEnd, Event::Start] {
        assert!(
            matches!(apply(wrong).await, Err(Error::Conflict(_))),
            "{wrong:?}"
        );
    }
    assert_eq!(apply(Event::Wait).await.unwrap().state, S::Waiting);
    assert_eq!(apply(Event::Abort).await.unwrap().state, S::Aborting);
    assert_eq!(apply(Event::AbortEnd).await.unwrap().state, S::Error);
    assert!(apply(Event::Timeout).await.is_err());
    let missing = store
        .apply_event(999, Event::Wait, Change::default(), at(1))
        .await;
    assert!(matches!(missing, Err(Error::NotFound { .. })));
}

async fn a_change_comes_with_its_event(world: World) {
    let store = &world.store;
    let node = world.node("n1").await;
    let new = new_introspection(&node, S::Starting);
    let id = store
        .start_introspection(new, None, at(0))
        .await
        .unwrap()
        .id;
    let change = || Change {
        error: None,
        deadline: Some(at(99)),
        phases: vec![Phase::Power],
        task: Some(new_task(TaskKind::IntrospectionLeave)),
    };
    let waiting = store
        .apply_event(id, Event::Wait, change(), at(7))
        .await
        .unwrap();
    assert_eq!((waiting.deadline, waiting.error), (at(99), None));
    assert_eq!(store.phases(id).await.unwrap()[0].at, at(7));
    assert_eq!(store.list_tasks(ALL).await.unwrap().len(), 1);
    // What is refused leaves nothing behind.
    assert!(
        store
            .apply_event(id, Event::Wait, change(), at(8))
            .await
            .is_err()
    );
    assert_eq!(store.list_tasks(ALL).await.unwrap().len(), 1);
}

async fn the_first_stamp_stays(world: World) {
    let store = &world.store;
    let node = world.node("n1").await;
    let new = new_introspection(&node, S::Waiting);
    let id = store
        .start_introspection(new, None, at(0))
        .await
        .unwrap()
        .id;
    for (phase, when) in [(Phase::Kernel, 5), (Phase::Power, 1), (Phase::Kernel, 9)] {
        store.stamp_phase(id, phase, at(when)).await.unwrap();
    }
    let stamps = store.phases(id).await.unwrap();
    let stamps = stamps
        .iter()
        .map(|stamp| (stamp.phase, stamp.at))
        .collect::<Vec<_>>();
    assert_eq!(stamps, [(Phase::Power, at(1)), (Phase::Kernel, at(5))]);
    assert!(matches!(
        store.stamp_phase(999, Phase::Power, at(1)).await,
        Err(Error::NotFound { .. })
    ));
}

async fn a_nonce_needs_a_waiting_machine(world: World) {
    let store = &world.store;
    let node = world.node("n1").await;
    let new = new_introspection(&node, S::Starting);
    let id = store
        .start_introspection(new, None, at(0))
        .await
        .unwrap()
        .id;
    let give = async |before: Option<&str>, nonce: &str, second: i64, id: i64| {
        let claim = BootClaim {
            mac: "aa:00:00:00:00:01".to_owned(),
            system_uuid: None,
            serial: None,
            source: None,
        };
        let before = before.map(str::to_owned);
        let given = store.give_script(id, before, nonce.to_owned(), claim, at(second));
        given.await.unwrap()
    };
    assert!(!give(None, "aaa", 1, id).await);
    assert!(store.phases(id).await.unwrap().is_empty());
    store
        .apply_event(id, Event::Wait, Change::default(), at(2))
        .await
        .unwrap();
    assert!(give(None, "bbb", 3, id).await);
    assert!(give(Some("bbb"), "ccc", 4, id).await);
    assert!(store.introspection_by_nonce("bbb").await.unwrap().is_none());
    let found = store.introspection_by_nonce("ccc").await.unwrap().unwrap();
    assert_eq!((found.id, found.nonce_hash.as_deref()), (id, Some("ccc")));
    let stamps = store.phases(id).await.unwrap();
    assert_eq!((stamps[0].phase, stamps[0].at), (Phase::BootScript, at(3)));
    assert!(!give(None, "ddd", 5, 999).await);
}

async fn the_list_is_paged_by_marker(world: World) {
    let store = &world.store;
    let mut expected = Vec::new();
    for (index, second) in [1, 3, 3, 3, 2].into_iter().enumerate() {
        let mut node = new_node(&format!("n{index}"));
        node.uuid = Some(format!("uuid-{index}"));
        let node = store.create_node(node, at(0)).await.unwrap();
        // An older one of the same node must not appear.
        let new = new_introspection(&node, S::Waiting);
        let old = store
            .start_introspection(new.clone(), None, at(0))
            .await
            .unwrap();
        store
            .apply_event(old.id, Event::Fail, Change::default(), at(0))
            .await
            .unwrap();
        store
            .start_introspection(new, None, at(second))
            .await
            .unwrap();
        expected.push((second, node.uuid));
    }
    expected.sort();
    expected.reverse();
    let expected = expected
        .into_iter()
        .map(|(_, uuid)| uuid)
        .collect::<Vec<_>>();
    let mut listed = Vec::new();
    loop {
        let page = store.list_current(listed.last().cloned(), 2).await.unwrap();
        assert!(page.len() <= 2);
        if page.is_empty() {
            break;
        }
        listed.extend(page.into_iter().map(|one| one.node_uuid));
    }
    assert_eq!(listed, expected);
    let unknown = store.list_current(Some("nobody".to_owned()), 2).await;
    assert!(matches!(unknown, Err(Error::Invalid(_))));
}

async fn the_overdue_are_found(world: World) {
    let store = &world.store;
    for (name, deadline, ended) in [
        ("n1", 20, false),
        ("n2", 10, false),
        ("n3", 5, true),
        ("n4", 90, false),
    ] {
        let node = world.node(name).await;
        let mut new = new_introspection(&node, S::Waiting);
        new.deadline = at(deadline);
        let id = store
            .start_introspection(new, None, at(0))
            .await
            .unwrap()
            .id;
        if ended {
            store
                .apply_event(id, Event::Fail, Change::default(), at(1))
                .await
                .unwrap();
        }
    }
    let ids = async |now, limit| {
        let found = store.expired_introspections(at(now), limit).await.unwrap();
        found.into_iter().map(|one| one.node_id).collect::<Vec<_>>()
    };
    assert_eq!(ids(9, 9).await, Vec::<i64>::new());
    assert_eq!(ids(10, 9).await, [2]);
    assert_eq!(ids(50, 9).await, [2, 1]);
    assert_eq!(ids(50, 1).await, [2]);
}

async fn the_orphaned_are_found(world: World) {
    let store = &world.store;
    let begin = async |name: &str, state, task| {
        let node = world.node(name).await;
        let new = new_introspection(&node, state);
        store
            .start_introspection(new, task, at(0))
            .await
            .unwrap()
            .id
    };
    let task = || Some(new_task(TaskKind::IntrospectionStart));
    let driven = begin("driven", S::Starting, task()).await;
    let without = begin("without", S::Starting, None).await;
    begin("waiting", S::Waiting, None).await;
    let over = begin("over", S::Starting, None).await;
    store
        .apply_event(over, Event::Fail, Change::default(), at(1))
        .await
        .unwrap();
    let ids = async || {
        let found = store.orphaned_introspections(9).await.unwrap();
        found.into_iter().map(|one| one.id).collect::<Vec<_>>()
    };
    assert_eq!(ids().await, [without]);
    let task = store
        .claim_tasks("w", &["power"], 1, at(1), at(9))
        .await
        .unwrap()
        .remove(0);
    assert_eq!(ids().await, [without], "held");
    store
        .finish_task(
            task.id,
            "w",
            TaskStatus::Failure,
            None,
            Some("died".to_owned()),
            at(2),
        )
        .await
        .unwrap();
    assert_eq!(ids().await, [driven, without], "ended");
    store.prune_tasks(at(100)).await.unwrap();
    assert_eq!(ids().await, [driven, without], "missing");
    assert_eq!(store.orphaned_introspections(1).await.unwrap().len(), 1);
}
