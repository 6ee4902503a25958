//! Boot claims, discovery's limits, enrolment exactly once, held reports, fingerprints.

use std::collections::BTreeSet;

use assay_domain::{
    Error, Fact, FactKind, Facts, HeldState, IntrospectionState as S, Page, TaskKind,
};
use assay_store::{
    BootClaim, DiscoveryLimits, Enrolled, Enrolment, Held, NewHeldReport, ScriptGiven,
};
use serde_json::json;
use uuid::Uuid;

use crate::world::{ALL, World, at, new_introspection, new_node, new_task};

on_both!(
    a_script_is_given_to_one_at_a_time,
    unknown_machines_are_limited,
    two_enrolments_of_one_machine_make_one_node,
    a_machine_has_one_held_report,
    a_held_report_is_decided_once,
);

fn claim(mac: &str) -> BootClaim {
    BootClaim {
        mac: mac.to_owned(),
        system_uuid: None,
        serial: Some("SN".to_owned()),
        source: Some("192.0.2.1".to_owned()),
    }
}

async fn a_script_is_given_to_one_at_a_time(world: World) {
    let store = &world.store;
    let node = world.node("n1").await;
    let new = new_introspection(&node, S::Waiting);
    let id = store
        .start_introspection(new, None, at(0))
        .await
        .unwrap()
        .id;
    let give = async |before: Option<&str>, nonce: &str, mac: &str| {
        let before = before.map(str::to_owned);
        store
            .give_script(id, before, nonce.to_owned(), claim(mac), at(1))
            .await
            .unwrap()
    };
    assert_eq!(store.boot_claim(id).await.unwrap(), None);
    assert!(give(None, "one", "first").await);
    assert!(!give(None, "two", "second").await);
    assert!(!give(Some("zero"), "two", "second").await);
    assert!(give(Some("one"), "two", "second").await);
    // Whoever came first stays the one that it is for.
    assert_eq!(store.boot_claim(id).await.unwrap(), Some(claim("first")));
}

async fn unknown_machines_are_limited(world: World) {
    let store = &world.store;
    let give = async |nonce: &str, mac: &str, second: i64| {
        let limits = DiscoveryLimits {
            per_minute: 3,
            max_waiting: 2,
            expires: at(second + 600),
        };
        store
            .give_discovery(nonce.to_owned(), claim(mac), limits, at(second))
            .await
            .unwrap()
    };
    assert_eq!(give("a", "m1", 0).await, ScriptGiven::Given);
    // A machine that boots again takes no more room, and its old nonce is void.
    assert_eq!(give("b", "m1", 1).await, ScriptGiven::Given);
    let boot = async |nonce: &str, second: i64| {
        store
            .discovery_boot(nonce.to_owned(), at(second))
            .await
            .unwrap()
    };
    assert_eq!(boot("a", 2).await, None);
    assert_eq!(boot("b", 2).await.unwrap().claim, claim("m1"));
    assert_eq!(give("c", "m2", 2).await, ScriptGiven::Given);
    assert_eq!(give("d", "m3", 3).await, ScriptGiven::Full);
    // The report of one has come, which makes room.
    let mut held = held("k1", &[]);
    held.boot = boot("c", 3).await.map(|boot| boot.id);
    store
        .hold_report(held, b"{}".to_vec(), at(3))
        .await
        .unwrap();
    let settled = boot("c", 3).await.unwrap();
    assert!(settled.held_uuid.is_some() && !settled.is_waiting());
    assert_eq!(give("e", "m3", 4).await, ScriptGiven::Full);
    assert_eq!(boot("b", 601).await, None);
    assert_eq!(store.prune_discovery_boots(at(700)).await.unwrap(), 2);
    for (nonce, mac) in [("f", "m4"), ("g", "m4"), ("h", "m4")] {
        assert_eq!(give(nonce, mac, 701).await, ScriptGiven::Given);
    }
}

fn machine() -> Facts {
    Facts::from([
        Fact::new(FactKind::SystemSerial, "SN-1"),
        Fact {
            kind: FactKind::Card,
            value: "aa:00:00:00:00:01".to_owned(),
            place: Some("0000:01:00.0".to_owned()),
        },
    ])
}

fn enrolment(name: Option<&str>, seen: Option<&[i64]>) -> Enrolment {
    let mut node = new_node("");
    node.fields.name = name.map(|name| Some(name.to_owned()));
    Enrolment {
        node,
        ports: Vec::new(),
        machine: machine(),
        seen: seen.map(|seen| seen.iter().copied().collect()),
        requested_by: "discovery".to_owned(),
        deadline: at(600),
        task: new_task(TaskKind::IntrospectionProcess),
        boot: None,
        held: None,
    }
}

