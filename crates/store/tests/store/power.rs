//! Power controls, their secrets, assignments, the gate's breaker, and power actions.

use assay_domain::power_control::{PowerControlField, PowerControlPatch};
use assay_domain::{
    Error, Filter, FilterOp, FilterValue, OutputRef, Page, PowerActionState, PowerCommand,
    PowerControl, Secret, TaskKind,
};
use assay_store::NewPowerAction;
use serde_json::json;

use crate::world::{ALL, World, at, new_task};

on_both!(
    a_control_is_kept_and_changed,
    controls_are_filtered,
    the_breaker_opens_with_new_credentials,
    an_assigned_control_stays,
    a_node_has_one_default,
    an_assignment_is_initialized,
    an_output_feeds_one_node,
    a_power_action_is_recorded,
    actions_of_outputs_are_found,
    actions_of_many_nodes_are_found,
    nodes_are_found_by_key_and_name,
);

/// A power control to add.
pub(crate) fn control(host: &str) -> PowerControl {
    PowerControl {
        id: 0,
        title: format!("redfish://Redfish@{host}:443"),
        control_type: "Redfish".to_owned(),
        protocol_type: "redfish".to_owned(),
        host: host.to_owned(),
        port_number: 443,
        login: Some("admin".to_owned()),
        password: Some(Secret::new("pässword")),
        ssh_key: None,
        settings: json!({"system_id": "1"}).as_object().unwrap().clone(),
        refused: None,
        time_created: at(0),
        time_updated: None,
    }
}

async fn a_control_is_kept_and_changed(world: World) {
    let store = &world.store;
    let created = store.create_power_control(control("bmc1")).await.unwrap();
    let mut expected = control("bmc1");
    expected.id = created.id;
    assert!(created == expected);
    assert!(store.power_control(created.id).await.unwrap().unwrap() == expected);
    let patch = PowerControlPatch {
        title: Some("title".to_owned()),
        control_type: Some("SshDevice".to_owned()),
        protocol_type: Some("ssh".to_owned()),
        host: Some("bmc2".to_owned()),
        port_number: Some(22),
        login: Some(None),
        password: Some(None),
        ssh_key: Some(Some(Secret::new("KEY"))),
        settings: Some(serde_json::Map::new()),
    };
    let changed = store
        .update_power_control(created.id, patch, at(9))
        .await
        .unwrap();
    assert_eq!(
        (changed.title.as_str(), changed.host.as_str()),
        ("title", "bmc2")
    );
    assert!(changed.login.is_none() && changed.password.is_none());
    assert_eq!(changed.ssh_key.as_ref().unwrap().expose(), "KEY");
    assert_eq!(
        (changed.port_number, changed.time_updated),
        (22, Some(at(9)))
    );
    assert!(changed.settings.is_empty());
    assert!(store.power_control(created.id).await.unwrap().unwrap() == changed);
    // What is not given stays.
    let nothing = PowerControlPatch::default();
    let same = store
        .update_power_control(created.id, nothing, at(9))
        .await
        .unwrap();
    assert!(same == changed);
    let missing = store
        .update_power_control(99, PowerControlPatch::default(), at(9))
        .await;
    assert!(matches!(missing, Err(Error::NotFound { .. })));
    store.delete_power_control(created.id).await.unwrap();
    assert!(store.power_control(created.id).await.unwrap().is_none());
    assert!(store.delete_power_control(created.id).await.is_err());
}

async fn controls_are_filtered(world: World) {
    use FilterOp as Op;
    use PowerControlField as F;
    let store = &world.store;
    for (index, host) in ["bmc1", "bmc2", "pdu1"].into_iter().enumerate() {
        let mut new = control(host);
        new.time_created = at(i64::try_from(index).unwrap());
        new.port_number = 443 + i32::try_from(index).unwrap();
        store.create_power_control(new).await.unwrap();
    }
    let text = |text: &str| vec![FilterValue::Text(text.to_owned())];
    let cases = [
        (F::Host, Op::Like, text("bmc_"), vec!["bmc1", "bmc2"]),
        (F::Host, Op::Like, text("BMC%"), vec![]),
        (
            F::ControlType,
            Op::Eq,
            text("Redfish"),
            vec!["bmc1", "bmc2", "pdu1"],
        ),
        (F::ProtocolType, Op::Ne, text("redfish"), vec![]),
        (F::Title, Op::Like, text("%pdu1:443"), vec!["pdu1"]),
        (
            F::PortNumber,
            Op::Gt,
            vec![FilterValue::Int(443)],
            vec!["bmc2", "pdu1"],
        ),
        (
            F::TimeCreated,
            Op::Ge,
            vec![FilterValue::Time(at(1))],
            vec!["bmc2", "pdu1"],
        ),
        (
            F::Id,
            Op::In,
            vec![FilterValue::Int(1), FilterValue::Int(3)],
            vec!["bmc1", "pdu1"],
        ),
    ];
    for (field, op, values, expected) in cases {
        let filters = vec![Filter { field, op, values }];
        let found = store
            .list_power_controls(filters.clone(), ALL)
            .await
            .unwrap();
        let count = store.count_power_controls(filters.clone()).await.unwrap();
        assert_eq!(usize::try_from(count).unwrap(), found.len());
        let hosts = found
            .into_iter()
            .map(|control| control.host)
            .collect::<Vec<_>>();
        assert_eq!(hosts, expected, "{filters:?}");
    }
}

