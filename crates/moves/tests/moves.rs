//! Plans of moves on clouds of all kinds.
#![allow(clippy::unwrap_used, reason = "a test ends at what it does not expect")]

use std::collections::{HashMap, HashSet};

use assay_domain::cloud::{
    Capacity, ComputeHost, GroupPolicy, Hypervisor, Instance, InstancePower, InstanceStatus,
    Method, ServerGroup,
};
use assay_moves::{AuditEnd, Board, Budget, CloudView, Emptying, Ways, empty, level};
use proptest::prelude::*;

const ALL: Ways = Ways {
    live: true,
    cold: true,
    evacuate: true,
};

fn host(name: &str) -> ComputeHost {
    ComputeHost {
        name: name.to_owned(),
        service_id: format!("service of {name}"),
        is_enabled: true,
        disabled_reason: None,
        is_up: true,
        is_forced_down: false,
        zone: Some("nova".to_owned()),
    }
}

fn hypervisor(host: &str) -> Hypervisor {
    serde_json::from_value(serde_json::json!({
        "id": host, "name": format!("{host}.example.com"), "host": host,
    }))
    .unwrap()
}

fn instance(uuid: &str, host: &str, vcpus: u64, memory_mb: u64) -> Instance {
    Instance {
        uuid: uuid.to_owned(),
        name: format!("name of {uuid}"),
        host: Some(host.to_owned()),
        status: InstanceStatus::Active,
        task_state: None,
        power_state: InstancePower::Running,
        vcpus,
        memory_mb,
        disk_gb: 10,
        project_id: "p".to_owned(),
        volumes: Vec::new(),
        is_volume_backed: true,
        zone: Some("nova".to_owned()),
        pinned_zone: None,
        is_locked: false,
        fault: None,
        updated_at: None,
    }
}

fn group(name: &str, policy: GroupPolicy, members: &[&str]) -> ServerGroup {
    ServerGroup {
        id: name.to_owned(),
        name: name.to_owned(),
        policy,
        max_per_host: None,
        members: members.iter().map(|&uuid| uuid.to_owned()).collect(),
    }
}

/// A cloud of hosts of 32 processors, each given away twice, and 64 GiB.
fn cloud(hosts: &[&str], instances: Vec<Instance>) -> CloudView {
    let used = |host: &str| {
        let there = instances.iter().filter(|i| i.host.as_deref() == Some(host));
        there.fold((0, 0), |sum, i| (sum.0 + i.vcpus, sum.1 + i.memory_mb))
    };
    let capacity = |host: &&str| Capacity {
        hypervisor: format!("{host}.example.com"),
        vcpus: 32,
        vcpus_used: used(host).0,
        cpu_allocation_ratio: 2.0,
        memory_mb: 64 << 10,
        memory_mb_used: used(host).1,
        ram_allocation_ratio: 1.0,
        disk_gb: None,
        disk_gb_used: 0,
        disk_allocation_ratio: 1.0,
    };
    CloudView {
        capacities: hosts.iter().map(capacity).collect(),
        hosts: hosts.iter().map(|name| host(name)).collect(),
        hypervisors: hosts.iter().map(|host| hypervisor(host)).collect(),
        groups: Vec::new(),
        instances,
    }
}

fn budget(moves: usize) -> Budget {
    Budget {
        moves,
        tolerance: 0.05,
    }
}

fn named(hosts: &[&str]) -> Vec<String> {
    hosts.iter().map(|&host| host.to_owned()).collect()
}

#[test]
fn a_full_host_is_relieved_and_it_is_said_how() {
    let instances = (0..8)
        .map(|n| instance(&format!("i{n}"), "a", 8, 8 << 10))
        .collect();
    let mut board = Board::new(cloud(&["a", "b"], instances));
    let audit = level(&mut board, &named(&["a", "b"]), budget(10)).unwrap();
    assert_eq!((audit.moves.len(), audit.end), (4, AuditEnd::Level));
    assert!(audit.before.cpu > 0.4 && audit.after.cpu < 1e-9);
    assert_eq!(
        audit.moves[0].reason(),
        "relieves a (processors 100 to 88 %, memory 100 to 88 %) in favour of b \
         (processors 0 to 13 %, memory 0 to 13 %)"
    );
    let mut again = board.clone();
    let nothing = level(&mut again, &named(&["a", "b"]), budget(10)).unwrap();
    assert!(nothing.moves.is_empty());
}

