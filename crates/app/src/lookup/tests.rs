//! The cases that the weights were chosen for, and what must hold for any weights.

use std::collections::BTreeSet;

use assay_domain::{Fact, FactKind, Facts};
use assay_store::{BootClaim, Candidate, Candidates};
use proptest::prelude::*;

use super::facts::Machine;
use super::{Answer, Found, can_be_the_same, decide};

use FactKind::{BmcAddress, BmcMac, BoardSerial, Card, ChassisSerial, SystemSerial, SystemUuid};

fn fact(kind: FactKind, value: &str) -> Fact {
    Fact::new(kind, value)
}

fn card(mac: &str, place: &str) -> Fact {
    Fact {
        kind: Card,
        value: mac.to_owned(),
        place: Some(place.to_owned()),
    }
}

/// Machine `letter` with all that a good report tells.
fn whole(letter: &str) -> Facts {
    [
        fact(SystemUuid, &format!("uuid-{letter}")),
        fact(SystemSerial, &format!("serial-{letter}")),
        fact(ChassisSerial, &format!("chassis-{letter}")),
        fact(BoardSerial, &format!("board-{letter}")),
        fact(BmcAddress, &format!("bmc-{letter}")),
        fact(BmcMac, &format!("bmc-mac-{letter}")),
        card(&format!("mac-{letter}1"), "0000:01:00.0"),
        card(&format!("mac-{letter}2"), "0000:01:00.1"),
    ]
    .into()
}

fn without(facts: &Facts, kinds: &[FactKind]) -> Facts {
    let kept = facts.iter().filter(|fact| !kinds.contains(&fact.kind));
    kept.cloned().collect()
}

fn with(facts: &Facts, more: &[Fact]) -> Facts {
    facts.iter().chain(more).cloned().collect()
}

/// Looks a report up among nodes of which this is known; their keys are 1, 2, ….
fn look(report: &Facts, nodes: &[Facts]) -> Found {
    let machine = Machine {
        facts: report.clone(),
        has_all_cards: report.iter().any(|fact| fact.kind == Card),
    };
    decide(&machine, candidates(report, nodes))
}

/// What the store would find.
fn candidates(report: &Facts, nodes: &[Facts]) -> Candidates {
    let holds = |node: &Facts, fact: &Fact| {
        let mut known = node.iter();
        known.any(|known| known.kind == fact.kind && known.value == fact.value)
    };
    let shared = report
        .iter()
        .filter(|fact| nodes.iter().filter(|node| holds(node, fact)).count() > 1);
    let found = (1..)
        .zip(nodes)
        .filter(|(_, node)| report.iter().any(|fact| holds(node, fact)));
    Candidates {
        shared: shared.map(|fact| (fact.kind, fact.value.clone())).collect(),
        nodes: found
            .map(|(node_id, facts)| Candidate {
                node_id,
                node_uuid: format!("node-{node_id}"),
                state: None,
                facts: facts.clone(),
            })
            .collect(),
    }
}

#[track_caller]
fn assert_one(found: &Found, node: i64) {
    assert!(
        matches!(&found.answer, Answer::One(one) if one.node_id == node),
        "{found:#?}"
    );
}

#[track_caller]
fn assert_ambiguous(found: &Found) {
    assert!(matches!(found.answer, Answer::Ambiguous(_)), "{found:#?}");
}

#[test]
fn the_same_machine_reported_twice_is_one() {
    let found = look(&whole("a"), &[whole("a"), whole("b")]);
    assert_one(&found, 1);
    assert!(found.others.is_empty());
}

#[test]
fn each_fact_alone_finds_its_node_but_weak_serials() {
    for known in whole("a") {
        let found = look(&whole("a"), &[Facts::from([known.clone()])]);
        if matches!(known.kind, ChassisSerial | BoardSerial) {
            assert_ambiguous(&found);
        } else {
            assert_one(&found, 1);
        }
    }
}

#[test]
fn a_new_card_or_a_swapped_slot_does_not_matter() {
    let bare = without(&whole("a"), &[Card]);
    let swapped = with(
        &bare,
        &[
            card("mac-a2", "0000:01:00.0"),
            card("mac-a1", "0000:01:00.1"),
        ],
    );
    let added = with(&whole("a"), &[card("mac-new", "0000:02:00.0")]);
    let replaced = with(&bare, &[card("mac-new", "0000:01:00.0")]);
    for report in [swapped, added, replaced] {
        assert_one(&look(&report, &[whole("a"), whole("b")]), 1);
    }
}

