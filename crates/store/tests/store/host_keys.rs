//! Host keys: the first one stays, for one device at one place.

use assay_domain::power_control::PowerControlPatch;
use assay_domain::{Error, HostKeys};
use futures::future::join_all;

use crate::power::control;
use crate::world::{World, at};

on_both!(
    the_first_key_is_kept,
    one_of_many_is_first,
    a_key_belongs_to_a_place,
    a_key_goes_with_its_control,
);

const FIRST: &str = "ssh-ed25519 AAAAfirst";
const SECOND: &str = "ssh-ed25519 AAAAsecond";

async fn the_first_key_is_kept(world: World) {
    let store = &world.store;
    let id = store.create_power_control(control("a")).await.unwrap().id;
    let other = store.create_power_control(control("b")).await.unwrap().id;
    assert_eq!(store.known(id).await.unwrap(), None);
    assert_eq!(store.remember(id, FIRST).await.unwrap(), FIRST);
    assert_eq!(store.remember(id, SECOND).await.unwrap(), FIRST);
    assert_eq!(store.known(id).await.unwrap().as_deref(), Some(FIRST));
    assert_eq!(store.known(other).await.unwrap(), None);
    assert!(store.forget_host_key(id).await.unwrap());
    assert!(!store.forget_host_key(id).await.unwrap());
    assert_eq!(store.remember(id, SECOND).await.unwrap(), SECOND);
}

async fn one_of_many_is_first(world: World) {
    let store = &world.store;
    let id = store.create_power_control(control("a")).await.unwrap().id;
    let keys: Vec<String> = (0..8).map(|number| format!("key {number}")).collect();
    let kept = join_all(keys.iter().map(|key| store.remember(id, key))).await;
    let kept: Vec<String> = kept.into_iter().map(Result::unwrap).collect();
    assert!(kept.iter().all(|key| *key == kept[0]), "{kept:?}");
    assert_eq!(store.known(id).await.unwrap().as_ref(), Some(&kept[0]));
}

async fn a_key_belongs_to_a_place(world: World) {
    let store = &world.store;
    let id = store.create_power_control(control("a")).await.unwrap().id;
    let elsewhere = |host: &str, port: i32| PowerControlPatch {
        host: Some(host.to_owned()),
        port_number: Some(port),
        ..PowerControlPatch::default()
    };
    for (patch, stays) in [
        (PowerControlPatch::default(), true),
        (elsewhere("a", 443), true),
        (elsewhere("b", 443), false),
        (elsewhere("b", 22), false),
    ] {
        store.remember(id, FIRST).await.unwrap();
        store.update_power_control(id, patch, at(1)).await.unwrap();
        assert_eq!(store.known(id).await.unwrap().is_some(), stays);
    }
}

async fn a_key_goes_with_its_control(world: World) {
    let store = &world.store;
    let id = store.create_power_control(control("a")).await.unwrap().id;
    store.remember(id, FIRST).await.unwrap();
    store.delete_power_control(id).await.unwrap();
    assert_eq!(store.known(id).await.unwrap(), None);
    let error = store.remember(id, FIRST).await.unwrap_err();
    assert!(matches!(error, Error::NotFound { .. }), "{error:?}");
}
