//! Gates of devices: one process at a time, whoever asks at the same moment.

use std::time::Duration;

use assay_domain::Secret;
use assay_domain::gate::{Entry, GateRules, Pace};
use assay_domain::power_control::PowerControlPatch;
use futures::future::join_all;

use crate::power::control;
use crate::world::{World, at};

on_both!(
    of_many_that_ask_at_once_one_is_let_in,
    logins_in_doubt_end_with_new_credentials,
    a_gate_goes_with_its_power_control,
);

fn rules() -> GateRules {
    GateRules {
        pace: Pace::every(Duration::from_secs(1)),
        hold: Duration::from_secs(20),
        session_life: Duration::from_secs(60),
        lockout: Duration::from_secs(300),
    }
}

async fn of_many_that_ask_at_once_one_is_let_in(world: World) {
    let store = &world.store;
    let id = store
        .create_power_control(control("bmc1"))
        .await
        .unwrap()
        .id;
    for round in 0..10 {
        let now = at(100 * round);
        let names: Vec<String> = (0..8).map(|number| format!("process {number}")).collect();
        let rules = rules();
        let asked = names
            .iter()
            .map(|name| store.enter_gate(id, name, &rules, now));
        let entries: Vec<Entry> = join_all(asked)
            .await
            .into_iter()
            // One that loses too often against others is told to come again.
            .filter_map(Result::ok)
            .collect();
        let is_in = |entry: &&Entry| matches!(entry, Entry::In { .. });
        assert_eq!(entries.iter().filter(is_in).count(), 1, "{entries:?}");
        let holder = store.gate(id).await.unwrap().holder.unwrap();
        assert!(store.extend_gate(id, &holder, &rules, now).await.unwrap());
        assert!(!store.extend_gate(id, "nobody", &rules, now).await.unwrap());
        store.leave_gate(id, "nobody", &rules, now).await.unwrap();
        assert!(store.gate(id).await.unwrap().holder.is_some());
        store.leave_gate(id, &holder, &rules, now).await.unwrap();
        let gate = store.gate(id).await.unwrap();
        assert_eq!((gate.holder, gate.open_logins), (None, 0));
    }
}

async fn logins_in_doubt_end_with_new_credentials(world: World) {
    let store = &world.store;
    let id = store
        .create_power_control(control("bmc1"))
        .await
        .unwrap()
        .id;
    let rules = rules();
    for (caller, second) in [("a", 0), ("b", 100)] {
        let entry = store
            .enter_gate(id, caller, &rules, at(second))
            .await
            .unwrap();
        let in_doubt = caller == "b";
        assert_eq!(entry, Entry::In { in_doubt });
    }
    let entry = store.enter_gate(id, "c", &rules, at(200)).await.unwrap();
    assert!(matches!(entry, Entry::Wait { .. }), "{entry:?}");
    let patch = PowerControlPatch {
        password: Some(Some(Secret::new("new"))),
        ..PowerControlPatch::default()
    };
    store
        .update_power_control(id, patch, at(201))
        .await
        .unwrap();
    let entry = store.enter_gate(id, "c", &rules, at(202)).await.unwrap();
    assert_eq!(entry, Entry::In { in_doubt: false });
    store.accepted_at_gate(id, "c").await.unwrap();
    assert_eq!(store.gate(id).await.unwrap().open_logins, 0);
    store.shut_gate(id, "wrong password").await.unwrap();
    let entry = store.enter_gate(id, "c", &rules, at(300)).await.unwrap();
    let reason = String::from("wrong password");
    assert_eq!(entry, Entry::Shut { reason });
}

async fn a_gate_goes_with_its_power_control(world: World) {
    let store = &world.store;
    let id = store
        .create_power_control(control("bmc1"))
        .await
        .unwrap()
        .id;
    store.enter_gate(id, "a", &rules(), at(0)).await.unwrap();
    store.delete_power_control(id).await.unwrap();
    assert!(store.enter_gate(id, "a", &rules(), at(1)).await.is_err());
}
