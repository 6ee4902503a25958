//! Rules in their order, and users with their epoch.

use assay_domain::{Error, Role, Rule};
use serde_json::json;

use crate::world::{World, at};

on_both!(rules_keep_their_order, users_have_an_epoch);

fn rule(uuid: &str) -> Rule {
    let item = |value: serde_json::Value| value.as_object().unwrap().clone();
    Rule {
        id: 0,
        uuid: uuid.to_owned(),
        description: Some("why".to_owned()),
        conditions: vec![item(json!({"op": "eq", "field": "memory_mb", "value": 1}))],
        actions: vec![item(json!({"action": "fail", "message": "no"}))],
        scope: Some("rack".to_owned()),
        created_at: at(1),
    }
}

async fn rules_keep_their_order(world: World) {
    let store = &world.store;
    let mut stored = Vec::new();
    for uuid in ["z", "a", "m"] {
        let mut expected = rule(uuid);
        let created = store.create_rule(expected.clone()).await.unwrap();
        expected.id = created.id;
        assert_eq!(created, expected);
        stored.push(created);
    }
    assert!(matches!(
        store.create_rule(rule("a")).await,
        Err(Error::Conflict(_))
    ));
    assert_eq!(store.rules().await.unwrap(), stored);
    assert_eq!(store.rule("a").await.unwrap().as_ref(), Some(&stored[1]));
    assert!(store.delete_rule("a").await.unwrap());
    assert!(!store.delete_rule("a").await.unwrap());
    assert!(store.rule("a").await.unwrap().is_none());
    assert_eq!(store.delete_rules().await.unwrap(), 2);
    assert!(store.rules().await.unwrap().is_empty());
}

async fn users_have_an_epoch(world: World) {
    let store = &world.store;
    let ann = store
        .create_user("ann", Role::Admin, "$hash", at(1))
        .await
        .unwrap();
    assert_eq!(
        (ann.role, ann.epoch, ann.created_at),
        (Role::Admin, 0, at(1))
    );
    store
        .create_user("Bob", Role::Observer, "$hash", at(1))
        .await
        .unwrap();
    let taken = store.create_user("ann", Role::Observer, "$x", at(2)).await;
    assert!(matches!(taken, Err(Error::Conflict(_))));
    assert_eq!(store.user_by_name("ann").await.unwrap(), Some(ann));
    assert_eq!(store.user_by_name("ANN").await.unwrap(), None);
    let names = store
        .users()
        .await
        .unwrap()
        .into_iter()
        .map(|user| user.name);
    assert_eq!(names.collect::<Vec<_>>(), ["Bob", "ann"]);
    let changed = store
        .update_user("ann", Some(Role::Operator), None)
        .await
        .unwrap();
    assert_eq!((changed.role, changed.epoch), (Role::Operator, 1));
    assert_eq!(changed.password_hash, "$hash");
    let hash = Some("$new".to_owned());
    let changed = store.update_user("ann", None, hash).await.unwrap();
    assert_eq!((changed.epoch, changed.password_hash.as_str()), (2, "$new"));
    let missing = store.update_user("eve", None, None).await;
    assert!(matches!(missing, Err(Error::NotFound { .. })));
    assert!(store.delete_user("ann").await.unwrap());
    assert!(!store.delete_user("ann").await.unwrap());
}
