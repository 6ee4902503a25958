//! Hosts that die, the scheduler, actions in place, and all of it in any order.

use rand::seq::IndexedRandom;

use super::*;

#[test]
fn what_is_asked_of_a_dead_host_waits_and_a_host_that_comes_back_puts_right() {
    let mut rig = rig(2, 2);
    let (first, other) = (rig.id(0), rig.id(1));
    rig.live(&other, None).unwrap();
    rig.wait(8);
    rig.cloud
        .set_condition(1, HostCondition::PoweredOff, rig.now);
    rig.wait(90);
    assert_eq!(rig.it(&other).status(), "MIGRATING", "nobody ends it");
    assert_eq!(
        status(rig.cloud.cold_migrate(&first, Some("nowhere"), rig.now)),
        400
    );
    rig.live(&first, None).unwrap();
    rig.wait(12);
    assert_eq!(rig.last().status, "error", "there is no other host");
    rig.cloud.set_condition(1, HostCondition::Well, rig.now);
    assert_eq!(
        (rig.it(&other).status(), rig.host_of(&other)),
        ("SHUTOFF", "compute-002")
    );
    rig.check();
}

#[test]
fn the_scheduler_obeys_room_zones_and_groups() {
    let mut rig = rig(3, 0);
    let group = rig.cloud.add_group("apart", "anti-affinity", 1);
    let together = rig.cloud.add_group("together", "affinity", 1);
    let add = |rig: &mut Rig, host: &str, group: &str| {
        let asked = ("one", "m1.large");
        let added = rig.cloud.add_instance(asked, host, Some(group), rig.now);
        added.unwrap()
    };
    let a = add(&mut rig, "compute-001", &group);
    add(&mut rig, "compute-002", &group);
    let c = add(&mut rig, "compute-001", &together);
    add(&mut rig, "compute-001", &together);
    rig.live(&a, None).unwrap();
    rig.wait(12);
    assert_eq!(
        rig.host_of(&a),
        "compute-003",
        "its brother is on the other one"
    );
    rig.live(&c, None).unwrap();
    rig.wait(12);
    assert_eq!(rig.last().status, "error", "they stay together");
    rig.live(&a, Some("compute-002")).unwrap();
    rig.wait(12);
    assert_eq!(rig.last().status, "error", "also if a host is named");

    let hosts = ["compute-002".to_owned()].into();
    let zone = [("availability_zone".to_owned(), "west".to_owned())].into();
    rig.cloud.add_aggregate("west", hosts, zone, rig.now);
    let new = NewServer {
        name: "new".to_owned(),
        image_id: Some(rig.cloud.images[0].id.clone()),
        zone: Some("west".to_owned()),
        ..NewServer::default()
    };
    let id = rig.cloud.create(new.clone(), rig.now).unwrap();
    assert_eq!(rig.it(&id).status(), "BUILD");
    rig.wait(12);
    assert_eq!(
        (rig.it(&id).status(), rig.host_of(&id)),
        ("ACTIVE", "compute-002")
    );
    rig.cloud.hosts[1].shape.ram_mb = 1;
    let id = rig.cloud.create(new, rig.now).unwrap();
    rig.wait(12);
    assert_eq!((rig.it(&id).status(), rig.it(&id).host), ("ERROR", None));
    rig.check();
}

#[test]
fn actions_are_allowed_by_state_and_volumes_follow_their_instance() {
    let mut rig = rig(1, 1);
    let id = rig.id(0);
    assert_eq!(status(rig.cloud.act(&id, Verb::Start, rig.now)), 409);
    for (verb, while_it, then) in [
        (Verb::RebootSoft, "REBOOT", "ACTIVE"),
        (Verb::Pause, "ACTIVE", "PAUSED"),
        (Verb::Unpause, "PAUSED", "ACTIVE"),
        (Verb::Suspend, "ACTIVE", "SUSPENDED"),
        (Verb::Resume, "SUSPENDED", "ACTIVE"),
        (Verb::Stop, "ACTIVE", "SHUTOFF"),
        (Verb::Rebuild, "REBUILD", "SHUTOFF"),
        (Verb::RebootHard, "HARD_REBOOT", "ACTIVE"),
    ] {
        rig.cloud.act(&id, verb, rig.now).unwrap();
        assert_eq!(rig.it(&id).status(), while_it, "{verb:?}");
        rig.wait(12);
        assert_eq!(rig.it(&id).status(), then, "{verb:?}");
    }
    rig.fail("os-stop", BadEnd::Error);
    rig.cloud.act(&id, Verb::Stop, rig.now).unwrap();
    rig.wait(12);
    assert_eq!(rig.it(&id).status(), "ERROR");
    rig.cloud
        .reset_state(&id, VmState::Active, rig.now)
        .unwrap();
    let volume = rig
        .cloud
        .new_volume("demo", ("data".to_owned(), 1), rig.now);
    rig.wait(12);
    let number = rig.it(&id).number;
    rig.cloud.attach(volume, number, false, rig.now);
    let volume_id = rig.cloud.volumes[&volume].id.clone();
    assert_eq!(status(rig.cloud.delete_volume(&volume_id, rig.now)), 400);
    rig.cloud.delete(&id, rig.now).unwrap();
    rig.wait(12);
    assert_eq!(status(rig.cloud.delete(&id, rig.now)), 404);
    rig.cloud.delete_volume(&volume_id, rig.now).unwrap();
    rig.wait(12);
    assert!(rig.cloud.volumes.is_empty());
    rig.check();
}

/// Whatever is asked for in whatever order: nothing is lost, nothing runs twice behind fenced hosts, and the
/// books are right.
#[test]
fn no_order_of_actions_loses_or_doubles_an_instance() {
    let mut rig = rig(5, 20);
    let mut random = StdRng::seed_from_u64(7);
    let ids: Vec<String> = (0..20).map(|at| rig.id(at)).collect();
    for _ in 0..3000 {
        let id = ids.choose(&mut random).unwrap().clone();
        let now = rig.now;
        let host = random.random_range(0..5);
        let _ = match random.random_range(0..9) {
            0 | 1 => rig.live(&id, None),
            2 => rig.cloud.cold_migrate(&id, None, now),
            3 => rig.cloud.settle(&id, random.random(), now),
            4 => rig.cloud.evacuate(&id, None, 94, now),
            5 => rig.cloud.act(&id, Verb::Stop, now),
            6 => rig.cloud.act(&id, Verb::Start, now),
            7 => {
                rig.cloud
                    .set_condition(host, HostCondition::PoweredOff, now);
                Ok(())
            }
            _ => {
                rig.cloud.set_condition(host, HostCondition::Well, now);
                Ok(())
            }
        };
        rig.wait(random.random_range(0..20));
        rig.check();
        assert_eq!(rig.cloud.instances.len(), 20);
    }
    assert!(rig.cloud.counters.running_twice.is_empty());
    let moved = rig.cloud.migrations.values();
    let ended = moved.filter(|it| ["completed", "done", "confirmed"].contains(&it.status));
    assert!(ended.count() > 100);
}
