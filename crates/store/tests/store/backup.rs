//! Backup and restore, across databases too.

use std::path::Path;

use assay_domain::{Error, HostKeys, IntrospectionState as S, Phase, ReportKind, Role, TaskKind};
use assay_store::testing::{Kind, TestDatabase};
use assay_store::{Store, StoreConfig};

use crate::power::control;
use crate::world::{ALL, World, at, new_introspection, new_task};

on_both!(
    all_is_saved_and_restored,
    a_full_database_is_not_overwritten,
    a_damaged_backup_is_refused,
);

async fn fill(world: &World) {
    let store = &world.store;
    let node = world.node("n1").await;
    let bmc = store.create_power_control(control("bmc1")).await.unwrap();
    store
        .assign_power_control(node.id, bmc.id, "1", true)
        .await
        .unwrap();
    store.remember(bmc.id, "ssh-ed25519 AAAA").await.unwrap();
    let new = new_introspection(&node, S::Waiting);
    let id = store
        .start_introspection(new, None, at(1))
        .await
        .unwrap()
        .id;
    store.stamp_phase(id, Phase::Power, at(2)).await.unwrap();
    let task = new_task(TaskKind::IntrospectionProcess);
    let raw = b"{\"inventory\": {}}".to_vec();
    store.receive_report(id, raw, task, at(3)).await.unwrap();
    store.add_task_message(1, "message", at(4)).await.unwrap();
    store
        .create_user("ann", Role::Admin, "$hash", at(5))
        .await
        .unwrap();
    store.revoke_token("of-ann", at(999)).await.unwrap();
    let command = assay_domain::PowerCommand::On;
    store
        .begin_power_action(node.id, command, "ann", "t1", at(6))
        .await
        .unwrap();
    let image = store.create_boot_image("image", "x", at(7)).await.unwrap();
    assert_eq!(image.id, 2);
    let storage = assay_domain::AvailabilityStorage {
        id: 0,
        name: "storage".to_owned(),
        compute_path: "/a".to_owned(),
        controller_path: "/b".to_owned(),
    };
    let storage = store.create_availability_storage(storage).await.unwrap();
    let nodes = [node.id];
    store
        .assign_storage(storage.id, &nodes, true)
        .await
        .unwrap();
    // More rows than one batch of the backup, and a gap at the end.
    for index in 0..60 {
        world.node(&format!("more-{index}")).await;
    }
    let last = world.node("last").await;
    store.delete_node(last.id, at(7)).await.unwrap();
}

/// Opens `database` with the keys of `world`.
async fn with_keys_of(world: &World, database: &TestDatabase) -> Store {
    let config = StoreConfig {
        key_file: world.database.key_file(),
        ..database.config()
    };
    Store::open(&config).await.unwrap()
}

async fn same(one: &Store, other: &Store) {
    assert_eq!(
        one.list_nodes(Vec::new(), ALL).await.unwrap(),
        other.list_nodes(Vec::new(), ALL).await.unwrap()
    );
    assert_eq!(
        one.list_tasks(ALL).await.unwrap(),
        other.list_tasks(ALL).await.unwrap()
    );
    assert_eq!(one.users().await.unwrap(), other.users().await.unwrap());
    for (token, is_valid) in [("of-ann", false), ("another", true)] {
        let holder = other.token_holder("ann", token).await.unwrap();
        assert_eq!(holder.is_some(), is_valid, "{token}");
    }
    assert_eq!(one.phases(1).await.unwrap(), other.phases(1).await.unwrap());
    assert_eq!(
        one.task_messages(1).await.unwrap(),
        other.task_messages(1).await.unwrap()
    );
    assert_eq!(
        one.report(1, ReportKind::Raw).await.unwrap().unwrap(),
        other.report(1, ReportKind::Raw).await.unwrap().unwrap()
    );
    assert_eq!(
        one.assignments_of_node(1).await.unwrap(),
        other.assignments_of_node(1).await.unwrap()
    );
    assert_eq!(
        one.power_actions(1, ALL).await.unwrap(),
        other.power_actions(1, ALL).await.unwrap()
    );
    assert_eq!(
        one.list_boot_images(Vec::new(), ALL).await.unwrap(),
        other.list_boot_images(Vec::new(), ALL).await.unwrap()
    );
    assert_eq!(
        one.node_surroundings(&[1]).await.unwrap().storages,
        other.node_surroundings(&[1]).await.unwrap().storages
    );
    let key = one.known(1).await.unwrap();
    assert!(key.is_some() && key == other.known(1).await.unwrap());
    let controls = one.list_power_controls(Vec::new(), ALL).await.unwrap();
    assert!(controls == other.list_power_controls(Vec::new(), ALL).await.unwrap());
}

