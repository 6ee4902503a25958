//! PXE admission: whose network cards are to be served.

use assay_domain::{Event, IntrospectionState as S, NewNode, Node};
use assay_store::Change;

use crate::world::{World, at, new_introspection, new_node};

on_both!(
    cards_of_machines_that_are_to_boot_are_found,
    the_mark_changes_with_who_is_to_boot,
    cards_of_nodes_are_found,
);

/// A node with an address of its own and these ports.
async fn node(world: &World, name: &str, own: Option<&str>, ports: &[&str]) -> Node {
    let mut new = NewNode {
        ports: ports
            .iter()
            .map(|port| ((*port).to_owned(), true))
            .collect(),
        ..new_node(name)
    };
    new.fields.mac_address = Some(own.map(str::to_owned));
    world.store.create_node(new, at(0)).await.unwrap()
}

fn sorted(mut macs: Vec<String>) -> Vec<String> {
    macs.sort();
    macs
}

async fn cards_of_machines_that_are_to_boot_are_found(world: World) {
    let store = &world.store;
    let both = node(
        &world,
        "both",
        Some("52-54-00-00-00-01"),
        &["52:54:00:00:00:02"],
    )
    .await;
    let ports = node(
        &world,
        "ports",
        None,
        &["52:54:00:00:00:03", "52:54:00:00:00:04"],
    )
    .await;
    let idle = node(
        &world,
        "idle",
        Some("52:54:00:00:00:05"),
        &["52:54:00:00:00:06"],
    )
    .await;
    assert!(store.booting_macs().await.unwrap().is_empty());
    let mut running = Vec::new();
    for (node, state) in [
        (&both, S::Starting),
        (&ports, S::Waiting),
        (&idle, S::Reapplying),
    ] {
        let new = new_introspection(node, state);
        running.push(store.start_introspection(new, None, at(1)).await.unwrap());
    }
    let of_both = ["52:54:00:00:00:01", "52:54:00:00:00:02"];
    let of_ports = ["52:54:00:00:00:03", "52:54:00:00:00:04"];
    let served = sorted(store.booting_macs().await.unwrap());
    assert_eq!(served, [of_both, of_ports].concat());

    let change = Change::default;
    let waiting = running[0].id;
    for event in [Event::Wait, Event::Process] {
        store
            .apply_event(waiting, event, change(), at(2))
            .await
            .unwrap();
    }
    assert_eq!(sorted(store.booting_macs().await.unwrap()), of_ports);
    let aborted = running[1].id;
    store
        .apply_event(aborted, Event::Abort, change(), at(3))
        .await
        .unwrap();
    assert!(store.booting_macs().await.unwrap().is_empty());
}

async fn the_mark_changes_with_who_is_to_boot(world: World) {
    let store = &world.store;
    let (one, two) = (world.node("one").await, world.node("two").await);
    let none = store.booting_mark().await.unwrap();
    let first = new_introspection(&one, S::Starting);
    let first = store.start_introspection(first, None, at(1)).await.unwrap();
    let started = store.booting_mark().await.unwrap();
    assert_ne!(started, none);
    let change = Change::default;
    store
        .apply_event(first.id, Event::Wait, change(), at(2))
        .await
        .unwrap();
    assert_eq!(store.booting_mark().await.unwrap(), started);

    let second = new_introspection(&two, S::Starting);
    store
        .start_introspection(second, None, at(3))
        .await
        .unwrap();
    let both = store.booting_mark().await.unwrap();
    assert_ne!(both, started);
    store
        .apply_event(first.id, Event::Fail, change(), at(4))
        .await
        .unwrap();
    let other = store.booting_mark().await.unwrap();
    assert!(other != both && other != started && other != none);
}

async fn cards_of_nodes_are_found(world: World) {
    let store = &world.store;
    let one = node(
        &world,
        "one",
        Some("52:54:00:00:00:01"),
        &["52:54:00:00:00:02"],
    )
    .await;
    let two = node(&world, "two", None, &[]).await;
    let of_one = ["52:54:00:00:00:01", "52:54:00:00:00:02"];
    assert_eq!(sorted(store.macs_of_node(one.id).await.unwrap()), of_one);
    assert!(store.macs_of_node(two.id).await.unwrap().is_empty());
    assert!(store.macs_of_node(two.id + 99).await.unwrap().is_empty());
    assert_eq!(sorted(store.macs_of_all_nodes().await.unwrap()), of_one);
}