async fn the_breaker_opens_with_new_credentials(world: World) {
    let store = &world.store;
    let id = store
        .create_power_control(control("bmc1"))
        .await
        .unwrap()
        .id;
    assert_eq!(store.gate(id).await.unwrap().refused, None);
    store.shut_gate(id, "401 since noon").await.unwrap();
    assert_eq!(
        store.gate(id).await.unwrap().refused.as_deref(),
        Some("401 since noon")
    );
    let title = PowerControlPatch {
        title: Some("other".to_owned()),
        ..PowerControlPatch::default()
    };
    let changed = store.update_power_control(id, title, at(1)).await.unwrap();
    assert!(changed.refused.is_some(), "a title opens nothing");
    let password = PowerControlPatch {
        password: Some(Some(Secret::new("new"))),
        ..PowerControlPatch::default()
    };
    store
        .update_power_control(id, password, at(2))
        .await
        .unwrap();
    assert_eq!(store.gate(id).await.unwrap().refused, None);
    assert!(matches!(store.gate(99).await, Err(Error::NotFound { .. })));
    assert!(matches!(
        store.shut_gate(99, "x").await,
        Err(Error::NotFound { .. })
    ));
}

async fn an_assigned_control_stays(world: World) {
    let store = &world.store;
    let id = store.create_power_control(control("pdu")).await.unwrap().id;
    for (name, port) in [("n1", "1"), ("n2", "2")] {
        let node = world.node(name).await;
        store
            .assign_power_control(node.id, id, port, false)
            .await
            .unwrap();
    }
    let Err(Error::Conflict(text)) = store.delete_power_control(id).await else {
        panic!("it went");
    };
    assert!(text.contains("n1, n2"), "{text}");
    assert_eq!(store.assignments_of_control(id).await.unwrap().len(), 2);
    store.delete_node(1, at(1)).await.unwrap();
    assert!(store.unassign(2, id).await.unwrap());
    assert!(!store.unassign(2, id).await.unwrap());
    store.delete_power_control(id).await.unwrap();
}

async fn a_node_has_one_default(world: World) {
    let store = &world.store;
    let node = world.node("n1").await.id;
    let mut controls = Vec::new();
    for host in ["a", "b", "c"] {
        controls.push(store.create_power_control(control(host)).await.unwrap().id);
    }
    let defaults = async || {
        let all = store.assignments_of_node(node).await.unwrap();
        let chosen = all.into_iter().filter(|one| one.is_default);
        chosen.map(|one| one.power_control_id).collect::<Vec<_>>()
    };
    let first = store
        .assign_power_control(node, controls[0], "1", false)
        .await
        .unwrap();
    assert!(first.is_default && !first.is_initialized);
    assert_eq!(
        (first.port.as_str(), first.node_name.as_deref()),
        ("1", Some("n1"))
    );
    store
        .assign_power_control(node, controls[1], "1", false)
        .await
        .unwrap();
    assert_eq!(defaults().await, [controls[0]]);
    store
        .assign_power_control(node, controls[2], "1", true)
        .await
        .unwrap();
    assert_eq!(defaults().await, [controls[2]]);
    let port = Some("9".to_owned());
    let moved = store
        .update_assignment(node, controls[1], port, Some(true))
        .await
        .unwrap();
    assert_eq!((moved.port.as_str(), moved.is_default), ("9", true));
    assert_eq!(defaults().await, [controls[1]]);
    store.unassign(node, controls[1]).await.unwrap();
    assert_eq!(defaults().await, [controls[0]], "the oldest follows");
}

