//! Live migrations, cold ones, and evacuations.

use super::*;

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
