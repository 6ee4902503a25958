//! Tests of the state machines, with a clock of their own.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::Utc;
use rand::seq::IndexedRandom;

use super::*;
use crate::openstack::faults::{ActionFailure, BadEnd};

/// How long an action takes here; it has two, three and four stages.
const DELAY: Duration = Duration::from_secs(12);
const LATEST: u16 = 95;

struct Rig {
    cloud: Cloud,
    now: Moment,
}

/// Instances go round the hosts: the first is on the first.
fn rig(hosts: usize, instances: usize) -> Rig {
    let options = OpenStackOptions {
        delay: DELAY,
        hosts,
        instances,
        ..OpenStackOptions::default()
    };
    let now = Utc::now();
    Rig {
        cloud: Cloud::new(options, now),
        now,
    }
}

impl Rig {
    fn wait(&mut self, seconds: u64) {
        self.now += Duration::from_secs(seconds);
        self.cloud.advance(self.now);
    }

    fn id(&self, at: usize) -> String {
        self.cloud.instances.values().nth(at).unwrap().id.clone()
    }

    fn it(&self, id: &str) -> &Instance {
        self.cloud.instance(id).unwrap()
    }

    fn host_of(&self, id: &str) -> &str {
        &self.cloud.hosts[self.it(id).host.unwrap()].name
    }

    fn live(&mut self, id: &str, host: Option<&str>) -> Result<(), Refusal> {
        let order = LiveOrder {
            host,
            minor: LATEST,
        };
        self.cloud.live_migrate(id, order, self.now)
    }

    fn last(&self) -> &Migration {
        self.cloud.migrations.values().last().unwrap()
    }

    fn fail(&mut self, action: &str, end: BadEnd) {
        self.cloud.faults.actions.push(ActionFailure {
            action: action.to_owned(),
            instance: None,
            end,
            times: Some(1),
        });
    }

    fn dies(&mut self, host: usize, condition: HostCondition) {
        self.cloud.set_condition(host, condition, self.now);
        self.wait(61);
    }

    /// What is taken is what is held, and everybody is where they are believed to be.
    fn check(&self) {
        let mut held: BTreeMap<usize, Resources> = BTreeMap::new();
        for (size, hosts) in self.cloud.allocations.values() {
            for host in hosts {
                let sum = held.entry(*host).or_default();
                *sum = sum.plus(*size);
            }
        }
        for (place, host) in self.cloud.hosts.iter().enumerate() {
            assert_eq!(host.used, held.get(&place).copied().unwrap_or_default());
            for number in &host.instances {
                assert_eq!(self.cloud.instances[number].host, Some(place));
            }
        }
        let placed: usize = self.cloud.hosts.iter().map(|it| it.instances.len()).sum();
        let with_host = self.cloud.instances.values().filter(|it| it.host.is_some());
        assert_eq!(placed, with_host.count());
    }
}

fn status(result: Result<(), Refusal>) -> u16 {
    result.unwrap_err().status.as_u16()
}

#[test]
fn a_live_migration_goes_through_its_stages_and_moves_at_the_end() {
    let mut rig = rig(2, 1);
    let id = rig.id(0);
    rig.live(&id, None).unwrap();
    let mut seen = Vec::new();
    for _ in 0..4 {
        rig.check();
        seen.push((
            rig.last().status,
            rig.it(&id).status(),
            rig.host_of(&id).to_owned(),
        ));
        rig.wait(4);
    }
    let expected = [
        ("queued", "MIGRATING", "compute-001"),
        ("preparing", "MIGRATING", "compute-001"),
        ("running", "MIGRATING", "compute-001"),
        ("completed", "ACTIVE", "compute-002"),
    ];
    let expected = expected.map(|(a, b, c)| (a, b, c.to_owned()));
    assert_eq!(seen, expected);
    assert_eq!(rig.cloud.counters.accepted_of(&id, "os-migrateLive"), 1);
}

#[test]
fn a_live_migration_is_refused_as_nova_does_it() {
    let mut rig = rig(2, 1);
    let id = rig.id(0);
    assert_eq!(status(rig.live("nobody", None)), 404);
    assert_eq!(status(rig.live(&id, Some("nowhere"))), 400);
    rig.live(&id, None).unwrap();
    assert_eq!(status(rig.live(&id, None)), 409, "one goes on");
    rig.wait(12);
    rig.cloud.act(&id, Verb::Stop, rig.now).unwrap();
    rig.wait(12);
    assert_eq!(status(rig.live(&id, None)), 409, "it is stopped");
    rig.cloud.act(&id, Verb::Start, rig.now).unwrap();
    rig.wait(12);
    rig.cloud.hosts[0].is_disabled = true;
    let old = LiveOrder {
        host: None,
        minor: 33,
    };
    assert_eq!(status(rig.cloud.live_migrate(&id, old, rig.now)), 400);
    rig.live(&id, None).unwrap();
    rig.wait(12);
    assert_eq!(rig.last().status, "error", "later it shows in the record");
    assert_eq!(
        (rig.it(&id).status(), rig.host_of(&id)),
        ("ACTIVE", "compute-002")
    );
    rig.check();
}

#[test]
fn a_live_migration_that_fails_or_is_aborted_leaves_the_instance_where_it_was() {
    let mut rig = rig(2, 1);
    let id = rig.id(0);
    rig.fail("os-migrateLive", BadEnd::Error);
    rig.live(&id, None).unwrap();
    rig.wait(12);
    assert_eq!(rig.last().status, "error");
    rig.live(&id, None).unwrap();
    let migration = rig.last().id;
    assert_eq!(
        status(rig.cloud.abort(&id, migration, 24, rig.now)),
        400,
        "too early"
    );
    rig.wait(8);
    rig.cloud.abort(&id, migration, 24, rig.now).unwrap();
    assert_eq!(
        status(rig.cloud.abort(&id, migration, LATEST, rig.now)),
        400,
        "over"
    );
    rig.wait(30);
    assert_eq!(rig.last().status, "cancelled");
    assert_eq!(
        (rig.it(&id).status(), rig.host_of(&id)),
        ("ACTIVE", "compute-001")
    );
    rig.check();
}

