//! What is a difference, what is none, and that the differences are the whole difference.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::apply::apply;
use super::*;

fn lasting(before: &Value, after: &Value) -> Vec<(String, &'static str, Value, Value)> {
    differences(before, after, Scope::Lasting)
        .into_iter()
        .map(|one| {
            let value = |value: Option<Value>| value.unwrap_or_default();
            let kind = one.kind.as_str();
            (one.path, kind, value(one.before), value(one.after))
        })
        .collect()
}

fn report(interfaces: Value, disks: Value) -> Value {
    json!({"inventory": {"interfaces": interfaces, "disks": disks, "cpu": {"count": 4}}})
}

#[test]
fn fields_are_added_removed_and_changed() {
    let before = json!({"a": 1, "b": {"c~d/e": [1, 2]}, "gone": "x"});
    let after = json!({"new": true, "a": 2, "b": {"c~d/e": [2, 1]}});
    assert_eq!(
        lasting(&before, &after),
        [
            ("/a".to_owned(), "changed", json!(1), json!(2)),
            ("/gone".to_owned(), "removed", json!("x"), Value::Null),
            ("/new".to_owned(), "added", Value::Null, json!(true)),
        ]
    );
    let escaped = lasting(&json!({"c~d/e": 1}), &json!({"c~d/e": 2}));
    assert_eq!(escaped[0].0, "/c~0d~1e");
    assert_eq!(lasting(&json!(1), &json!([]))[0].0, "");
}

#[test]
fn another_order_is_no_difference() {
    let card = |name: &str, mac: &str| json!({"name": name, "mac_address": mac});
    let disk = |name: &str, serial: &str| json!({"name": name, "serial": serial});
    let before = report(
        json!([
            card("eth0", "02:00:00:00:00:01"),
            card("eth1", "02:00:00:00:00:02")
        ]),
        json!([disk("/dev/sda", "S1"), disk("/dev/sdb", "S2")]),
    );
    let after = report(
        json!([
            card("eth1", "02:00:00:00:00:02"),
            card("eth0", "02:00:00:00:00:01")
        ]),
        json!([disk("/dev/sdb", "S2"), disk("/dev/sda", "S1")]),
    );
    assert_eq!(lasting(&before, &after), []);
    for (list, one, two) in [
        (
            "pci_devices",
            json!({"bus": "0000:00:01.0", "x": 1}),
            json!({"bus": "0000:00:02.0", "x": 2}),
        ),
        (
            "usb_devices",
            json!({"handle": "USB:1-1", "x": 1}),
            json!({"handle": "USB:1-2", "x": 2}),
        ),
        (
            "memory_modules",
            json!({"slot": "A1", "size": 1}),
            json!({"slot": "B1", "size": 2}),
        ),
        (
            "cpus",
            json!({"cpu": 0, "numa_node": 0, "t": 1}),
            json!({"cpu": 0, "numa_node": 1, "t": 2}),
        ),
        ("flags", json!("fpu"), json!("vmx")),
        (
            "data",
            json!(["cpu", "physical", "number", "1"]),
            json!(["cpu", "physical", "flags", "x"]),
        ),
        (
            "lldp",
            json!([127, "0080c2010066"]),
            json!([127, "0080c2020066"]),
        ),
    ] {
        let before = json!({list: [one, two]});
        let after = json!({list: [two, one]});
        assert_eq!(lasting(&before, &after), [], "{list}");
    }
}

#[test]
fn an_entry_is_known_by_its_surest_mark() {
    let disk = |name: &str, serial: &str| json!({"name": name, "serial": serial});
    let before = json!({"disks": [disk("/dev/sda", "S1"), disk("/dev/sdb", "S2")]});
    // The first disk is gone, so that the kernel's names move up; a third one is new.
    let after = json!({"disks": [disk("/dev/sda", "S2"), disk("/dev/sdb", "S3")]});
    let found = differences(&before, &after, Scope::Lasting);
    let short: Vec<_> = found
        .iter()
        .map(|one| (one.path.as_str(), one.item.as_deref(), one.kind.as_str()))
        .collect();
    assert_eq!(
        short,
        [
            ("/disks/0", Some("serial=s1"), "removed"),
            ("/disks/1/name", Some("serial=s2"), "changed"),
            ("/disks/-", Some("serial=s3"), "added"),
        ]
    );
    // Another disk in the same place: the fields tell.
    let swapped = json!({"disks": [disk("/dev/sda", "S9"), disk("/dev/sdb", "S2")]});
    assert_eq!(lasting(&before, &swapped)[0].0, "/disks/0/serial");
}

