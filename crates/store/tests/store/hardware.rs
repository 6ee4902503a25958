//! Node classes, types, boot images and availability storages: keys, conflicts, what is in use.

use assay_domain::{
    AvailabilityStorage, AvailabilityStoragePatch, Error, NodeClass, NodePatch, Result,
};

use crate::world::{ALL, World, at, new_node};

on_both!(
    types_keep_their_keys,
    a_refused_change_is_undone,
    classes_and_images_in_use_stay,
    images_keep_their_content,
    storages_are_assigned_and_replaced,
    new_keys_follow_the_built_in_ones,
    of_two_replacements_one_counts,
);

fn names(texts: &[&str]) -> Vec<String> {
    texts.iter().map(ToString::to_string).collect()
}

fn types(class: &NodeClass) -> Vec<(i64, &str)> {
    let types = class.types.iter();
    types.map(|kind| (kind.id, kind.name.as_str())).collect()
}

#[track_caller]
fn conflict<T: std::fmt::Debug>(outcome: Result<T>) -> String {
    match outcome {
        Err(Error::Conflict(text)) => text,
        other => panic!("no conflict: {other:?}"),
    }
}

/// A node of a class.
async fn node_of(world: &World, name: &str, class: i64) {
    let mut new = new_node(name);
    new.fields.node_class_id = Some(Some(class));
    world.store.create_node(new, at(0)).await.unwrap();
}

async fn new_keys_follow_the_built_in_ones(world: World) {
    let store = &world.store;
    let class = store.create_node_class("c", &names(&["t"])).await.unwrap();
    assert_eq!((class.id, types(&class)), (5, vec![(24, "t")]));
    let image = store.create_boot_image("i", "x", at(1)).await.unwrap();
    assert_eq!(image.id, 2);
}

async fn types_keep_their_keys(world: World) {
    let store = &world.store;
    let class = store.create_node_class("c", &names(&["a", "b"])).await;
    let class = class.unwrap();
    assert!(!class.is_default);
    let (a, b) = (class.types[0].id, class.types[1].id);
    let changed = store
        .update_node_class(class.id, Some("d".to_owned()), Some(names(&["c", "b"])))
        .await
        .unwrap();
    assert_eq!(changed.name, "d");
    let c = changed.types[1].id;
    assert_eq!(types(&changed), [(b, "b"), (c, "c")]);
    assert!(c > b && b > a);
    let again = store.create_node_type(class.id, "").await.unwrap();
    assert_eq!(again.name, "");
    let missing = store.create_node_type(99, "x").await;
    assert!(
        matches!(missing, Err(Error::NotFound { .. })),
        "{missing:?}"
    );
    let same = store.update_node_type(class.id, b, None).await.unwrap();
    assert_eq!((same.id, same.name.as_str()), (b, "b"));
    for (class, kind) in [(1, b), (class.id, a), (class.id, 1)] {
        let missing = store.delete_node_type(class, kind).await;
        assert!(
            matches!(missing, Err(Error::NotFound { .. })),
            "{missing:?}"
        );
    }
    store.delete_node_class(class.id).await.unwrap();
    assert_eq!(store.node_class(class.id).await.unwrap(), None);
    assert_eq!(store.node_classes().await.unwrap().len(), 4);
}

async fn a_refused_change_is_undone(world: World) {
    let store = &world.store;
    let class = store.create_node_class("c", &names(&["a", "b"])).await;
    let class = class.unwrap();
    node_of(&world, "n1", class.id).await;
    let change = (Some("d".to_owned()), Some(names(&["b", "new"])));
    let refused = store.update_node_class(class.id, change.0, change.1).await;
    assert!(conflict(refused).contains("n1"));
    let twice = store.create_node_class("e", &names(&["x", "x"])).await;
    conflict(twice);
    let now = store.node_class(class.id).await.unwrap();
    assert_eq!(now, Some(class));
    assert_eq!(store.count_node_classes(Vec::new()).await.unwrap(), 5);
    conflict(store.create_node_class("hypervisor", &[]).await);
    conflict(store.update_node_type(1, 2, Some("KVM".to_owned())).await);
}

