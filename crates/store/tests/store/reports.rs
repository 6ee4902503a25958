//! Reports: received, processed, processed again, pruned.

use assay_domain::{
    Error, Event, Introspection, IntrospectionState as S, Node, NodePatch, Phase, Port, ReportKind,
    TaskKind,
};
use assay_store::{Change, ProcessingOutcome};
use serde_json::{Map, Value, json};

use crate::world::{ALL, World, at, new_introspection, new_task};

on_both!(
    a_report_is_received_once,
    processing_is_stored_at_once,
    ports_are_merged,
    an_ended_introspection_takes_nothing,
    a_stored_report_is_processed_again,
    old_reports_go,
);

fn raw(number: i64) -> Vec<u8> {
    json!({"inventory": {"number": number}})
        .to_string()
        .into_bytes()
}

async fn waiting(world: &World, node: &Node) -> i64 {
    let new = new_introspection(node, S::Waiting);
    world
        .store
        .start_introspection(new, None, at(0))
        .await
        .unwrap()
        .id
}

async fn received(world: &World, node: &Node, number: i64) -> (Introspection, i64) {
    let id = waiting(world, node).await;
    let task = new_task(TaskKind::IntrospectionProcess);
    world
        .store
        .receive_report(id, raw(number), task, at(1))
        .await
        .unwrap()
}

fn outcome(introspection: &Introspection, report_id: i64) -> ProcessingOutcome {
    ProcessingOutcome {
        machine: assay_domain::Facts::new(),
        introspection_id: introspection.id,
        report_id,
        processed: json!({"processed": report_id}).to_string().into_bytes(),
        node_id: introspection.node_id,
        node: NodePatch::default(),
        add_ports: Vec::new(),
        update_ports: Vec::new(),
        delete_ports: Vec::new(),
        finish: true,
        keep_reports: 10,
    }
}

fn port(node: &Node, address: &str) -> Port {
    Port {
        id: 0,
        uuid: String::new(),
        node_id: node.id,
        address: address.to_owned(),
        pxe_enabled: false,
        local_link_connection: Map::new(),
        extra: Map::new(),
    }
}

async fn a_report_is_received_once(world: World) {
    let store = &world.store;
    let node = world.node("n1").await;
    let (introspection, report_id) = received(&world, &node, 7).await;
    assert_eq!(introspection.state, S::Processing);
    let task = store.list_tasks(ALL).await.unwrap().remove(0);
    assert_eq!(task.payload["report_id"], report_id);
    assert_eq!(task.payload["introspection_id"], introspection.id);
    assert_eq!(
        store.phases(introspection.id).await.unwrap()[0].phase,
        Phase::Callback
    );
    assert!(store.orphaned_introspections(9).await.unwrap().is_empty());

    let task = new_task(TaskKind::IntrospectionProcess);
    let again = store
        .receive_report(introspection.id, raw(8), task, at(2))
        .await;
    assert!(matches!(again, Err(Error::Conflict(_))));
    assert_eq!(store.list_tasks(ALL).await.unwrap().len(), 1);

    let report = store
        .report(report_id, ReportKind::Raw)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(report.data, json!({"inventory": {"number": 7}}));
    assert_eq!(report.size, i64::try_from(raw(7).len()).unwrap());
    assert_eq!(
        (report.introspection_id, report.node_id),
        (introspection.id, node.id)
    );
    assert_eq!(report.received_at, at(1));
    let bytes = store
        .report_bytes(report_id, ReportKind::Raw)
        .await
        .unwrap();
    assert_eq!(bytes.unwrap(), raw(7));
    let processed = store
        .report(report_id, ReportKind::Processed)
        .await
        .unwrap();
    assert_eq!(processed.unwrap().data, Value::Null);
    assert!(
        store
            .report_bytes(report_id, ReportKind::Processed)
            .await
            .unwrap()
            .is_none()
    );
    assert!(
        store
            .latest_report(node.id, ReportKind::Processed)
            .await
            .unwrap()
            .is_none()
    );
    assert!(store.report(999, ReportKind::Raw).await.unwrap().is_none());
    let listed = store.list_reports(node.id, ALL).await.unwrap();
    assert_eq!((listed.len(), &listed[0].data), (1, &Value::Null));
}

async fn processing_is_stored_at_once(world: World) {
    let store = &world.store;
    let node = world.node("n1").await;
    let (introspection, report_id) = received(&world, &node, 7).await;
    let mut done = outcome(&introspection, report_id);
    done.node.cpu_amount = Some(Some(64));
    done.finish = false;
    let open = store.apply_processing(done.clone(), at(5)).await.unwrap();
    assert_eq!((open.state, open.finished_at), (S::Processing, None));
    // A worker that died after this does it again.
    done.finish = true;
    let ended = store.apply_processing(done.clone(), at(6)).await.unwrap();
    assert_eq!((ended.state, ended.finished_at), (S::Finished, Some(at(6))));
    let node = store.node(node.id).await.unwrap().unwrap();
    assert_eq!((node.cpu_amount, node.updated_at), (Some(64), Some(at(6))));
    let stamps = store.phases(introspection.id).await.unwrap();
    let stamps = stamps
        .iter()
        .map(|stamp| (stamp.phase, stamp.at))
        .collect::<Vec<_>>();
    let expected = [
        (Phase::Callback, at(1)),
        (Phase::Hooks, at(5)),
        (Phase::Rules, at(5)),
    ];
    assert_eq!(stamps, expected);
    let latest = store
        .latest_report(node.id, ReportKind::Processed)
        .await
        .unwrap();
    assert_eq!(latest.unwrap().data, json!({"processed": report_id}));
    let bytes = store
        .latest_report_bytes(node.id, ReportKind::Processed)
        .await
        .unwrap();
    assert_eq!(bytes.unwrap(), done.processed);
    assert!(store.apply_processing(done, at(7)).await.is_err(), "over");
}

