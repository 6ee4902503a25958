//! Nodes: defaults, every field, conflicts, reservations, removal.

use std::collections::{BTreeMap, BTreeSet};

use assay_domain::{Error, Event, IntrospectionState, NewNode, NodePatch, PowerState};
use assay_store::Change;
use serde_json::{Map, json};

use crate::world::{World, at, new_introspection, new_node};

on_both!(
    a_node_gets_the_defaults,
    every_field_is_kept,
    taken_names_are_refused,
    class_and_type_fit,
    a_busy_node_stays,
    a_power_state_is_kept,
);

async fn a_node_gets_the_defaults(world: World) {
    let node = world.node("n1").await;
    assert_eq!(node.image_id, Some(1));
    assert_eq!(node.node_class_id, Some(1));
    assert_eq!(node.node_type_id, Some(1));
    assert!(node.active && !node.is_reserved && !node.is_controller);
    assert_eq!((node.condition, node.power_state), (0, None));
    assert_eq!((node.created_at, node.updated_at), (at(0), None));
    let classes = world.store.node_classes().await.unwrap();
    let names = classes.iter().map(|class| class.name.as_str());
    assert_eq!(
        names.collect::<Vec<_>>(),
        ["hypervisor", "Storage host", "Network host", "Server"]
    );
    assert_eq!(classes[3].types[0].id, 18);
    assert_eq!(world.store.node_images().await.unwrap()[0].name, "default");
}

fn full_patch() -> NodePatch {
    let text = |text: &str| Some(Some(text.to_owned()));
    let object = |value: serde_json::Value| value.as_object().cloned();
    NodePatch {
        name: text("näme"),
        title: text("title"),
        description: text("it's \"quoted\"; DROP TABLE nodes"),
        owner: text("owner"),
        active: Some(false),
        condition: Some(3),
        is_reserved: Some(true),
        is_protected: Some(true),
        is_controller: Some(true),
        power_state: Some(Some(PowerState::On)),
        image_id: Some(None),
        node_class_id: Some(Some(2)),
        node_type_id: Some(Some(9)),
        ip_addresses: Some(vec!["192.0.2.1".to_owned(), "2001:db8::1".to_owned()]),
        mac_address: text("AA-BB-CC-DD-EE-FF"),
        hypervisor_id: text("h"),
        controller_id: text("c"),
        controller_type: text("ct"),
        dtc_number: Some(Some(1)),
        row_number: Some(Some(2)),
        rack_number: Some(Some(3)),
        unit_number: Some(Some(4)),
        cpu_amount: Some(Some(128)),
        cpu_arch: text("x86_64"),
        ram_mb: Some(Some(4_294_967_296)),
        hdd_gb: Some(Some(5_000_000_000)),
        inventory_code: text("UU"),
        system_uuid: text("0000abcd-0000-0000-0000-000000000000"),
        serial_number: text("SN 1"),
        bmc_address: text("2001:db8::2"),
        metadata: object(json!({"cpu_benchmark": 1.5})),
        properties: object(json!({"root_device": {"wwn": "0x1"}, "b": [1, null]})),
        capabilities: Some(BTreeMap::from([(
            "boot_mode".to_owned(),
            "uefi".to_owned(),
        )])),
        traits: Some(BTreeSet::from([
            "CUSTOM_A".to_owned(),
            "CUSTOM_B".to_owned(),
        ])),
        extra: object(json!({"z": 1, "a": {"deep": [true]}})),
        created_at: Some(at(-1000)),
    }
}

async fn every_field_is_kept(world: World) {
    let store = &world.store;
    let plain = world.node("plain").await;
    let updated = store
        .update_node(plain.id, full_patch(), at(5))
        .await
        .unwrap();
    assert_eq!(updated.updated_at, Some(at(5)));
    assert_eq!(updated.created_at, at(-1000));
    let mut expected = full_patch();
    expected.created_at = None;
    assert_eq!(NodePatch::between(&plain, &updated), expected);
    assert_eq!(store.node(plain.id).await.unwrap().as_ref(), Some(&updated));
    assert_eq!(
        store.node_by_uuid(&plain.uuid).await.unwrap().as_ref(),
        Some(&updated)
    );
    assert_eq!(
        store.node_by_name("näme").await.unwrap().as_ref(),
        Some(&updated)
    );

    // Enrolling with all fields gives the same node; emptying gives the plain one.
    let mut emptied = NodePatch::between(&updated, &plain);
    emptied.created_at = Some(plain.created_at);
    let emptied = store.update_node(plain.id, emptied, at(6)).await.unwrap();
    assert_eq!(NodePatch::between(&plain, &emptied), NodePatch::default());
    let whole = NewNode {
        fields: full_patch(),
        ..new_node("")
    };
    let whole = store.create_node(whole, at(7)).await.unwrap();
    assert_eq!(NodePatch::between(&updated, &whole), NodePatch::default());
    assert_eq!(whole.created_at, at(-1000));
    assert!(matches!(
        store.update_node(999, full_patch(), at(8)).await,
        Err(Error::NotFound { what: "Node", .. })
    ));
}