async fn all_is_saved_and_restored(world: World) {
    fill(&world).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("backup");
    let saved = world.store.backup(&file).await.unwrap();
    let text = zstd::stream::decode_all(&std::fs::read(&file).unwrap()[..]).unwrap();
    let text = String::from_utf8(text).unwrap();
    assert!(
        text.contains("bmc1") && !text.contains("pässword"),
        "secrets stay encrypted"
    );
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let database = TestDatabase::migrated(kind).await.unwrap();
        let store = with_keys_of(&world, &database).await;
        assert_eq!(store.restore(&file, false).await.unwrap(), saved);
        same(&world.store, &store).await;
        // Keys go on behind the restored ones.
        let highest = store.list_nodes(Vec::new(), ALL).await.unwrap();
        let highest = highest.last().unwrap().id;
        let new = crate::world::new_node("new");
        assert!(store.create_node(new, at(9)).await.unwrap().id > highest);
        store.create_rule(rule()).await.unwrap();
        // And a backup of the copy is a backup too.
        let second = folder.path().join("second");
        assert_eq!(store.backup(&second).await.unwrap(), saved + 2);
        assert_eq!(store.restore(&second, true).await.unwrap(), saved + 2);
    }
}

fn rule() -> assay_domain::Rule {
    assay_domain::Rule {
        id: 0,
        uuid: "rule".to_owned(),
        description: None,
        conditions: Vec::new(),
        actions: Vec::new(),
        scope: None,
        created_at: at(0),
    }
}

async fn a_full_database_is_not_overwritten(world: World) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("backup");
    world.store.backup(&file).await.unwrap();
    world.node("n1").await;
    let refused = world.store.restore(&file, false).await;
    assert!(matches!(refused, Err(Error::Conflict(_))), "{refused:?}");
    assert!(world.store.node_by_name("n1").await.unwrap().is_some());
    world.store.restore(&file, true).await.unwrap();
    assert!(world.store.node_by_name("n1").await.unwrap().is_none());
    assert_eq!(world.store.node_classes().await.unwrap().len(), 4);
}

async fn a_damaged_backup_is_refused(world: World) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("backup");
    world.node("n1").await;
    world.store.backup(&file).await.unwrap();
    let whole = std::fs::read(&file).unwrap();
    let target = TestDatabase::migrated(world.kind).await.unwrap();
    let store = with_keys_of(&world, &target).await;
    let lines = String::from_utf8(zstd::stream::decode_all(&whole[..]).unwrap()).unwrap();
    let mut damaged = vec![
        Vec::new(),
        b"no backup".to_vec(),
        whole[..whole.len() / 2].to_vec(),
        zstd::stream::encode_all(lines.replace("n1", "n2").as_bytes(), 1).unwrap(),
    ];
    let without_end = lines.lines().take(5).collect::<Vec<_>>().join("\n");
    damaged.push(zstd::stream::encode_all(without_end.as_bytes(), 1).unwrap());
    for bytes in damaged {
        std::fs::write(&file, bytes).unwrap();
        let refused = store.restore(&file, false).await;
        assert!(matches!(refused, Err(Error::Invalid(_))), "{refused:?}");
    }
    let missing = store.restore(Path::new("/nowhere/backup"), false).await;
    assert!(matches!(missing, Err(Error::Internal { .. })));
    assert_eq!(store.count_nodes(Vec::new()).await.unwrap(), 0);
    std::fs::write(&file, whole).unwrap();
    store.restore(&file, false).await.unwrap();
    assert_eq!(store.count_nodes(Vec::new()).await.unwrap(), 1);
}