async fn classes_and_images_in_use_stay(world: World) {
    let store = &world.store;
    assert!(conflict(store.delete_node_class(1).await).contains("new nodes"));
    assert!(conflict(store.delete_boot_image(1).await).contains("new nodes"));
    let class = store.create_node_class("c", &[]).await.unwrap();
    for number in 0..11 {
        node_of(&world, &format!("n{number:02}"), class.id).await;
    }
    let text = conflict(store.delete_node_class(class.id).await);
    assert!(text.ends_with("n08, n09 and more"), "{text}");

    let image = store.create_boot_image("i", "x", at(1)).await.unwrap();
    let node = world.node("with-image").await;
    let assign = |image: i64| NodePatch {
        image_id: Some(Some(image)),
        ..NodePatch::default()
    };
    let patch = assign(image.id);
    store.update_node(node.id, patch, at(2)).await.unwrap();
    let text = conflict(store.delete_boot_image(image.id).await);
    assert!(text.ends_with("assigned to with-image"), "{text}");
    store.update_node(node.id, assign(1), at(3)).await.unwrap();
    store.delete_boot_image(image.id).await.unwrap();
    let missing = store.delete_boot_image(image.id).await;
    assert!(matches!(missing, Err(Error::NotFound { .. })));
}

async fn images_keep_their_content(world: World) {
    let store = &world.store;
    let content = "default linux\nlabel linux\n\tkernel vmlinuz\r\n\"ä\\";
    let image = store.create_boot_image("i", content, at(1)).await.unwrap();
    assert_eq!((image.content.as_str(), image.created_at), (content, at(1)));
    assert_eq!(store.boot_image(image.id).await.unwrap(), Some(image));
    conflict(store.create_boot_image("i", "", at(1)).await);
    let all = store.list_boot_images(Vec::new(), ALL).await.unwrap();
    assert_eq!(all.len(), 2);
    assert_eq!(
        (all[0].name.as_str(), all[0].content.as_str()),
        ("default", "")
    );
    let brief = store.node_images().await.unwrap();
    assert_eq!(brief[1].name, "i");
    // A machine with an image to boot is served by DHCP, whether it is introspected or not.
    let mut new = new_node("boots");
    new.fields.mac_address = Some(Some("AA:00:00:00:00:01".to_owned()));
    new.ports = vec![("aa:00:00:00:00:02".to_owned(), true)];
    let before = store.booting_mark().await.unwrap();
    let node = store.create_node(new, at(2)).await.unwrap();
    assert_eq!(store.booting_mark().await.unwrap(), before);
    assert!(store.booting_macs().await.unwrap().is_empty());
    let patch = NodePatch {
        image_id: Some(Some(all[1].id)),
        ..NodePatch::default()
    };
    store.update_node(node.id, patch, at(3)).await.unwrap();
    assert_ne!(store.booting_mark().await.unwrap(), before);
    let mut macs = store.booting_macs().await.unwrap();
    macs.sort();
    assert_eq!(macs, ["aa:00:00:00:00:01", "aa:00:00:00:00:02"]);
}

fn new(name: &str) -> AvailabilityStorage {
    AvailabilityStorage {
        id: 0,
        name: name.to_owned(),
        compute_path: "/a".to_owned(),
        controller_path: "/b".to_owned(),
    }
}