#[test]
fn a_moved_card_leads_to_its_new_machine_alone() {
    let moved = with(&whole("b"), &[card("mac-a1", "0000:02:00.0")]);
    let found = look(&moved, &[whole("a"), whole("b")]);
    assert_one(&found, 2);
    assert_eq!(found.others[0].node_id, 1);
    assert_eq!(
        found.others[0].score.common_cards().collect::<Vec<_>>(),
        ["mac-a1"]
    );
}

#[test]
fn a_moved_card_does_not_make_an_unknown_machine_a_known_one() {
    let cards = [
        card("mac-a1", "0000:01:00.0"),
        card("mac-a2", "0000:01:00.1"),
    ];
    let bare = Facts::from([fact(SystemUuid, "uuid-c"), fact(SystemSerial, "serial-c")]);
    for moved in [&cards[..1], &cards[..]] {
        let found = look(&with(&bare, moved), &[whole("a")]);
        assert_eq!(found.answer, Answer::None, "{found:#?}");
        assert_eq!(found.others.len(), 1);
    }
}

#[test]
fn a_replaced_main_board_is_for_somebody_to_decide() {
    let board = [
        fact(SystemUuid, "uuid-new"),
        fact(SystemSerial, "serial-new"),
        fact(BoardSerial, "board-new"),
        fact(BmcMac, "bmc-mac-new"),
    ];
    let kept = without(&whole("a"), &board.each_ref().map(|fact| fact.kind));
    assert_ambiguous(&look(&with(&kept, &board), &[whole("a")]));
    let one_card = without(&kept, &[ChassisSerial, Card]);
    let one_card = with(&one_card, &[card("mac-a1", "0000:01:00.0")]);
    assert_ambiguous(&look(&with(&one_card, &board), &[whole("a")]));
    // Service wrote the old serial number into the new board: that is enough.
    let flashed = with(
        &kept,
        &[fact(SystemUuid, "uuid-new"), fact(SystemSerial, "serial-a")],
    );
    assert_one(&look(&flashed, &[whole("a")]), 1);
}

#[test]
fn two_blades_with_one_serial_number_are_two() {
    let strip = |letter: &str| {
        let bare = without(&whole(letter), &[SystemSerial, ChassisSerial, BoardSerial]);
        with(
            &bare,
            &[fact(SystemSerial, "same"), fact(ChassisSerial, "same")],
        )
    };
    // Both are known: the serial number is shared and says nothing.
    assert_one(&look(&strip("b"), &[strip("a"), strip("b")]), 2);
    // One is known: the other one is not taken for it.
    let found = look(&strip("b"), &[strip("a")]);
    assert!(!matches!(found.answer, Answer::One(_)), "{found:#?}");
    // Nothing but serial number and cards is known: nobody can tell.
    let poor = |letter: &str| {
        without(
            &strip(letter),
            &[SystemUuid, BmcAddress, BmcMac, ChassisSerial],
        )
    };
    assert_ambiguous(&look(&poor("b"), &[poor("a")]));
}

#[test]
fn a_shared_mac_never_decides() {
    let shared = fact(Card, "mac-usb");
    let (a, b) = (
        with(&whole("a"), std::slice::from_ref(&shared)),
        with(&whole("b"), std::slice::from_ref(&shared)),
    );
    assert_one(&look(&b, &[a.clone(), b.clone()]), 2);
    let only = Facts::from([shared.clone()]);
    assert_ambiguous(&look(&only, &[a.clone(), b.clone()]));
    // A third machine with it is unknown, and not one of the two.
    let third = with(&whole("c"), &[shared]);
    assert_eq!(look(&third, &[a, b]).answer, Answer::None);
}

