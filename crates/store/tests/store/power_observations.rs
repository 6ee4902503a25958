//! Readings of power: whose turn it is, what is kept of them, and what Assay did not cause.

use std::time::Duration;

use assay_domain::power_observation::{OUTSIDE, ReadingPace};
use assay_domain::{PowerCommand, PowerReading, PowerState};
use futures::future::join_all;

use crate::power::{control, wanted};
use crate::world::{ALL, World, at};

on_both!(
    each_turn_is_handed_out_once,
    what_is_read_is_kept_with_its_age,
    changes_from_outside_become_history,
    a_reading_from_before_a_command_tells_nothing,
    misses_are_counted_and_the_dead_wait_longer,
    a_node_without_a_power_control_is_not_read,
);

const PACE: ReadingPace = ReadingPace {
    interval: Duration::from_secs(60),
    longest: Duration::from_secs(600),
    share: 1.0,
};

/// Nodes with a power control each.
async fn nodes(world: &World, count: usize) -> Vec<i64> {
    let mut ids = Vec::new();
    for number in 0..count {
        let node = world.node(&format!("n{number}")).await;
        let control = control(&format!("bmc{number}"));
        let control = world.store.create_power_control(control).await.unwrap();
        let assigned = world
            .store
            .assign_power_control(node.id, control.id, "1", true);
        assigned.await.unwrap();
        ids.push(node.id);
    }
    ids
}

fn reading(node_id: i64, second: i64, outcome: Result<PowerState, String>) -> PowerReading {
    PowerReading {
        node_id,
        began_at: at(second),
        outcome,
    }
}

async fn claimed(world: &World, living: bool, second: i64) -> Vec<i64> {
    let due = world
        .store
        .claim_power_readings(living, 100, PACE, at(second));
    let mut ids: Vec<i64> = due.await.unwrap().iter().map(|due| due.node_id).collect();
    ids.sort_unstable();
    ids
}

async fn each_turn_is_handed_out_once(world: World) {
    let ids = nodes(&world, 10).await;
    let claims = (0..4).map(|_| world.store.claim_power_readings(true, 100, PACE, at(0)));
    let mut all: Vec<i64> = join_all(claims)
        .await
        .into_iter()
        .flat_map(|claim| claim.unwrap())
        .map(|due| due.node_id)
        .collect();
    all.sort_unstable();
    assert_eq!(all, ids);
    assert!(claimed(&world, true, 59).await.is_empty());
    world.store.read_power_soon(ids[3]).await.unwrap();
    assert_eq!(claimed(&world, true, 59).await, [ids[3]]);
    assert_eq!(claimed(&world, true, 60).await.len(), 9);
}

async fn what_is_read_is_kept_with_its_age(world: World) {
    let ids = nodes(&world, 2).await;
    let store = &world.store;
    let summary = store.power_reading_summary().await.unwrap();
    assert_eq!(
        (summary.nodes, summary.unreachable, summary.oldest),
        (2, 0, None)
    );
    for second in [1, 31] {
        let readings = vec![
            reading(ids[0], second, Ok(PowerState::On)),
            reading(ids[1], second + 1, Ok(PowerState::Off)),
        ];
        assert!(
            store
                .keep_power_readings(readings, at(50))
                .await
                .unwrap()
                .is_empty()
        );
        let known = store.power_observation(ids[1]).await.unwrap().unwrap();
        assert_eq!(
            (known.state, known.observed_at, known.misses),
            (Some(PowerState::Off), Some(at(second + 1)), 0)
        );
        let summary = store.power_reading_summary().await.unwrap();
        assert_eq!(summary.oldest, Some(at(second)));
    }
    let node = store.node(ids[0]).await.unwrap().unwrap();
    assert_eq!(node.power_state, Some(PowerState::On));
}

