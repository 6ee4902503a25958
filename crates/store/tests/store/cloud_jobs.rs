//! What tasks record of a cloud's hosts and instances.

use assay_domain::cloud::{HostProgress, HostStage, InstanceMove, Method, MoveState};
use assay_domain::{Error, NewTask, TaskKind};

use crate::world::{World, at, new_task};

on_both!(
    a_host_is_worked_on_by_one_task,
    of_many_who_ask_at_once_one_is_given_a_host,
    a_move_that_has_ended_stays_so,
    what_is_cancelled_begins_nothing_new
);

fn host(task: &NewTask, position: i32, name: &str) -> HostProgress {
    HostProgress {
        task_uuid: task.uuid.clone(),
        position,
        host: name.to_owned(),
        stage: HostStage::Waiting,
        was_enabled: true,
        cancelled_by: None,
        detail: None,
        changed_at: at(0),
    }
}

fn planned(task_uuid: &str, position: i32) -> InstanceMove {
    InstanceMove {
        task_uuid: task_uuid.to_owned(),
        position,
        instance_uuid: format!("instance-{position}"),
        instance_name: format!("i{position}"),
        source: "a".to_owned(),
        target: None,
        methods: vec![Method::Live, Method::Cold],
        state: MoveState::Planned,
        after_migration: 0,
        attempts: 0,
        detail: None,
        changed_at: at(0),
    }
}

async fn a_host_is_worked_on_by_one_task(world: World) {
    let (store, task) = (&world.store, new_task(TaskKind::CloudHosts));
    let uuid = task.uuid.clone();
    let hosts = vec![host(&task, 0, "a"), host(&task, 1, "b")];
    let first = store.create_host_job(task, hosts.clone(), at(0)).await;
    assert_eq!(first.unwrap().uuid, uuid);
    assert_eq!(store.job_hosts(&uuid).await.unwrap(), hosts);

    let second = || {
        let task = new_task(TaskKind::CloudHosts);
        let hosts = vec![host(&task, 0, "c"), host(&task, 1, "b")];
        store.create_host_job(task, hosts, at(1))
    };
    let refused = second().await.unwrap_err();
    assert!(
        matches!(&refused, Error::Conflict(text) if text.contains(&uuid)),
        "{refused}"
    );

    let mut closed = hosts[1].clone();
    closed.stage = HostStage::Moving;
    closed.detail = Some("3 instances are to leave".to_owned());
    store.advance_host(closed.clone()).await.unwrap();
    assert_eq!(store.job_hosts(&uuid).await.unwrap()[1], closed);
    assert!(store.revoke_task(&uuid, at(2)).await.unwrap());
    let _ = second().await.unwrap();
}

async fn of_many_who_ask_at_once_one_is_given_a_host(world: World) {
    let store = &world.store;
    let ask = |_| {
        let task = new_task(TaskKind::CloudHosts);
        let hosts = vec![host(&task, 0, "a")];
        store.create_host_job(task, hosts, at(0))
    };
    let asked = futures::future::join_all((0..8).map(ask)).await;
    assert_eq!(asked.iter().filter(|one| one.is_ok()).count(), 1);
}

async fn a_move_that_has_ended_stays_so(world: World) {
    let (store, task) = (&world.store, new_task(TaskKind::CloudHosts));
    let uuid = task.uuid.clone();
    let hosts = vec![host(&task, 0, "a")];
    let _ = store.create_host_job(task, hosts, at(0)).await.unwrap();
    // More than one statement takes.
    let moves: Vec<InstanceMove> = (0..1201).map(|place| planned(&uuid, place)).collect();
    store.plan_moves(moves.clone()).await.unwrap();
    assert_eq!(store.instance_moves(&uuid).await.unwrap(), moves);

    let mut sent = moves[0].clone();
    sent.state = MoveState::Sent;
    (sent.after_migration, sent.attempts) = (7, 1);
    assert!(store.record_move(sent.clone()).await.unwrap());
    // Whoever plans again after a restart changes nothing.
    store.plan_moves(vec![planned(&uuid, 0)]).await.unwrap();
    assert_eq!(store.instance_moves(&uuid).await.unwrap()[0], sent);
    sent.state = MoveState::Moved;
    assert!(store.record_move(sent.clone()).await.unwrap());
    let again = InstanceMove {
        state: MoveState::Planned,
        ..sent.clone()
    };
    assert!(!store.record_move(again).await.unwrap());
    assert_eq!(store.instance_moves(&uuid).await.unwrap()[0], sent);
}

async fn what_is_cancelled_begins_nothing_new(world: World) {
    let (store, task) = (&world.store, new_task(TaskKind::CloudHosts));
    let uuid = task.uuid.clone();
    let hosts = vec![host(&task, 0, "a")];
    let _ = store.create_host_job(task, hosts, at(0)).await.unwrap();
    let moves = vec![planned(&uuid, 0), planned(&uuid, 1)];
    store.plan_moves(moves.clone()).await.unwrap();
    let sent = InstanceMove {
        state: MoveState::Sent,
        ..moves[0].clone()
    };
    assert!(store.record_move(sent.clone()).await.unwrap());

    store.cancel_cloud_job(&uuid, "ann", at(3)).await.unwrap();
    let hosts = store.job_hosts(&uuid).await.unwrap();
    assert_eq!(hosts[0].cancelled_by.as_deref(), Some("ann"));
    let left = store.instance_moves(&uuid).await.unwrap();
    assert_eq!(
        (left[0].state, left[1].state),
        (MoveState::Sent, MoveState::Stayed)
    );
    assert_eq!(left[1].detail.as_deref(), Some("cancelled by ann"));
    assert!(!store.record_move(moves[1].clone()).await.unwrap());
}