#[test]
fn facts_that_lead_to_different_nodes_are_ambiguous() {
    let report = Facts::from([fact(BmcAddress, "bmc-a"), fact(SystemUuid, "uuid-b")]);
    let nodes = [
        Facts::from([fact(BmcAddress, "bmc-a")]),
        Facts::from([fact(SystemUuid, "uuid-b")]),
    ];
    assert_ambiguous(&look(&report, &nodes));
    assert_eq!(look(&whole("c"), &[]).answer, Answer::None);
}

#[test]
fn a_second_claimant_is_told_from_the_first_one_by_what_outweighs() {
    let claim = BootClaim {
        mac: "52:54:00:00:00:01".to_owned(),
        system_uuid: Some("00112233-4455-6677-8899-aabbccddeeff".to_owned()),
        serial: Some("SN-1".to_owned()),
        source: None,
    };
    let other = BootClaim {
        system_uuid: Some("99112233-4455-6677-8899-aabbccddeeff".to_owned()),
        serial: Some("SN-2".to_owned()),
        ..claim.clone()
    };
    let second_card = BootClaim {
        mac: "52:54:00:00:00:02".to_owned(),
        // Other firmware of the same machine, with the other byte order.
        system_uuid: Some("33221100-5544-7766-8899-aabbccddeeff".to_owned()),
        ..claim.clone()
    };
    let points = |again: &BootClaim| can_be_the_same(&claim, &super::of_claim(again)).points;
    assert!(points(&claim) > 0 && points(&second_card) > 0);
    assert!(points(&other) < 0);
}

fn any_fact() -> impl Strategy<Value = Fact> {
    let kind = prop::sample::select(FactKind::ALL.to_vec());
    let place = prop::option::of(prop::sample::select(vec!["0000:01:00.0", "0000:02:00.0"]));
    (kind, 0..4_u8, place).prop_map(|(kind, value, place)| Fact {
        kind,
        value: format!("{}-{value}", kind.as_str()),
        place: place.filter(|_| kind == Card).map(str::to_owned),
    })
}

fn any_facts() -> impl Strategy<Value = Vec<Fact>> {
    prop::collection::vec(any_fact(), 0..10)
}

proptest! {
    #[test]
    fn the_order_of_facts_and_nodes_does_not_matter(
        report in any_facts(),
        nodes in prop::collection::vec(any_facts(), 0..4),
    ) {
        let set = |facts: &[Fact]| facts.iter().cloned().collect::<Facts>();
        let backwards = |facts: &[Fact]| facts.iter().rev().cloned().collect::<Facts>();
        let known: Vec<Facts> = nodes.iter().map(|node| set(node)).collect();
        let found = look(&set(&report), &known);
        prop_assert_eq!(&found, &look(&backwards(&report), &known));
        let machine = Machine { facts: set(&report), has_all_cards: true };
        let mut turned = candidates(&machine.facts, &known);
        let straight = decide(&machine, turned.clone());
        turned.nodes.reverse();
        let turned = decide(&machine, turned);
        prop_assert_eq!(straight.answer, turned.answer);
    }

    #[test]
    fn a_contradicting_fact_never_raises_a_score(
        report in any_facts(),
        node in any_facts(),
        kind in prop::sample::select(FactKind::ALL.to_vec()),
        all in any::<bool>(),
    ) {
        let (report, node): (Facts, Facts) = (report.into_iter().collect(), node.into_iter().collect());
        // Of what a machine has one of, it has none yet.
        let report = without(&report, if kind == Card { &[] } else { std::slice::from_ref(&kind) });
        let nothing = BTreeSet::new();
        let points = |facts: Facts| {
            let machine = Machine { facts, has_all_cards: all };
            super::score::compare(&machine, &node, &nothing).points
        };
        let contradiction = fact(kind, "of another machine");
        prop_assert!(points(with(&report, &[contradiction])) <= points(report));
    }

    #[test]
    fn what_several_nodes_share_never_decides(
        report in any_facts(),
        nodes in prop::collection::vec(any_facts(), 1..4),
    ) {
        let report: Facts = report.into_iter().collect();
        // Every node twice: all that it has is shared.
        let nodes: Vec<Facts> = nodes.into_iter().map(|node| node.into_iter().collect()).collect();
        let twice: Vec<Facts> = nodes.iter().chain(&nodes).cloned().collect();
        prop_assert!(!matches!(look(&report, &twice).answer, Answer::One(_)));
    }
}