async fn taken_names_are_refused(world: World) {
    let store = &world.store;
    let mut first = new_node("n1");
    first.ports = vec![("AA-00-00-00-00-01".to_owned(), true)];
    let first = store.create_node(first, at(0)).await.unwrap();
    let ports = store.ports(first.id).await.unwrap();
    assert_eq!(ports[0].address, "aa:00:00:00:00:01");
    assert!(ports[0].pxe_enabled);

    let conflict = |error: Error| match error {
        Error::Conflict(text) => text,
        other => panic!("{other:?}"),
    };
    let same_name = store.create_node(new_node("n1"), at(0)).await.unwrap_err();
    assert_eq!(
        conflict(same_name),
        "a node with the name n1 exists already"
    );
    let mut same_uuid = new_node("n2");
    same_uuid.uuid = Some(first.uuid.clone());
    let same_uuid = store.create_node(same_uuid, at(0)).await.unwrap_err();
    assert!(conflict(same_uuid).contains(&first.uuid));
    let mut same_port = new_node("n3");
    same_port.ports = vec![("aa:00:00:00:00:01".to_owned(), false)];
    let same_port = store.create_node(same_port, at(0)).await.unwrap_err();
    assert!(conflict(same_port).contains("aa:00:00:00:00:01"));
    assert!(
        store.node_by_name("n3").await.unwrap().is_none(),
        "rolled back"
    );

    let second = world.node("n4").await;
    let renamed = store.update_node(
        second.id,
        NodePatch {
            name: Some(Some("n1".to_owned())),
            ..NodePatch::default()
        },
        at(1),
    );
    conflict(renamed.await.unwrap_err());
    // Nameless nodes do not collide.
    for _ in 0..2 {
        let mut nameless = new_node("");
        nameless.fields.name = None;
        store.create_node(nameless, at(0)).await.unwrap();
    }
}

async fn class_and_type_fit(world: World) {
    let store = &world.store;
    let node = world.node("n1").await;
    let set = |class, kind| NodePatch {
        node_class_id: class,
        node_type_id: kind,
        ..NodePatch::default()
    };
    let ids = async |patch| {
        let node = store.update_node(node.id, patch, at(1)).await?;
        Ok::<_, Error>((node.node_class_id, node.node_type_id))
    };
    assert_eq!(
        ids(set(Some(Some(2)), None)).await.unwrap(),
        (Some(2), Some(8))
    );
    assert_eq!(
        ids(set(None, Some(Some(20)))).await.unwrap(),
        (Some(4), Some(20))
    );
    assert_eq!(ids(set(None, Some(None))).await.unwrap(), (Some(4), None));
    assert_eq!(ids(set(Some(None), None)).await.unwrap(), (None, None));
    assert_eq!(
        ids(set(Some(Some(1)), Some(Some(3)))).await.unwrap(),
        (Some(1), Some(3))
    );
    for wrong in [
        set(Some(Some(1)), Some(Some(20))),
        set(Some(Some(99)), None),
        set(None, Some(Some(99))),
        set(Some(None), Some(Some(3))),
    ] {
        assert!(matches!(ids(wrong).await, Err(Error::Invalid(_))));
    }
    let image = NodePatch {
        image_id: Some(Some(77)),
        ..NodePatch::default()
    };
    assert!(matches!(
        store.update_node(node.id, image, at(1)).await,
        Err(Error::Invalid(_))
    ));
}

async fn a_busy_node_stays(world: World) {
    let store = &world.store;
    let node = world.node("n1").await;
    store
        .reserve_node(node.id, "w1", "power", at(0), at(60))
        .await
        .unwrap();
    assert!(matches!(
        store.delete_node(node.id, at(59)).await,
        Err(Error::Conflict(_))
    ));
    let new = new_introspection(&node, IntrospectionState::Waiting);
    let running = store.start_introspection(new, None, at(1)).await.unwrap();
    assert!(matches!(
        store.delete_node(node.id, at(60)).await,
        Err(Error::Conflict(_))
    ));
    store
        .apply_event(running.id, Event::Timeout, Change::default(), at(61))
        .await
        .unwrap();
    store.delete_node(node.id, at(62)).await.unwrap();
    assert!(store.node(node.id).await.unwrap().is_none());
    assert!(store.introspection(running.id).await.unwrap().is_none());
    assert!(matches!(
        store.delete_node(node.id, at(62)).await,
        Err(Error::NotFound { .. })
    ));
    // Its key is never given to another node.
    assert!(world.node("n2").await.id > node.id);
}

async fn a_power_state_is_kept(world: World) {
    let store = &world.store;
    let id = world.node("n1").await.id;
    store
        .set_power_state(id, Some(PowerState::Off), at(1))
        .await
        .unwrap();
    store
        .set_power_state(id, Some(PowerState::Off), at(2))
        .await
        .unwrap();
    let node = store.node(id).await.unwrap().unwrap();
    assert_eq!(
        (node.power_state, node.updated_at),
        (Some(PowerState::Off), Some(at(1)))
    );
    let unknown = world.node("n2").await.id;
    let states = store
        .node_surroundings(&[id, unknown, 99])
        .await
        .unwrap()
        .power_states;
    assert_eq!(states, [(id, PowerState::Off)].into());
    store.set_power_state(id, None, at(3)).await.unwrap();
    assert_eq!(store.node(id).await.unwrap().unwrap().power_state, None);
    assert!(store.set_power_state(99, None, at(3)).await.is_err());
    assert_eq!(store.node(id).await.unwrap().unwrap().extra, Map::new());
}