async fn two_enrolments_of_one_machine_make_one_node(world: World) {
    let store = &world.store;
    let enrol = |name| store.enrol(enrolment(Some(name), Some(&[])), b"{}".to_vec(), at(0));
    let (one, other) = tokio::join!(enrol("n1"), enrol("n2"));
    let results = [one.unwrap(), other.unwrap()];
    let done: Vec<_> = results
        .iter()
        .filter_map(|result| match result {
            Enrolled::Done(introspection) => Some(introspection),
            Enrolled::Changed => None,
        })
        .collect();
    assert_eq!(done.len(), 1, "{results:?}");
    assert_eq!(done[0].state, S::Processing);
    assert_eq!(store.count_nodes(Vec::new()).await.unwrap(), 1);
    let found = store.candidates(machine()).await.unwrap();
    assert_eq!(found.nodes[0].facts, machine());
    let task = &store.list_tasks(ALL).await.unwrap()[0];
    assert_eq!(task.node_id, Some(done[0].node_id));
    assert!(task.payload["report_id"].is_i64() && task.payload["introspection_id"].is_i64());
    // A taken name leaves nothing behind.
    let node = store.node(done[0].node_id).await.unwrap().unwrap();
    let taken = enrolment(node.name.as_deref(), None);
    let taken = store.enrol(taken, b"{}".to_vec(), at(1)).await;
    assert!(matches!(taken, Err(Error::Conflict(_))), "{taken:?}");
    assert_eq!(store.count_nodes(Vec::new()).await.unwrap(), 1);
}

fn held(key: &str, seen: &[i64]) -> NewHeldReport {
    NewHeldReport {
        uuid: Uuid::new_v4().to_string(),
        machine_key: key.to_owned(),
        reason: "nobody knows".to_owned(),
        machine: machine(),
        facts: json!({"system_serial": ["SN-1"]}),
        candidates: json!([]),
        seen: seen.iter().copied().collect::<BTreeSet<_>>(),
        source: None,
        boot: None,
        max_held: 2,
    }
}

async fn a_machine_has_one_held_report(world: World) {
    let store = &world.store;
    let hold = async |key: &str, body: &str, second: i64| {
        let body = body.as_bytes().to_vec();
        store
            .hold_report(held(key, &[]), body, at(second))
            .await
            .unwrap()
    };
    let Held::Done(first) = hold("k1", "{\"n\":1}", 0).await else {
        panic!("not held");
    };
    let Held::Done(again) = hold("k1", "{\"n\":2}", 5).await else {
        panic!("not held");
    };
    assert_eq!((again.uuid.as_str(), again.count), (first.uuid.as_str(), 2));
    assert_eq!((again.received_at, again.last_at), (at(0), at(5)));
    let bytes = store.held_report_bytes(&first.uuid).await.unwrap().unwrap();
    assert_eq!(bytes, b"{\"n\":2}");
    assert!(matches!(hold("k2", "{}", 6).await, Held::Done(_)));
    assert_eq!(hold("k3", "{}", 7).await, Held::Full);
    let page = Page {
        offset: 1,
        limit: 1,
    };
    let list = store.list_held_reports(None, page).await.unwrap();
    assert_eq!(list.len(), 1);
    assert_eq!(list[0].uuid, first.uuid);
    // Somebody enrolled the machine meanwhile.
    let done = store
        .enrol(enrolment(None, None), b"{}".to_vec(), at(8))
        .await;
    assert!(matches!(done.unwrap(), Enrolled::Done(_)));
    assert_eq!(hold("k1", "{}", 9).await, Held::Changed);
    assert_eq!(store.prune_held_reports(at(6)).await.unwrap(), 1);
    assert_eq!(store.list_held_reports(None, ALL).await.unwrap().len(), 1);
}

async fn a_held_report_is_decided_once(world: World) {
    let store = &world.store;
    let Held::Done(report) = store
        .hold_report(held("k1", &[]), b"{}".to_vec(), at(0))
        .await
        .unwrap()
    else {
        panic!("not held");
    };
    let mut decided = enrolment(Some("new"), None);
    decided.held = Some(report.uuid.clone());
    let done = store.enrol(decided.clone(), b"{}".to_vec(), at(1)).await;
    assert!(matches!(done.unwrap(), Enrolled::Done(_)));
    let state = async || store.held_report(&report.uuid).await.unwrap().unwrap();
    let now = state().await;
    assert_eq!(now.state, HeldState::Enrolled);
    assert_eq!(now.decided_by.as_deref(), Some("discovery"));
    assert!(now.node_uuid.is_some());
    let again = store
        .discard_held_report(&report.uuid, "carol", at(2))
        .await;
    assert!(matches!(again, Err(Error::Conflict(text)) if text.contains("discovery")));
    // A second decision enrols nobody.
    decided.node = new_node("second");
    let again = store.enrol(decided, b"{}".to_vec(), at(3)).await;
    assert!(matches!(again, Err(Error::Conflict(_))), "{again:?}");
    assert_eq!(store.count_nodes(Vec::new()).await.unwrap(), 1);
    assert!(matches!(
        store.discard_held_report("nothing", "carol", at(4)).await,
        Err(Error::NotFound { .. })
    ));
}
