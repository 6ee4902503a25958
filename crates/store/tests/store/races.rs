//! What happens when many want the same at once: exactly one of them gets it.

use assay_domain::fleet::Hold;
use assay_domain::{Error, Event, IntrospectionState as S, Result, TaskKind};
use assay_store::Change;
use futures::future::join_all;

use crate::power::control;
use crate::world::{World, at, new_introspection, new_node, new_task};

on_both!(
    one_of_many_introspections_starts,
    one_of_many_reports_is_received,
    one_of_many_holders_gets_the_node,
    one_of_many_defaults_stays,
    equal_names_are_enrolled_once,
);

fn winners<T>(outcomes: &[Result<T>]) -> usize {
    for outcome in outcomes {
        if let Err(error) = outcome {
            assert!(
                matches!(error, Error::Conflict(_) | Error::Locked(_)),
                "{error:?}"
            );
        }
    }
    outcomes.iter().filter(|outcome| outcome.is_ok()).count()
}

async fn one_of_many_introspections_starts(world: World) {
    let store = &world.store;
    let node = world.node("n1").await;
    for round in 0..5 {
        let all = (0..8).map(|_| {
            let new = new_introspection(&node, S::Waiting);
            store.start_introspection(new, None, at(round))
        });
        let outcomes = join_all(all).await;
        assert_eq!(winners(&outcomes), 1);
        let winner = outcomes.into_iter().find_map(Result::ok).unwrap();
        let ends = (0..4).map(|_| {
            let change = Change::default();
            store.apply_event(winner.id, Event::Timeout, change, at(round))
        });
        assert_eq!(winners(&join_all(ends).await), 1);
    }
}

async fn one_of_many_reports_is_received(world: World) {
    let store = &world.store;
    let node = world.node("n1").await;
    let new = new_introspection(&node, S::Waiting);
    let id = store
        .start_introspection(new, None, at(0))
        .await
        .unwrap()
        .id;
    let all = (0..8).map(|_| {
        let task = new_task(TaskKind::IntrospectionProcess);
        store.receive_report(id, b"{}".to_vec(), task, at(1))
    });
    assert_eq!(winners(&join_all(all).await), 1);
}

async fn one_of_many_holders_gets_the_node(world: World) {
    let store = &world.store;
    let id = world.node("n1").await.id;
    let owners = (0..8)
        .map(|index| format!("worker-{index}"))
        .collect::<Vec<_>>();
    let all = owners
        .iter()
        .map(|owner| store.reserve_node(id, owner, "power", at(0), at(60)));
    let holds = join_all(all).await;
    let taken = holds.iter().filter(|hold| **hold == Ok(Hold::Taken));
    assert_eq!(taken.count(), 1);
}

async fn one_of_many_defaults_stays(world: World) {
    let store = &world.store;
    let node = world.node("n1").await.id;
    let mut controls = Vec::new();
    for index in 0..6 {
        let host = format!("bmc{index}");
        controls.push(store.create_power_control(control(&host)).await.unwrap().id);
    }
    let all = controls
        .iter()
        .map(|id| store.assign_power_control(node, *id, "1", true));
    assert!(winners(&join_all(all).await) >= 1);
    let assigned = store.assignments_of_node(node).await.unwrap();
    assert_eq!(assigned.iter().filter(|one| one.is_default).count(), 1);
}

async fn equal_names_are_enrolled_once(world: World) {
    let store = &world.store;
    let all = (0..8).map(|_| {
        let mut new = new_node("same");
        new.ports = vec![("aa:00:00:00:00:01".to_owned(), true)];
        store.create_node(new, at(0))
    });
    assert_eq!(winners(&join_all(all).await), 1);
}