#[test]
fn no_more_moves_are_proposed_than_allowed() {
    let instances = (0..8)
        .map(|n| instance(&format!("i{n}"), "a", 8, 8 << 10))
        .collect();
    let mut board = Board::new(cloud(&["a", "b"], instances));
    let audit = level(&mut board, &named(&["a", "b"]), budget(2)).unwrap();
    assert_eq!((audit.moves.len(), audit.end), (2, AuditEnd::BudgetSpent));
}

#[test]
fn what_cannot_move_stays() {
    let change: [fn(&mut Instance); 4] = [
        |i| i.is_locked = true,
        |i| i.status = InstanceStatus::Shutoff,
        |i| i.task_state = Some("migrating".to_owned()),
        |i| i.pinned_zone = Some("elsewhere".to_owned()),
    ];
    for change in change {
        let mut stays = instance("i", "a", 32, 32 << 10);
        change(&mut stays);
        let mut board = Board::new(cloud(&["a", "b"], vec![stays]));
        let audit = level(&mut board, &named(&["a", "b"]), budget(2)).unwrap();
        assert_eq!((audit.moves.len(), audit.end), (0, AuditEnd::NothingHelps));
    }
}

#[test]
fn hosts_that_take_nothing_are_given_nothing() {
    let change: [fn(&mut ComputeHost); 3] = [
        |host| host.is_enabled = false,
        |host| host.is_up = false,
        |host| host.is_forced_down = true,
    ];
    for change in change {
        let instances = vec![
            instance("i", "a", 32, 32 << 10),
            instance("j", "a", 32, 32 << 10),
        ];
        let mut view = cloud(&["a", "b"], instances);
        change(&mut view.hosts[1]);
        let mut board = Board::new(view);
        assert!(board.check("i", "a", "b").is_err());
        let audit = level(&mut board, &named(&["a", "b"]), budget(2)).unwrap();
        assert!(audit.moves.is_empty());
    }
}

#[test]
fn groups_are_kept() {
    let instances = vec![
        instance("i", "a", 16, 16 << 10),
        instance("j", "a", 16, 16 << 10),
        instance("k", "b", 1, 1 << 10),
    ];
    let mut view = cloud(&["a", "b"], instances);
    view.groups = vec![
        group("together", GroupPolicy::SoftAffinity, &["i", "j"]),
        group("apart", GroupPolicy::AntiAffinity, &["j", "k"]),
    ];
    let board = Board::new(view);
    let said = |uuid| board.check(uuid, "a", "b").unwrap_err().to_string();
    assert!(said("i").contains("together"));
    assert!(said("j").contains("together"));
    // What a group only prefers does not keep an instance on a host that is emptied.
    let plan = empty(&mut board.clone(), "a", Emptying::Alive, ALL).unwrap();
    assert_eq!(plan[0].target.as_deref(), Some("b"));
    assert_eq!(plan[1].target, None);
    assert_eq!(plan[1].obstacle.as_deref(), Some("no host can take it"));
}

#[test]
fn an_instance_leaves_a_host_in_the_way_that_its_state_has() {
    use Method::{Cold, Evacuate, Live};
    let only_live = Ways {
        cold: false,
        evacuate: false,
        ..ALL
    };
    let rows: [(InstanceStatus, Emptying, Ways, &[Method]); 10] = [
        (
            InstanceStatus::Active,
            Emptying::Alive,
            ALL,
            &[Live, Cold, Evacuate],
        ),
        (InstanceStatus::Active, Emptying::Alive, only_live, &[Live]),
        (InstanceStatus::Paused, Emptying::Alive, ALL, &[Live]),
        (InstanceStatus::Shutoff, Emptying::Alive, only_live, &[Cold]),
        (InstanceStatus::Error, Emptying::Alive, only_live, &[]),
        (InstanceStatus::Error, Emptying::Alive, ALL, &[Evacuate]),
        (InstanceStatus::Suspended, Emptying::Alive, ALL, &[]),
        (InstanceStatus::Active, Emptying::Dead, ALL, &[Evacuate]),
        (InstanceStatus::Active, Emptying::Dead, only_live, &[]),
        (InstanceStatus::Paused, Emptying::Dead, ALL, &[]),
    ];
    for (status, state, ways, methods) in rows {
        let mut one = instance("i", "a", 1, 1024);
        one.status = status.clone();
        let mut board = Board::new(cloud(&["a", "b"], vec![one]));
        let plan = empty(&mut board, "a", state, ways).unwrap();
        assert_eq!(plan[0].methods, methods, "{status} {state:?}");
        assert_eq!(plan[0].obstacle.is_some(), methods.is_empty(), "{status}");
    }
}

