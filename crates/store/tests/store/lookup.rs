//! Lookup: every fact leads to its nodes, an empty one to none, and what is known of them is all there.

use std::collections::BTreeSet;

use assay_domain::{Fact, FactKind, Facts, IntrospectionState as S, Node, NodePatch};
use assay_store::Candidates;

use crate::power::control;
use crate::world::{World, at, new_introspection, new_node};

on_both!(
    every_fact_leads_to_its_nodes,
    an_empty_fact_leads_nowhere,
    what_several_nodes_have_is_shared,
);

/// A text that is set.
macro_rules! text {
    ($text:expr) => {
        Some(Some($text.to_owned()))
    };
}

const UUID: &str = "abcdef00-0000-0000-0000-000000000001";

/// Two nodes that differ in all facts; the second one is being introspected.
async fn two_nodes(world: &World) -> (Node, Node) {
    let store = &world.store;
    let mut first = new_node("n1");
    first.ports = vec![("aa:00:00:00:00:01".to_owned(), true)];
    first.fields.system_uuid = text!(UUID.to_uppercase());
    first.fields.bmc_address = text!("2001:DB8::1");
    let first = store.create_node(first, at(0)).await.unwrap();
    let mut second = new_node("n2");
    second.fields.mac_address = text!("AA-00-00-00-00-02");
    second.fields.serial_number = text!("SN2");
    let second = store.create_node(second, at(0)).await.unwrap();
    let bmc = control("192.0.2.7");
    let bmc = store.create_power_control(bmc).await.unwrap();
    store
        .assign_power_control(second.id, bmc.id, "1", true)
        .await
        .unwrap();
    let new = new_introspection(&second, S::Waiting);
    store.start_introspection(new, None, at(1)).await.unwrap();
    (first, second)
}

async fn look(world: &World, facts: &[(FactKind, &str)]) -> Candidates {
    let facts: Facts = facts
        .iter()
        .map(|(kind, value)| Fact::new(*kind, *value))
        .collect();
    world.store.candidates(facts).await.unwrap()
}

fn ids(found: &Candidates) -> Vec<i64> {
    found.nodes.iter().map(|node| node.node_id).collect()
}

async fn every_fact_leads_to_its_nodes(world: World) {
    use FactKind::{BmcAddress, Card, SystemSerial, SystemUuid};
    let (first, second) = two_nodes(&world).await;
    for (kind, value, node) in [
        (SystemUuid, UUID, &first),
        // The same in the other byte order.
        (SystemUuid, "00efcdab-0000-0000-0000-000000000001", &first),
        (BmcAddress, "2001:db8::1", &first),
        (Card, "aa:00:00:00:00:01", &first),
        (BmcAddress, "192.0.2.7", &second),
        (Card, "aa:00:00:00:00:02", &second),
        (SystemSerial, "SN2", &second),
    ] {
        let found = look(&world, &[(kind, value)]).await;
        assert_eq!(ids(&found), [node.id], "{value}");
        assert_eq!(found.nodes[0].node_uuid, node.uuid);
        assert!(found.shared.is_empty());
    }
    for (kind, value) in [
        (BmcAddress, "192.0.2.8"),
        (SystemSerial, UUID),
        (Card, "SN2"),
    ] {
        assert_eq!(ids(&look(&world, &[(kind, value)]).await), [0; 0]);
    }
    let found = look(&world, &[(SystemUuid, UUID), (SystemSerial, "SN2")]).await;
    assert_eq!(ids(&found), [first.id, second.id]);
    let states: Vec<_> = found.nodes.iter().map(|node| node.state).collect();
    assert_eq!(states, [None, Some(S::Waiting)]);
    let known = [
        Fact::new(SystemSerial, "SN2"),
        Fact::new(BmcAddress, "192.0.2.7"),
        Fact::new(Card, "aa:00:00:00:00:02"),
    ];
    assert_eq!(found.nodes[1].facts, Facts::from(known));
}

async fn an_empty_fact_leads_nowhere(world: World) {
    let mut node = new_node("n1");
    let nothing = || text!("");
    node.fields = NodePatch {
        mac_address: nothing(),
        system_uuid: nothing(),
        serial_number: nothing(),
        bmc_address: nothing(),
        ..node.fields
    };
    world.store.create_node(node, at(0)).await.unwrap();
    let empty = FactKind::ALL.map(|kind| (kind, " "));
    assert_eq!(look(&world, &empty).await, Candidates::default());
    assert_eq!(look(&world, &[]).await, Candidates::default());
}

async fn what_several_nodes_have_is_shared(world: World) {
    for name in ["n1", "n2", "n3"] {
        let mut node = new_node(name);
        node.fields.serial_number = text!("SAME");
        world.store.create_node(node, at(0)).await.unwrap();
    }
    let found = look(&world, &[(FactKind::SystemSerial, "SAME")]).await;
    assert!(found.nodes.len() >= 2, "{found:?}");
    let shared = (FactKind::SystemSerial, "SAME".to_owned());
    assert_eq!(found.shared, BTreeSet::from([shared]));
}
