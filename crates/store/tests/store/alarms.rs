//! Alarms: one open per kind and subject, acknowledged once, pruned.

use assay_domain::{AlarmKind, NewAlarm};
use serde_json::json;

use crate::world::{ALL, World, at};

on_both!(an_open_alarm_is_counted_up, two_at_once_are_one);

fn alarm(subject: &str, node_id: Option<i64>) -> NewAlarm {
    NewAlarm {
        kind: AlarmKind::MacConflict,
        subject: subject.to_owned(),
        node_id,
        text: format!("about {subject}"),
        evidence: json!({"mac": subject}),
    }
}

async fn an_open_alarm_is_counted_up(world: World) {
    let store = &world.store;
    let node = world.node("n1").await;
    let raise = async |new, second| store.raise_alarm(new, at(second)).await.unwrap();
    let first = raise(alarm("a", Some(node.id)), 0).await;
    let again = NewAlarm {
        text: "once more".to_owned(),
        ..alarm("a", Some(node.id))
    };
    let again = raise(again, 5).await;
    assert_eq!((again.id, again.count), (first.id, 2));
    assert_eq!((again.first_at, again.last_at), (at(0), at(5)));
    assert_eq!(again.text, "once more");
    let other = raise(alarm("b", Some(99_999)), 6).await;
    assert_eq!(other.node_id, None, "that node does not exist");
    assert_eq!(store.count_open_alarms().await.unwrap(), 2);

    let seen = store.acknowledge_alarm(first.id, "carol", at(7)).await;
    let seen = seen.unwrap().unwrap();
    assert_eq!(seen.acknowledged_by.as_deref(), Some("carol"));
    let later = store.acknowledge_alarm(first.id, "dave", at(8)).await;
    assert_eq!(later.unwrap().unwrap(), seen);
    assert_eq!(
        store.acknowledge_alarm(999, "dave", at(8)).await.unwrap(),
        None
    );

    // The next time is a new alarm.
    let new = raise(alarm("a", None), 9).await;
    assert_ne!(new.id, first.id);
    let list = async |open| -> Vec<i64> {
        let list = store.list_alarms(open, ALL).await.unwrap();
        list.into_iter().map(|alarm| alarm.id).collect()
    };
    assert_eq!(list(None).await, [new.id, other.id, first.id]);
    assert_eq!(list(Some(true)).await, [new.id, other.id]);
    assert_eq!(list(Some(false)).await, [first.id]);
    store.delete_node(node.id, at(10)).await.unwrap();
    assert_eq!(store.alarm(first.id).await.unwrap().unwrap().node_id, None);
    assert_eq!(store.prune_alarms(at(7)).await.unwrap(), 0);
    assert_eq!(store.prune_alarms(at(8)).await.unwrap(), 1);
    assert_eq!(store.alarm(first.id).await.unwrap(), None);
}

async fn two_at_once_are_one(world: World) {
    let store = &world.store;
    let raise = || store.raise_alarm(alarm("a", None), at(0));
    let (a, b, c) = tokio::join!(raise(), raise(), raise());
    let mut counts = [a, b, c].map(|alarm| alarm.unwrap().count);
    counts.sort_unstable();
    assert_eq!(counts, [1, 2, 3]);
}