#[test]
fn what_is_not_there_is_named() {
    let mut board = Board::new(cloud(&["a"], vec![instance("i", "a", 1, 1)]));
    assert!(level(&mut board, &named(&["z"]), budget(1)).is_err());
    assert!(empty(&mut board, "z", Emptying::Alive, ALL).is_err());
    assert!(board.check("z", "a", "a").is_err());
    let said = board.check("i", "b", "a").unwrap_err().to_string();
    assert_eq!(said, "the instance is on a now");
}

fn any_cloud() -> impl Strategy<Value = CloudView> {
    let piece = (0..6usize, 1..16u64, 1..16u64, any::<bool>(), 0..4usize);
    prop::collection::vec(piece, 0..60).prop_map(|pieces| {
        let hosts = ["a", "b", "c", "d", "e", "f"];
        let mut members: HashMap<usize, Vec<String>> = HashMap::new();
        let mut instances = Vec::new();
        for (n, (at, vcpus, gib, is_active, group)) in pieces.into_iter().enumerate() {
            let mut one = instance(&format!("i{n}"), hosts[at], vcpus, gib << 10);
            if !is_active {
                one.status = InstanceStatus::Shutoff;
            }
            members.entry(group).or_default().push(one.uuid.clone());
            instances.push(one);
        }
        let mut view = cloud(&hosts, instances);
        let policies = [
            GroupPolicy::AntiAffinity,
            GroupPolicy::Affinity,
            GroupPolicy::SoftAntiAffinity,
        ];
        for (n, policy) in policies.into_iter().enumerate() {
            view.groups.push(ServerGroup {
                members: members.remove(&n).unwrap_or_default(),
                ..group(&format!("g{n}"), policy, &[])
            });
        }
        view
    })
}

/// How many instances of each group that keeps apart there are on a host too many.
fn crowding(view: &CloudView, at: &HashMap<String, String>) -> usize {
    let apart = view
        .groups
        .iter()
        .filter(|group| group.policy == GroupPolicy::AntiAffinity);
    let of_group = |group: &ServerGroup| {
        let hosts: HashSet<&String> = group.members.iter().map(|uuid| &at[uuid]).collect();
        group.members.len() - hosts.len()
    };
    apart.map(of_group).sum()
}

proptest! {
    #[test]
    fn moves_level_and_break_nothing(view in any_cloud()) {
        let hosts: Vec<String> = view.hosts.iter().map(|host| host.name.clone()).collect();
        let mut at: HashMap<String, String> = HashMap::new();
        for one in &view.instances {
            at.insert(one.uuid.clone(), one.host.clone().unwrap());
        }
        let crowded = crowding(&view, &at);
        let mut before = Board::new(view.clone());
        let mut after = before.clone();
        let audit = level(&mut after, &hosts, budget(30)).unwrap();
        let square = |i: assay_moves::Imbalance| i.cpu * i.cpu + i.memory * i.memory;
        prop_assert!(square(audit.after) <= square(audit.before));
        let mut moved = HashSet::new();
        for one in &audit.moves {
            prop_assert!(moved.insert(&one.instance_uuid));
            prop_assert_eq!(before.check(&one.instance_uuid, &one.source, &one.target), Ok(()));
            before.carry(&one.instance_uuid, &one.target).unwrap();
            at.insert(one.instance_uuid.clone(), one.target.clone());
        }
        prop_assert!(crowding(&view, &at) <= crowded);
    }

    #[test]
    fn an_emptied_host_has_left_only_what_is_named(view in any_cloud()) {
        let mut board = Board::new(view);
        let count = board.instances_on("a").unwrap().len();
        let plan = empty(&mut board, "a", Emptying::Alive, ALL).unwrap();
        prop_assert_eq!(plan.len(), count);
        let stays = plan.iter().filter(|one| one.obstacle.is_some()).count();
        prop_assert_eq!(board.instances_on("a").unwrap().len(), stays);
        for one in plan {
            prop_assert!(one.target.is_some() != one.obstacle.is_some());
        }
    }
}
