//! Reports as a real host printed them: Debian 12, LVM 2.03.16, files as disks.

use assay_domain::volume::{LogicalVolume, VolumeGroup};
use proptest::prelude::*;

use super::{HostError, group, locks};

const RAID1: &str = include_str!("captured/raid1.json");
const THIN: &str = include_str!("captured/thin.json");
const MOVE: &str = include_str!("captured/pvmove.json");
const SHARED: &str = include_str!("captured/shared.json");
const LOCKS: &str = include_str!("captured/locks.txt");

const MIB: u64 = 1 << 20;

fn volume<'a>(group: &'a VolumeGroup, beginning: &str) -> &'a LogicalVolume {
    let mut volumes = group.volumes.iter();
    let found = volumes.find(|volume| volume.name.starts_with(beginning));
    found.unwrap()
}

fn places(volume: &LogicalVolume) -> Vec<(&str, u64)> {
    let places = volume.places.iter();
    places
        .map(|place| (place.pv.as_str(), place.size / MIB))
        .collect()
}

#[test]
fn a_group_has_its_sizes_and_disks() {
    let group = group(THIN).unwrap();
    assert_eq!(
        (group.name.as_str(), group.size, group.free, group.is_shared),
        ("cinder", 260_046_848, 159_383_552, false)
    );
    let disks: Vec<_> = group.physical.iter().map(|pv| pv.name.as_str()).collect();
    assert_eq!(disks, ["/dev/loop1", "/dev/loop2"]);
    assert_eq!(group.physical[0].attributes, "a--");
    assert_eq!(group.physical[0].free, 71_303_168);
    assert!(group.moves.is_empty() && group.locks.is_empty());
    let names: Vec<_> = group.volumes.iter().map(|lv| &lv.name).collect();
    assert_eq!(names.len(), 3, "parts are hidden: {names:?}");
}

#[test]
fn mirrors_lie_on_a_disk_each() {
    let group = group(RAID1).unwrap();
    let mirrored = volume(&group, "volume-cfae");
    assert_eq!(mirrored.copies, 2);
    assert_eq!(places(mirrored), [("/dev/loop1", 32), ("/dev/loop2", 32)]);
    assert!(mirrored.synced.is_some() && mirrored.trouble.is_none());
    assert_eq!(
        mirrored.cinder_id(),
        Some("cfae37a3-6e8f-4bc8-862e-85db07ff429f")
    );
}

#[test]
fn a_thin_volume_has_nothing_of_its_own() {
    let group = group(THIN).unwrap();
    let thin = volume(&group, "volume-1111");
    assert_eq!(thin.pool.as_deref(), Some("pool"));
    assert!(thin.places.is_empty() && thin.on.is_empty());
    let pool = volume(&group, "pool");
    assert_eq!(places(pool), [("/dev/loop1", 16)]);
    assert_eq!(pool.cinder_id(), None);
    // Its metadata lies elsewhere.
    let on: Vec<_> = pool.on.iter().collect();
    assert_eq!(on, ["/dev/loop1", "/dev/loop2"]);
}

#[test]
fn what_is_moved_lies_on_both_sides() {
    let group = group(MOVE).unwrap();
    let moved = volume(&group, "volume-cfae");
    assert_eq!(
        places(moved),
        [("/dev/loop2", 32), ("/dev/mapper/slow", 32)]
    );
    let [one] = group.moves.as_slice() else {
        panic!("{:?}", group.moves);
    };
    assert_eq!(
        (one.source.as_str(), one.percent),
        ("/dev/loop2", Some(62.5))
    );
    assert!(one.volumes.iter().eq([&moved.uuid]));
    assert_eq!(group.move_from("/dev/loop2"), Some(one));
    assert_eq!(group.move_from("/dev/loop1"), None);
}

#[test]
fn locks_are_those_of_the_group_that_are_held() {
    let group = group(SHARED).unwrap();
    assert!(group.is_shared);
    assert_eq!(group.volumes.len(), 3);
    let held = locks(LOCKS, "shared");
    let modes = ["volume-2222", "volume-3333", "volume-4444"].map(|beginning| {
        let uuid = &volume(&group, beginning).uuid;
        let lock = held.iter().find(|lock| lock.uuid == *uuid);
        lock.map(|lock| lock.is_exclusive)
    });
    assert_eq!(modes, [Some(true), Some(false), None]);
    assert_eq!(locks(LOCKS, "other"), []);
    assert!(!volume(&group, "volume-4444").is_active);
}

#[test]
fn half_a_report_is_none() {
    for odd in ["", "{}", "{\"report\": []}", &RAID1[..RAID1.len() / 2]] {
        assert_eq!(group(odd), Err(HostError::Malformed));
    }
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in ".*") {
        let _ = group(&text);
        let _ = locks(&text, "vol");
    }

    /// A real report with anything in a place of it.
    #[test]
    fn any_value_is_read_or_refused(at in 0..MOVE.len(), value in "[a-z0-9/(),\\[\\]]{0,12}") {
        let end = MOVE[at..].find('"').map_or(MOVE.len(), |end| at + end);
        let _ = group(&format!("{}{value}{}", &MOVE[..at], &MOVE[end..]));
    }

    /// Volumes that lie in each other in a circle.
    #[test]
    fn circles_end(first in 0..4_usize, second in 0..4_usize) {
        let names = ["pvmove0", "pvmove0_mimage_0", "pvmove0_mimage_1", "pool_tdata"];
        let report = MOVE
            .replace("\"/dev/loop2(0)\"", &format!("\"{}(0)\"", names[first]))
            .replace("\"/dev/mapper/slow(0)\"", &format!("\"{}(0)\"", names[second]));
        prop_assert!(group(&report).is_ok());
    }
}
