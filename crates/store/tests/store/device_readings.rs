//! What devices said: one question at a time, and answers of the device that is asked now only.

use assay_domain::power_control::PowerControlPatch;
use assay_domain::{Aspect, DeviceFacts, Error, TaskKind};

use crate::power::control;
use crate::world::{World, at, new_task};

on_both!(
    one_question_at_a_time,
    an_answer_that_nobody_waits_for_is_not_kept,
);

const NOTHING: DeviceFacts = DeviceFacts::Sensors(Vec::new());

/// Asks for a node's sensors; gives the task's UUID, and whether it is a new one.
async fn ask(world: &World, node: i64) -> (String, bool) {
    let task = new_task(TaskKind::DeviceRead);
    let asked = world.store.ask_device(node, Aspect::Sensors, task, at(0));
    asked.await.unwrap()
}

async fn answer(world: &World, node: i64, task: &str) -> Option<DeviceFacts> {
    let (store, aspect) = (&world.store, Aspect::Sensors);
    let kept = store.keep_device_facts(node, aspect, NOTHING, task, at(1));
    kept.await.unwrap();
    let reading = store.device_reading(node, aspect).await.unwrap();
    reading.and_then(|reading| reading.facts)
}

async fn one_question_at_a_time(world: World) {
    let (one, other) = (world.node("a").await.id, world.node("b").await.id);
    let (task, is_new) = ask(&world, one).await;
    assert!(is_new);
    assert_eq!(ask(&world, one).await, (task.clone(), false));
    assert!(ask(&world, other).await.1, "another node's");
    assert!(world.store.revoke_task(&task, at(1)).await.unwrap());
    let (again, is_new) = ask(&world, one).await;
    assert!(is_new && again != task);
    let nobody = new_task(TaskKind::DeviceRead);
    let asked = world.store.ask_device(99, Aspect::Sensors, nobody, at(0));
    assert!(matches!(asked.await, Err(Error::NotFound { .. })));
}

async fn an_answer_that_nobody_waits_for_is_not_kept(world: World) {
    let store = &world.store;
    let node = world.node("a").await.id;
    let first = store.create_power_control(control("a")).await.unwrap().id;
    let second = store.create_power_control(control("b")).await.unwrap().id;
    let assigned = store.assign_power_control(node, first, "1", true).await;
    assigned.unwrap();
    let (task, _) = ask(&world, node).await;
    assert_eq!(answer(&world, node, &task).await, Some(NOTHING));

    let forgotten = store.forget_device_facts(node, Aspect::Sensors).await;
    forgotten.unwrap();
    assert_eq!(answer(&world, node, &task).await, None);

    let (task, _) = ask(&world, node).await;
    let assigned = store.assign_power_control(node, second, "1", true).await;
    assigned.unwrap();
    assert_eq!(answer(&world, node, &task).await, None);

    let (task, _) = ask(&world, node).await;
    let elsewhere = PowerControlPatch {
        host: Some("c".to_owned()),
        ..PowerControlPatch::default()
    };
    let moved = store.update_power_control(second, elsewhere, at(1)).await;
    moved.unwrap();
    assert_eq!(answer(&world, node, &task).await, None);
}