async fn storages_are_assigned_and_replaced(world: World) {
    let store = &world.store;
    let first = store.create_availability_storage(new("s1")).await.unwrap();
    let second = store.create_availability_storage(new("s2")).await.unwrap();
    conflict(store.create_availability_storage(new("s1")).await);
    let patch = AvailabilityStoragePatch {
        name: Some("s2".to_owned()),
        ..AvailabilityStoragePatch::default()
    };
    conflict(store.update_availability_storage(first.id, patch).await);
    let (one, two) = (world.node("n1").await.id, world.node("n2").await.id);
    let both = [second.id, first.id, first.id];
    store.assign_storages(one, &both, false).await.unwrap();
    store.assign_storage(first.id, &[two], false).await.unwrap();
    let pairs = async || {
        let found = store.node_surroundings(&[one, two]).await.unwrap().storages;
        let of = |node: i64| found.get(&node).cloned().unwrap_or_default();
        let pairs = [one, two].map(|node| of(node).into_iter().map(move |it| (node, it.id)));
        pairs.into_iter().flatten().collect::<Vec<_>>()
    };
    let (s1, s2) = (first.id, second.id);
    assert_eq!(pairs().await, [(one, s1), (one, s2), (two, s1)]);
    store.assign_storages(one, &[s2], true).await.unwrap();
    assert_eq!(pairs().await, [(one, s2), (two, s1)]);
    // What is refused changes nothing.
    let unknown = store.assign_storages(one, &[s1, 99], true).await;
    assert!(matches!(unknown, Err(Error::Invalid(_))), "{unknown:?}");
    let unknown = store.assign_storage(s1, &[one, 99], true).await;
    assert!(matches!(unknown, Err(Error::Invalid(_))), "{unknown:?}");
    let missing = store.assign_storages(99, &[s1], true).await;
    assert!(
        matches!(missing, Err(Error::NotFound { .. })),
        "{missing:?}"
    );
    assert_eq!(pairs().await, [(one, s2), (two, s1)]);
    let nodes = store.nodes_of_storages(&[s1]).await.unwrap();
    assert_eq!(nodes[0].node_name.as_deref(), Some("n2"));
    assert!(conflict(store.delete_availability_storage(s1).await).ends_with("n2"));
    assert!(store.unassign_storage(two, s1).await.unwrap());
    assert!(!store.unassign_storage(two, s1).await.unwrap());
    store.delete_availability_storage(s1).await.unwrap();
    store.assign_storage(s2, &[], true).await.unwrap();
    assert!(pairs().await.is_empty());
}

async fn of_two_replacements_one_counts(world: World) {
    let store = &world.store;
    let first = store.create_availability_storage(new("s1")).await.unwrap();
    let second = store.create_availability_storage(new("s2")).await.unwrap();
    let (one, two) = (world.node("n1").await.id, world.node("n2").await.id);
    let class = store.create_node_class("c", &[]).await.unwrap().id;
    for _ in 0..10 {
        let (left, right) = ([first.id], [second.id]);
        let both = tokio::join!(
            store.assign_storages(one, &left, true),
            store.assign_storages(one, &right, true),
        );
        assert_eq!(both, (Ok(()), Ok(())));
        assert_eq!(
            store
                .node_surroundings(&[one])
                .await
                .unwrap()
                .storages
                .len(),
            1
        );

        let (left, right) = ([one], [two]);
        let both = tokio::join!(
            store.assign_storage(first.id, &left, true),
            store.assign_storage(first.id, &right, true),
        );
        assert_eq!(both, (Ok(()), Ok(())));
        assert_eq!(store.nodes_of_storages(&[first.id]).await.unwrap().len(), 1);
        store.assign_storage(first.id, &[], true).await.unwrap();

        let types = |names: [&str; 2]| Some(names.map(str::to_owned).to_vec());
        let (left, right) = tokio::join!(
            store.update_node_class(class, None, types(["a", "b"])),
            store.update_node_class(class, None, types(["b", "c"])),
        );
        assert!(left.is_ok() && right.is_ok(), "{left:?} {right:?}");
        assert_eq!(
            store.node_class(class).await.unwrap().unwrap().types.len(),
            2
        );
    }
}