async fn an_assignment_is_initialized(world: World) {
    let store = &world.store;
    let node = world.node("n1").await.id;
    let mut controls = Vec::new();
    for host in ["a", "b"] {
        let id = store.create_power_control(control(host)).await.unwrap().id;
        store
            .assign_power_control(node, id, "1", false)
            .await
            .unwrap();
        controls.push(id);
    }
    store.mark_initialized(node, controls[0]).await.unwrap();
    let all = store.assignments_of_nodes(&[node, 99]).await.unwrap();
    assert_eq!(
        all.iter().map(|one| one.is_initialized).collect::<Vec<_>>(),
        [true, false]
    );
    for missing in [
        store.mark_initialized(node, 99).await,
        store
            .update_assignment(node, 99, None, None)
            .await
            .map(|_| ()),
        store
            .assign_power_control(99, controls[1], "2", false)
            .await
            .map(|_| ()),
        store
            .assign_power_control(node, 99, "1", false)
            .await
            .map(|_| ()),
    ] {
        assert!(
            matches!(missing, Err(Error::NotFound { .. })),
            "{missing:?}"
        );
    }
}

async fn an_output_feeds_one_node(world: World) {
    let store = &world.store;
    let (first, second) = (world.node("n1").await.id, world.node("n2").await.id);
    let pdu = store.create_power_control(control("pdu")).await.unwrap().id;
    store
        .assign_power_control(first, pdu, "1", false)
        .await
        .unwrap();
    let taken = store.assign_power_control(second, pdu, "1", false).await;
    let expected = format!("port 1 of power control {pdu} is taken by node n1");
    assert_eq!(taken, Err(Error::Conflict(expected)));
    let twice = store.assign_power_control(first, pdu, "2", false).await;
    assert!(matches!(twice, Err(Error::Conflict(_))));
    store
        .assign_power_control(second, pdu, "2", false)
        .await
        .unwrap();
    let port = Some("1".to_owned());
    let taken = store.update_assignment(second, pdu, port, None).await;
    assert!(matches!(taken, Err(Error::Conflict(_))));
    let of_pdus = store.assignments_of_controls(&[pdu]).await.unwrap();
    let ports = of_pdus.iter().map(|one| (one.node_id, one.port.as_str()));
    assert_eq!(ports.collect::<Vec<_>>(), [(first, "1"), (second, "2")]);
}

async fn a_power_action_is_recorded(world: World) {
    let store = &world.store;
    let node = world.node("n1").await.id;
    let action = wanted(Some(node), PowerCommand::Reset);
    let action = store.create_power_actions(vec![action], at(1)).await;
    let action = action.unwrap().remove(0);
    assert_eq!(action.state, PowerActionState::Intended);
    assert_eq!((action.start_time, action.finished_at), (at(1), None));
    let task = store.list_tasks(ALL).await.unwrap().remove(0);
    assert_eq!(task.payload["power_action_id"], action.id);
    assert_eq!(action.task.as_deref(), Some(task.uuid.as_str()));
    store
        .set_power_action(action.id, PowerActionState::Sent, None, at(2))
        .await
        .unwrap();
    let sent = store.power_action(action.id).await.unwrap().unwrap();
    assert_eq!(
        (sent.state, sent.finished_at),
        (PowerActionState::Sent, None)
    );
    let error = Some("outcome unknown".to_owned());
    store
        .set_power_action(action.id, PowerActionState::Unknown, error.clone(), at(3))
        .await
        .unwrap();
    let second = store
        .begin_power_action(node, PowerCommand::On, "bob", &task.uuid, at(4))
        .await
        .unwrap();
    let history = store.power_actions(node, ALL).await.unwrap();
    assert_eq!(history[0], second);
    assert_eq!(
        (history[1].state, &history[1].error),
        (PowerActionState::Unknown, &error)
    );
    assert_eq!(
        (history[1].finished_at, history[1].user_name.as_str()),
        (Some(at(3)), "ann")
    );
    let missing = store
        .set_power_action(99, PowerActionState::Done, None, at(5))
        .await;
    assert!(matches!(missing, Err(Error::NotFound { .. })));
    let nobody = store
        .begin_power_action(99, PowerCommand::On, "bob", &task.uuid, at(4))
        .await;
    assert!(matches!(nobody, Err(Error::NotFound { .. })));

    // Open as long as its task is.
    store.end_orphaned_power_actions(at(5)).await.unwrap();
    let state = async || store.power_action(second.id).await.unwrap().unwrap();
    assert_eq!(state().await.state, PowerActionState::Sent);
    assert!(store.revoke_task(&task.uuid, at(6)).await.unwrap());
    store.end_orphaned_power_actions(at(7)).await.unwrap();
    let ended = state().await;
    assert_eq!(
        (ended.state, ended.finished_at),
        (PowerActionState::Unknown, Some(at(7)))
    );
}