#[test]
fn marks_that_several_entries_share_tell_nothing() {
    let disk = |name: &str| json!({"name": name, "serial": "SAME", "size": name.len()});
    let before = json!({"disks": [disk("/dev/sda"), disk("/dev/sdbb")]});
    let after =
        json!({"disks": [disk("/dev/sdbb"), {"name": "/dev/sda", "serial": "SAME", "size": 1}]});
    assert_eq!(
        lasting(&before, &after),
        [("/disks/0/size".to_owned(), "changed", json!(8), json!(1))]
    );
}

#[test]
fn facts_change_like_fields() {
    let before = json!({"data": [["cpu", "physical", "number", "1"], ["a", "b", "bogomips", "1"]]});
    let after = json!({"data": [["a", "b", "bogomips", "2"], ["cpu", "physical", "number", "2"]]});
    assert_eq!(
        lasting(&before, &after),
        [("/data/0/3".to_owned(), "changed", json!("1"), json!("2"))]
    );
}

#[test]
fn what_changes_by_itself_is_left_out_unless_asked_for() {
    let before = json!({
        "logs": "a", "inventory": {"cpu": {"frequency": "1"}, "hostname": null},
        "extra": {"system": {"Boot-Time": 1, "frequency": 5}},
    });
    let after = json!({
        "logs": "b", "inventory": {"cpu": {"frequency": "2"}},
        "extra": {"system": {"Boot-Time": 2, "frequency": 6, "uptime": 3}},
    });
    let found = lasting(&before, &after);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].0, "/extra/system/frequency");
    assert_eq!(differences(&before, &after, Scope::All).len(), 6);
}

#[test]
fn differences_of_other_documents_are_refused() {
    let found = differences(&json!({"a": [1]}), &json!({"a": [2], "b": 1}), Scope::All);
    for other in [
        json!({}),
        json!({"a": [5]}),
        json!({"a": [1], "b": 2}),
        json!([]),
    ] {
        assert!(apply(&other, &found).is_err(), "{other}");
    }
}

/// The document with all lists in one order, since their order is no difference.
fn sorted(value: &Value) -> Value {
    match value {
        Value::Array(list) => {
            let mut list: Vec<Value> = list.iter().map(sorted).collect();
            list.sort_by_key(Value::to_string);
            Value::Array(list)
        }
        Value::Object(map) => {
            let mut fields: Vec<_> = map.iter().collect();
            fields.sort_by_key(|(key, _)| key.as_str());
            let fields = fields.into_iter();
            Value::Object(
                fields
                    .map(|(key, value)| (key.clone(), sorted(value)))
                    .collect(),
            )
        }
        other => other.clone(),
    }
}

fn documents() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (0..4_i64).prop_map(Value::from),
        "[ab~/]{0,2}".prop_map(Value::from),
    ];
    let names = prop::sample::select(vec![
        "disks",
        "name",
        "serial",
        "wwn",
        "interfaces",
        "data",
        "logs",
        "a/b",
        "~",
        "uptime",
    ]);
    leaf.prop_recursive(4, 48, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map(names.clone(), inner, 0..5).prop_map(|map| {
                let fields = map.into_iter();
                Value::Object(fields.map(|(key, value)| (key.to_owned(), value)).collect())
            }),
        ]
    })
}

/// What happened to which values, whichever way round.
fn facts(found: &[Difference], turned: bool) -> Vec<String> {
    let mut facts: Vec<String> = found
        .iter()
        .map(|one| {
            let (old, new) = if turned {
                (&one.after, &one.before)
            } else {
                (&one.before, &one.after)
            };
            format!("{old:?} {new:?}")
        })
        .collect();
    facts.sort();
    facts
}

proptest! {
    #[test]
    fn a_document_does_not_differ_from_itself(document in documents()) {
        prop_assert_eq!(differences(&document, &document, Scope::All), []);
    }

    #[test]
    fn the_differences_make_the_one_document_the_other(before in documents(), after in documents()) {
        let found = differences(&before, &after, Scope::All);
        let made = apply(&before, &found).unwrap();
        prop_assert_eq!(sorted(&made), sorted(&after), "{:#?}", found);
    }

    #[test]
    fn the_way_back_is_the_same_way(before in documents(), after in documents()) {
        let there = differences(&before, &after, Scope::All);
        let back = differences(&after, &before, Scope::All);
        prop_assert_eq!(facts(&there, false), facts(&back, true));
    }

    #[test]
    fn what_lasts_is_a_part_of_all(before in documents(), after in documents()) {
        let all = differences(&before, &after, Scope::All);
        for one in differences(&before, &after, Scope::Lasting) {
            prop_assert!(all.contains(&one), "{:?}", one);
        }
    }
}
