//! The key of the secrets: made once, needed ever after, changed by a rotation.

use std::os::unix::fs::MetadataExt;

use assay_domain::{Error, PowerControl};
use assay_store::Store;
use assay_store::testing::TestDatabase;

use crate::power::control;
use crate::world::{ALL, World};

on_both!(
    a_key_file_is_made_once,
    a_missing_key_stops_the_start,
    a_rotation_changes_the_key,
    derived_secrets_last,
);

async fn password(store: &Store) -> String {
    let mut controls = store.list_power_controls(Vec::new(), ALL).await.unwrap();
    let last: PowerControl = controls.pop().unwrap();
    last.password.unwrap().expose().to_owned()
}

async fn a_key_file_is_made_once(world: World) {
    let path = world.database.key_file();
    let mode = std::fs::metadata(&path).unwrap().mode();
    assert_eq!(mode & 0o777, 0o600);
    let before = std::fs::read(&path).unwrap();
    world.database.store().await.unwrap();
    assert_eq!(std::fs::read(&path).unwrap(), before);
    // Several first starts at once agree on one key, and leave nothing else behind.
    std::fs::remove_file(&path).unwrap();
    let starts = (0..6).map(|_| world.database.store());
    let stores = futures::future::join_all(starts).await;
    let secrets = stores
        .into_iter()
        .map(|store| store.unwrap().derive_secret("x"));
    let secrets = secrets.collect::<std::collections::BTreeSet<_>>();
    assert_eq!(secrets.len(), 1);
    let folder = path.parent().unwrap();
    let files = std::fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().file_name());
    let keys = files
        .filter(|name| name.to_string_lossy().contains("key"))
        .count();
    assert_eq!(keys, 1);
}

async fn a_missing_key_stops_the_start(world: World) {
    world
        .store
        .create_power_control(control("bmc1"))
        .await
        .unwrap();
    let path = world.database.key_file();
    let kept = std::fs::read(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    let refused = |outcome: Result<Store, Error>| match outcome {
        Err(Error::Conflict(text)) => text,
        Err(other) => panic!("{other:?}"),
        Ok(_) => panic!("it started"),
    };
    let text = refused(world.database.store().await);
    assert!(text.contains("assay.key is missing"), "{text}");
    assert!(!path.exists(), "no new key");

    let other = TestDatabase::sqlite().await.unwrap();
    std::fs::copy(other.key_file(), &path).unwrap();
    let text = refused(world.database.store().await);
    assert!(text.contains("is not in"), "{text}");
    std::fs::write(&path, "nonsense").unwrap();
    let bad = world.database.store().await.err();
    assert!(matches!(bad, Some(Error::Invalid(_))), "{bad:?}");

    std::fs::write(&path, kept).unwrap();
    assert_eq!(
        password(&world.database.store().await.unwrap()).await,
        "pässword"
    );
}

async fn a_rotation_changes_the_key(world: World) {
    let store = &world.store;
    store.create_power_control(control("bmc1")).await.unwrap();
    let other = world.database.store().await.unwrap();
    let path = world.database.key_file();
    let first = std::fs::read_to_string(&path).unwrap();
    let first_key = first.lines().nth(1).unwrap().to_owned();
    store.rotate_key().await.unwrap();
    assert_eq!(password(store).await, "pässword");
    assert_eq!(
        password(&other).await,
        "pässword",
        "a process that still runs reads"
    );
    other.create_power_control(control("bmc2")).await.unwrap();
    assert_eq!(password(store).await, "pässword");
    assert!(std::fs::read_to_string(&path).unwrap().contains(&first_key));
    store.rotate_key().await.unwrap();
    let third = std::fs::read_to_string(&path).unwrap();
    assert!(!third.contains(&first_key), "no record needs it any more");
    assert_eq!(std::fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
    assert_eq!(
        password(&world.database.store().await.unwrap()).await,
        "pässword"
    );
}

async fn derived_secrets_last(world: World) {
    let one = world.store.derive_secret("tokens");
    let again = world.database.store().await.unwrap();
    assert_eq!(one, again.derive_secret("tokens"));
    assert_ne!(one, again.derive_secret("other"));
    world.store.rotate_key().await.unwrap();
    assert_ne!(one, world.store.derive_secret("tokens"));
}