#[test]
fn a_cold_migration_waits_for_its_confirmation_or_goes_back() {
    let mut rig = rig(2, 1);
    let id = rig.id(0);
    rig.cloud.cold_migrate(&id, None, rig.now).unwrap();
    assert_eq!(status(rig.cloud.settle(&id, true, rig.now)), 409);
    rig.wait(12);
    assert_eq!(
        (rig.last().status, rig.it(&id).status()),
        ("finished", "VERIFY_RESIZE")
    );
    rig.cloud.settle(&id, false, rig.now).unwrap();
    assert_eq!(rig.it(&id).status(), "REVERT_RESIZE");
    rig.wait(12);
    assert_eq!(
        (rig.last().status, rig.host_of(&id)),
        ("reverted", "compute-001")
    );
    rig.cloud
        .cold_migrate(&id, Some("compute-002"), rig.now)
        .unwrap();
    rig.wait(12);
    rig.check();
    rig.cloud.settle(&id, true, rig.now).unwrap();
    rig.wait(12);
    assert_eq!(
        (rig.last().status, rig.host_of(&id)),
        ("confirmed", "compute-002")
    );
    assert_eq!(rig.it(&id).status(), "ACTIVE");
    rig.check();

    rig.fail("migrate", BadEnd::NoValidHost);
    rig.cloud.cold_migrate(&id, None, rig.now).unwrap();
    rig.wait(12);
    assert_eq!(
        (rig.last().status, rig.it(&id).status()),
        ("error", "ACTIVE")
    );
    assert!(rig.it(&id).fault.is_some());
    rig.fail("migrate", BadEnd::Error);
    rig.cloud.cold_migrate(&id, None, rig.now).unwrap();
    rig.wait(12);
    assert_eq!(
        (rig.last().status, rig.it(&id).status()),
        ("error", "ERROR")
    );
    rig.check();
}

#[test]
fn an_evacuation_needs_a_service_that_is_down() {
    let mut rig = rig(3, 1);
    let id = rig.id(0);
    let evacuate = |rig: &mut Rig, host| rig.cloud.evacuate(&id, host, 94, rig.now);
    assert_eq!(status(evacuate(&mut rig, None)), 400);
    rig.dies(0, HostCondition::PoweredOff);
    assert_eq!(status(evacuate(&mut rig, Some("compute-001"))), 400);
    assert_eq!(status(evacuate(&mut rig, Some("nowhere"))), 404);
    evacuate(&mut rig, Some("compute-003")).unwrap();
    assert_eq!(
        (rig.it(&id).status(), rig.host_of(&id)),
        ("REBUILD", "compute-001")
    );
    rig.wait(12);
    assert_eq!(
        (rig.last().status, rig.it(&id).status()),
        ("done", "ACTIVE")
    );
    assert_eq!(rig.host_of(&id), "compute-003");
    rig.check();
    assert!(rig.cloud.counters.running_twice.is_empty(), "it was fenced");
    rig.cloud.set_condition(0, HostCondition::Well, rig.now);
    rig.check();
    assert_eq!(rig.last().status, "completed");
    assert_eq!(rig.cloud.hosts[0].used, Resources::default());
}

#[test]
fn an_instance_that_runs_twice_is_written_down() {
    let mut rig = rig(2, 2);
    let (first, other) = (rig.id(0), rig.id(1));
    rig.dies(0, HostCondition::DeadButRunning);
    rig.cloud.evacuate(&first, None, 94, rig.now).unwrap();
    rig.wait(12);
    let counters = &rig.cloud.counters;
    assert_eq!(counters.evacuated_while_running.len(), 1);
    assert_eq!(counters.running_twice[0].instance, first);
    assert_eq!(counters.running_twice[0].old_host, "compute-001");

    // Since 2.95 it is left stopped, and runs twice only once somebody starts it.
    rig.cloud.set_condition(0, HostCondition::Well, rig.now);
    rig.cloud.hosts[1].forced_down = true;
    rig.cloud.evacuate(&other, None, 95, rig.now).unwrap();
    rig.wait(12);
    assert_eq!(rig.it(&other).status(), "SHUTOFF");
    assert_eq!(rig.cloud.counters.evacuated_while_running.len(), 2);
    assert_eq!(rig.cloud.counters.running_twice.len(), 1);
    rig.cloud.act(&other, Verb::Start, rig.now).unwrap();
    rig.wait(12);
    assert_eq!(rig.cloud.counters.running_twice.len(), 2);
}

#[test]
fn an_evacuation_that_fails_leaves_an_error() {
    let mut rig = rig(2, 1);
    let id = rig.id(0);
    rig.dies(0, HostCondition::PoweredOff);
    for (end, ended) in [(BadEnd::Error, "failed"), (BadEnd::NoValidHost, "error")] {
        rig.fail("evacuate", end);
        rig.cloud.evacuate(&id, None, LATEST, rig.now).unwrap();
        rig.wait(12);
        assert_eq!((rig.last().status, rig.it(&id).status()), (ended, "ERROR"));
        assert_eq!(rig.host_of(&id), "compute-001");
        rig.check();
    }
    rig.cloud.evacuate(&id, None, 94, rig.now).unwrap();
    rig.wait(12);
    assert_eq!(
        rig.it(&id).status(),
        "ACTIVE",
        "an instance in error may be evacuated"
    );
    rig.check();
}

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
