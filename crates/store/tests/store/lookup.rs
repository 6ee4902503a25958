//! Lookup: every key leads to its nodes, an empty one to none.

use assay_domain::{IntrospectionState as S, Node, NodePatch};
use assay_store::{LookupBy, LookupKeys};

use crate::power::control;
use crate::world::{World, at, new_introspection, new_node};

on_both!(every_key_leads_to_its_nodes, an_empty_key_leads_nowhere,);

/// A text that is set.
macro_rules! text {
    ($text:expr) => {
        Some(Some($text.to_owned()))
    };
}

/// Two nodes that differ in all keys; the second one is being introspected.
async fn two_nodes(world: &World) -> (Node, Node) {
    let store = &world.store;
    let mut first = new_node("n1");
    first.ports = vec![("aa:00:00:00:00:01".to_owned(), true)];
    first.fields.system_uuid = text!("ABCDEF00-0000-0000-0000-000000000000");
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

async fn every_key_leads_to_its_nodes(world: World) {
    let store = &world.store;
    let (first, second) = two_nodes(&world).await;
    let hits = async |keys: LookupKeys| {
        let hits = store.lookup_nodes(keys).await.unwrap();
        hits.into_iter()
            .map(|hit| {
                let expected = if hit.node_id == first.id {
                    &first
                } else {
                    &second
                };
                assert_eq!(hit.node_uuid, expected.uuid);
                let state = (hit.node_id == second.id).then_some(S::Waiting);
                assert_eq!(hit.state, state);
                (hit.node_id, hit.by)
            })
            .collect::<Vec<_>>()
    };
    let bmcs = |address: &str| LookupKeys {
        bmc_addresses: vec![address.to_owned()],
        ..LookupKeys::default()
    };
    assert_eq!(
        hits(bmcs("2001:db8:0:0::1")).await,
        [(first.id, LookupBy::Bmc)]
    );
    assert_eq!(hits(bmcs("192.0.2.7")).await, [(second.id, LookupBy::Bmc)]);
    assert_eq!(hits(bmcs("192.0.2.8")).await, []);
    let all = LookupKeys {
        bmc_addresses: vec!["192.0.2.7".to_owned()],
        macs: vec!["AA:00:00:00:00:01".to_owned(), "aa0000000002".to_owned()],
        system_uuid: Some("abcdef00-0000-0000-0000-000000000000".to_owned()),
        serial: Some("SN2".to_owned()),
    };
    let mac = |last| LookupBy::Mac(format!("aa:00:00:00:00:0{last}"));
    let expected = [
        (first.id, mac(1)),
        (first.id, LookupBy::SystemUuid),
        (second.id, LookupBy::Bmc),
        (second.id, mac(2)),
        (second.id, LookupBy::Serial),
    ];
    assert_eq!(hits(all).await, expected);
}

async fn an_empty_key_leads_nowhere(world: World) {
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
    let keys = LookupKeys {
        bmc_addresses: vec![String::new()],
        macs: vec![String::new(), " ".to_owned()],
        system_uuid: Some(String::new()),
        serial: Some(" ".to_owned()),
    };
    assert_eq!(world.store.lookup_nodes(keys).await.unwrap(), []);
    let none = LookupKeys::default();
    assert_eq!(world.store.lookup_nodes(none).await.unwrap(), []);
}