async fn ports_are_merged(world: World) {
    let store = &world.store;
    let other = world.node("other").await;
    let (introspection, report_id) = received(&world, &other, 1).await;
    let mut done = outcome(&introspection, report_id);
    done.add_ports = vec![port(&other, "aa:00:00:00:00:09")];
    store.apply_processing(done, at(2)).await.unwrap();

    let node = world.node("n1").await;
    let (introspection, report_id) = received(&world, &node, 1).await;
    let mut done = outcome(&introspection, report_id);
    done.finish = false;
    done.add_ports = vec![
        port(&node, "aa:00:00:00:00:01"),
        port(&node, "AA-00-00-00-00-02"),
        port(&node, "aa:00:00:00:00:02"),
        port(&node, "aa:00:00:00:00:09"),
    ];
    for _ in 0..2 {
        store.apply_processing(done.clone(), at(3)).await.unwrap();
    }
    let ports = store.ports(node.id).await.unwrap();
    let addresses = ports
        .iter()
        .map(|port| port.address.as_str())
        .collect::<Vec<_>>();
    assert_eq!(addresses, ["aa:00:00:00:00:01", "aa:00:00:00:00:02"]);
    assert_eq!(store.ports(other.id).await.unwrap().len(), 1, "left alone");

    let mut changed = ports[0].clone();
    changed.pxe_enabled = true;
    changed.extra.insert("client-id".to_owned(), json!("ff:00"));
    done.add_ports.clear();
    done.update_ports = vec![changed.clone()];
    done.delete_ports = vec![ports[1].id, store.ports(other.id).await.unwrap()[0].id];
    store.apply_processing(done, at(4)).await.unwrap();
    assert_eq!(store.ports(node.id).await.unwrap(), [changed]);
    let both = store.ports_of(&[node.id, other.id]).await.unwrap();
    assert_eq!(both.len(), 2, "a port of another node cannot be removed");
}

async fn an_ended_introspection_takes_nothing(world: World) {
    let store = &world.store;
    let node = world.node("n1").await;
    let (introspection, report_id) = received(&world, &node, 1).await;
    store
        .apply_event(introspection.id, Event::Timeout, Change::default(), at(2))
        .await
        .unwrap();
    for finish in [false, true] {
        let mut late = outcome(&introspection, report_id);
        late.finish = finish;
        late.node.cpu_amount = Some(Some(64));
        let refused = store.apply_processing(late, at(3)).await;
        assert!(matches!(refused, Err(Error::Conflict(_))));
    }
    assert_eq!(store.node(node.id).await.unwrap().unwrap().cpu_amount, None);
    let processed = store
        .latest_report(node.id, ReportKind::Processed)
        .await
        .unwrap();
    assert!(processed.is_none());
}

async fn a_stored_report_is_processed_again(world: World) {
    let store = &world.store;
    let node = world.node("n1").await;
    let new = new_introspection(&node, S::Reapplying);
    let task = || new_task(TaskKind::IntrospectionProcess);
    let none = store
        .start_reapply(node.id, None, new.clone(), task(), at(0))
        .await;
    assert!(matches!(none, Err(Error::NotFound { what: "Report", .. })));

    let (introspection, first) = received(&world, &node, 1).await;
    let busy = store
        .start_reapply(node.id, None, new.clone(), task(), at(2))
        .await;
    assert!(matches!(busy, Err(Error::Conflict(_))));
    store
        .apply_processing(outcome(&introspection, first), at(3))
        .await
        .unwrap();

    let again = store
        .start_reapply(node.id, None, new.clone(), task(), at(4))
        .await
        .unwrap();
    assert_eq!(again.state, S::Reapplying);
    let stored = store.list_tasks(ALL).await.unwrap().remove(0);
    assert_eq!(stored.payload["report_id"], first, "nothing is copied");
    assert_eq!(stored.payload["introspection_id"], again.id);
    let ended = store
        .apply_processing(outcome(&again, first), at(5))
        .await
        .unwrap();
    assert_eq!(ended.state, S::Finished);

    let given = store
        .start_reapply(node.id, Some(raw(9)), new, task(), at(6))
        .await
        .unwrap();
    let stored = store.list_tasks(ALL).await.unwrap().remove(0);
    let second = stored.payload["report_id"].as_i64().unwrap();
    assert_ne!(second, first);
    let report = store
        .latest_report(node.id, ReportKind::Raw)
        .await
        .unwrap()
        .unwrap();
    assert_eq!((report.id, report.introspection_id), (second, given.id));
    assert_eq!(store.list_reports(node.id, ALL).await.unwrap().len(), 2);
}

async fn old_reports_go(world: World) {
    let store = &world.store;
    let node = world.node("n1").await;
    let other = world.node("n2").await;
    received(&world, &other, 1).await;
    let mut ids = Vec::new();
    for number in 0..5 {
        let (introspection, report_id) = received(&world, &node, number).await;
        let mut done = outcome(&introspection, report_id);
        done.keep_reports = if number == 4 { 0 } else { 3 };
        store.apply_processing(done, at(2)).await.unwrap();
        ids.push(report_id);
        let kept = store.list_reports(node.id, ALL).await.unwrap();
        let kept = kept.into_iter().map(|report| report.id).collect::<Vec<_>>();
        let count = if number == 4 { 1 } else { ids.len().min(3) };
        let newest = ids.iter().rev().take(count).copied().collect::<Vec<_>>();
        assert_eq!(kept, newest);
    }
    assert_eq!(store.list_reports(other.id, ALL).await.unwrap().len(), 1);
}