pub(crate) fn wanted(node_id: Option<i64>, command: PowerCommand) -> NewPowerAction {
    NewPowerAction {
        node_id,
        output: None,
        command,
        user_name: "ann".to_owned(),
        batch: None,
        task: new_task(TaskKind::NodePower),
    }
}

async fn actions_of_outputs_are_found(world: World) {
    let store = &world.store;
    let output = OutputRef {
        power_control_id: 7,
        port: "3".to_owned(),
    };
    let of_output = NewPowerAction {
        output: Some(output.clone()),
        ..wanted(None, PowerCommand::Off)
    };
    let made = store.create_power_actions(vec![of_output], at(1)).await;
    let made = made.unwrap().remove(0);
    assert_eq!((made.node_id, &made.output), (None, &Some(output)));
    let of_control = store.power_actions_of_control(7, ALL).await.unwrap();
    assert_eq!(of_control, std::slice::from_ref(&made));
    assert!(
        store
            .power_actions_of_control(8, ALL)
            .await
            .unwrap()
            .is_empty()
    );
}

async fn nodes_are_found_by_key_and_name(world: World) {
    let (first, second) = (world.node("n1").await.id, world.node("n2").await.id);
    let names = vec!["n2".to_owned(), "n3".to_owned()];
    let found = world.store.node_names(&[first, 99], &[], &names).await;
    let mut found: Vec<i64> = found.unwrap().into_iter().map(|node| node.id).collect();
    found.sort_unstable();
    assert_eq!(found, [first, second]);
}

async fn actions_of_many_nodes_are_found(world: World) {
    let store = &world.store;
    let (first, second) = (world.node("n1").await.id, world.node("n2").await.id);
    let part = |node| NewPowerAction {
        batch: Some("b1".to_owned()),
        ..wanted(Some(node), PowerCommand::On)
    };
    // All or nothing.
    let lost = store
        .create_power_actions(vec![part(first), part(99)], at(2))
        .await;
    assert!(matches!(lost, Err(Error::NotFound { .. })), "{lost:?}");
    assert!(store.power_actions(first, ALL).await.unwrap().is_empty());
    assert!(store.list_tasks(ALL).await.unwrap().is_empty());

    let parts = vec![part(first), part(second)];
    let parts = store.create_power_actions(parts, at(3)).await.unwrap();
    assert_eq!(store.list_tasks(ALL).await.unwrap().len(), 2);
    assert_eq!(
        store.open_power_actions(&[first, second]).await.unwrap(),
        parts
    );
    let done = PowerActionState::Done;
    store
        .set_power_action(parts[0].id, done, None, at(4))
        .await
        .unwrap();
    let open = store.open_power_actions(&[first, second]).await.unwrap();
    assert_eq!(open, &parts[1..]);
    let of_batch = async |state, page| {
        let found = store.power_actions_of_batch("b1", state, page).await;
        let ids = found.unwrap().into_iter().map(|action| action.id);
        ids.collect::<Vec<_>>()
    };
    assert_eq!(of_batch(None, ALL).await, [parts[0].id, parts[1].id]);
    assert_eq!(of_batch(Some(done), ALL).await, [parts[0].id]);
    let page = Page {
        offset: 1,
        limit: 1,
    };
    assert_eq!(of_batch(None, page).await, [parts[1].id]);
    let mut counts = store.count_power_actions_of_batch("b1").await.unwrap();
    counts.sort_by_key(|(state, _)| state.as_str());
    assert_eq!(counts, [(done, 1), (PowerActionState::Intended, 1)]);

    // What nobody sent has failed once its task has ended.
    let task = parts[1].task.as_deref().unwrap();
    assert!(store.revoke_task(task, at(5)).await.unwrap());
    store.end_orphaned_power_actions(at(6)).await.unwrap();
    let ended = store.power_action(parts[1].id).await.unwrap().unwrap();
    assert_eq!(ended.state, PowerActionState::Failed);
    assert_eq!(ended.finished_at, Some(at(6)));
}
