//! Revoked tokens: refused, remembered, and forgotten in time.

use assay_domain::Role;

use crate::world::{World, at};

on_both!(a_revoked_token_has_no_holder, ended_tokens_are_forgotten);

async fn a_revoked_token_has_no_holder(world: World) {
    let store = &world.store;
    let ann = store
        .create_user("ann", Role::Admin, "$hash", at(1))
        .await
        .unwrap();
    assert_eq!(store.token_holder("eve", "one").await.unwrap(), None);
    for _ in 0..2 {
        store.revoke_token("one", at(50)).await.unwrap();
        assert_eq!(store.token_holder("ann", "one").await.unwrap(), None);
    }
    let other = store.token_holder("ann", "two").await.unwrap();
    assert_eq!(other, Some(ann));
}

async fn ended_tokens_are_forgotten(world: World) {
    let store = &world.store;
    for (token, end) in [("early", 10), ("late", 20)] {
        store.revoke_token(token, at(end)).await.unwrap();
    }
    assert_eq!(store.prune_revoked_tokens(at(10)).await.unwrap(), 0);
    assert_eq!(store.prune_revoked_tokens(at(11)).await.unwrap(), 1);
    assert_eq!(store.prune_revoked_tokens(at(11)).await.unwrap(), 0);
    assert_eq!(store.prune_revoked_tokens(at(99)).await.unwrap(), 1);
}