async fn changes_from_outside_become_history(world: World) {
    let id = nodes(&world, 1).await[0];
    let store = &world.store;
    for (second, state, changes) in [
        (1, PowerState::On, 0),
        (2, PowerState::Off, 1),
        (3, PowerState::Off, 0),
        (4, PowerState::On, 1),
    ] {
        let kept = store.keep_power_readings(vec![reading(id, second, Ok(state))], at(second));
        assert_eq!(kept.await.unwrap().len(), changes, "second {second}");
    }
    let history = store.power_actions(id, ALL).await.unwrap();
    let told: Vec<_> = history
        .iter()
        .map(|action| (action.command, action.user_name.as_str(), action.start_time))
        .collect();
    assert_eq!(
        told,
        [
            (PowerCommand::On, OUTSIDE, at(4)),
            (PowerCommand::Off, OUTSIDE, at(2))
        ]
    );
}

async fn a_reading_from_before_a_command_tells_nothing(world: World) {
    let id = nodes(&world, 1).await[0];
    let store = &world.store;
    let off = || vec![reading(id, 5, Ok(PowerState::Off))];
    let known = vec![reading(id, 1, Ok(PowerState::Off))];
    store.keep_power_readings(known, at(1)).await.unwrap();
    let command = wanted(Some(id), PowerCommand::On);
    let action = store.create_power_actions(vec![command], at(4)).await;
    let action = action.unwrap().remove(0);
    let on = vec![reading(id, 5, Ok(PowerState::On))];
    assert!(
        store
            .keep_power_readings(on, at(5))
            .await
            .unwrap()
            .is_empty()
    );
    let done = assay_domain::PowerActionState::Done;
    store
        .set_power_action(action.id, done, None, at(6))
        .await
        .unwrap();
    store
        .set_power_state(id, Some(PowerState::On), at(6))
        .await
        .unwrap();
    assert!(
        store
            .keep_power_readings(off(), at(7))
            .await
            .unwrap()
            .is_empty()
    );
    let known = store.power_observation(id).await.unwrap().unwrap();
    assert_eq!(
        (known.state, known.observed_at),
        (Some(PowerState::On), Some(at(6)))
    );
    let later = vec![reading(id, 7, Ok(PowerState::Off))];
    assert_eq!(
        store.keep_power_readings(later, at(8)).await.unwrap().len(),
        1
    );
}

async fn misses_are_counted_and_the_dead_wait_longer(world: World) {
    let id = nodes(&world, 1).await[0];
    let store = &world.store;
    let mut second = 0;
    for (misses, pause) in [(0, 60), (1, 60), (2, 60), (3, 120), (4, 240)] {
        assert_eq!(
            claimed(&world, misses == 0, second).await,
            [id],
            "misses {misses}"
        );
        assert!(
            claimed(&world, misses == 0, second + pause - 1)
                .await
                .is_empty()
        );
        let known = store.power_observation(id).await.unwrap().unwrap();
        assert_eq!(
            (known.misses, known.is_unreachable()),
            (misses, misses >= 3)
        );
        let silent = vec![reading(id, second, Err("silence".into()))];
        store
            .keep_power_readings(silent, at(second + 1))
            .await
            .unwrap();
        second += pause;
    }
    let known = store.power_observation(id).await.unwrap().unwrap();
    assert_eq!(known.missed_since, Some(at(1)));
    assert_eq!(known.error.as_deref(), Some("silence"));
    assert_eq!(store.power_reading_summary().await.unwrap().unreachable, 1);
    let alive = vec![reading(id, second, Ok(PowerState::Off))];
    store.keep_power_readings(alive, at(second)).await.unwrap();
    let known = store.power_observation(id).await.unwrap().unwrap();
    assert_eq!(
        (known.misses, known.error, known.missed_since),
        (0, None, None)
    );
}

async fn a_node_without_a_power_control_is_not_read(world: World) {
    let id = nodes(&world, 1).await[0];
    let store = &world.store;
    let control = store.assignments_of_node(id).await.unwrap()[0].power_control_id;
    assert!(store.unassign(id, control).await.unwrap());
    assert!(claimed(&world, true, 0).await.is_empty());
    assert_eq!(store.power_observation(id).await.unwrap(), None);
    let late = vec![reading(id, 1, Ok(PowerState::On))];
    assert!(
        store
            .keep_power_readings(late, at(1))
            .await
            .unwrap()
            .is_empty()
    );
}
