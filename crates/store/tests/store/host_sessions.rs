//! The iSCSI sessions of hosts: the last look counts, and whose address a portal has.

use assay_domain::iscsi::Targets;
use assay_domain::{Error, NodePatch};

use crate::world::{World, at};

on_both!(
    the_last_look_counts,
    an_address_belongs_to_the_node_that_has_it,
);

async fn the_last_look_counts(world: World) {
    let (store, node) = (&world.store, world.node("a").await.id);
    assert_eq!(store.host_sessions(node).await.unwrap(), None);
    let portal = "10.0.0.1:3261".parse().unwrap();
    let targets = Targets::from([(portal, ["iqn.2026-11.test:a".to_owned()].into())]);
    for (targets, second) in [(Targets::new(), 1), (targets, 2)] {
        let kept = store.set_host_sessions(node, targets.clone(), at(second));
        kept.await.unwrap();
        let sessions = store.host_sessions(node).await.unwrap().unwrap();
        assert_eq!((sessions.targets, sessions.seen_at), (targets, at(second)));
    }
    let nobody = store.set_host_sessions(99, Targets::new(), at(3)).await;
    assert!(matches!(nobody, Err(Error::NotFound { .. })));
}

async fn an_address_belongs_to_the_node_that_has_it(world: World) {
    let node = world.node("storage").await.id;
    let addresses = ["10.0.0.11".to_owned(), "fd00::1".to_owned()];
    let patch = NodePatch {
        ip_addresses: Some(addresses.to_vec()),
        ..NodePatch::default()
    };
    world.store.update_node(node, patch, at(1)).await.unwrap();
    for (address, name) in [
        ("10.0.0.11", Some("storage")),
        ("fd00::1", Some("storage")),
        ("10.0.0.1", None),
        ("fd00::11", None),
    ] {
        let found = world.store.node_name_at(address.parse().unwrap()).await;
        assert_eq!(found.unwrap().as_deref(), name, "{address}");
    }
}
