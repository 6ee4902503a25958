//! Tests of whole rules.

use assay_domain::Rule;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::{HookError, HookSettings, Pipeline, Subject, fixture};

fn rule(conditions: Value, actions: Value) -> Rule {
    let items = |value: Value| {
        let list = value.as_array().unwrap().iter();
        list.map(|item| item.as_object().unwrap().clone()).collect()
    };
    Rule {
        id: 1,
        uuid: "r1".to_owned(),
        description: Some("first".to_owned()),
        conditions: items(conditions),
        actions: items(actions),
        scope: None,
        created_at: chrono::DateTime::UNIX_EPOCH,
    }
}

fn apply(rules: &[Rule], subject: &mut Subject) -> Result<RuleTrace, HookError> {
    let rules = CompiledRules::compile(rules);
    let mut judged = subject.clone();
    let judgement = rules.judge(&mut judged);
    let trace = rules.trace(subject);
    assert_eq!(*subject, judged);
    assert_eq!(trace.failure, judgement.failure);
    let verdicts = judgement.rules.iter().map(RuleVerdict::held);
    assert!(verdicts.eq(trace.rules.iter().map(|rule| rule.held)));
    match trace.failure {
        Some(failure) => Err(HookError::Rule(failure)),
        None => Ok(trace),
    }
}

fn processed() -> Subject {
    let mut subject = fixture::subject(fixture::report());
    let pipeline = Pipeline::new(HookSettings::default()).unwrap();
    pipeline.hooks(&mut subject).unwrap();
    subject
}

#[test]
fn a_rule_applies_when_all_conditions_hold() {
    let conditions = json!([
        {"field": "memory_mb", "op": "eq", "value": 2048},
        {"field": "local_gb", "op": "gt", "value": 11},
        {"field": "local_gb", "op": "matches", "value": "[0-9]+"},
        {"field": "cpu_arch", "op": "contains", "value": "[0-9]+"},
        {"field": "root_disk.wwn", "op": "is-empty"},
        {"field": "inventory.interfaces[*].ipv4_address", "op": "contains",
         "value": r"127\.0\.0\.1", "invert": true, "multiple": "all"},
        {"field": "node://properties.local_gb", "op": "eq", "value": 12},
        {"field": "node://driver_info.deploy_kernel", "op": "is-empty"},
    ]);
    let actions = json!([{"action": "set-attribute", "path": "/extra/foo", "value": "bar"}]);
    let mut subject = processed();
    let trace = apply(&[rule(conditions, actions)], &mut subject).unwrap();
    assert_eq!(subject.node.extra["foo"], "bar");
    let outcome = &trace.rules[0];
    assert!(outcome.held && outcome.conditions.iter().all(|condition| condition.held));
    assert_eq!(outcome.conditions[5].looked_at, 3);
    assert_eq!(outcome.actions[0].target, "/extra/foo");
}

#[test]
fn no_rule_sees_what_another_did() {
    let set = json!([{"action": "set-attribute", "path": "/extra/foo", "value": 1}]);
    let see = json!([{"field": "node://extra.foo", "op": "eq", "value": 1}]);
    let seen = json!([{"action": "set-attribute", "path": "/extra/seen", "value": 1}]);
    let mut subject = processed();
    let trace = apply(&[rule(json!([]), set), rule(see, seen)], &mut subject).unwrap();
    assert_eq!((trace.rules[0].held, trace.rules[1].held), (true, false));
    assert_eq!(subject.node.extra.get("seen"), None);
}

#[test]
fn a_scoped_rule_applies_to_its_nodes_only() {
    let actions = json!([{"action": "add-trait", "name": "CUSTOM_A"}]);
    let mut scoped = rule(json!([]), actions);
    scoped.scope = Some("east".to_owned());
    let applied = |scope: Option<&str>| {
        let mut subject = processed();
        if let Some(scope) = scope {
            let scope = ("inspection_scope".to_owned(), scope.into());
            subject.node.properties.extend([scope]);
        }
        apply(std::slice::from_ref(&scoped), &mut subject)
            .unwrap()
            .rules[0]
            .held
    };
    assert!(applied(Some("east")) && !applied(Some("west")) && !applied(None));
}

#[test]
fn fail_shows_its_message_and_stops() {
    let actions = json!([
        {"action": "fail", "message": "boom"},
        {"action": "add-trait", "name": "CUSTOM_A"},
    ]);
    let mut subject = processed();
    let error = apply(&[rule(json!([]), actions)], &mut subject).unwrap_err();
    assert_eq!(error.to_string(), "boom");
    assert!(subject.node.traits.is_empty());
}

#[test]
fn errors_name_the_rule_and_the_place() {
    let error = |conditions, actions| {
        apply(&[rule(conditions, actions)], &mut processed())
            .unwrap_err()
            .to_string()
    };
    let missing = json!([{"action": "set-attribute", "path": "/extra/a", "value": "{data[gpu]}"}]);
    assert_eq!(
        error(json!([]), missing),
        "Rule first: actions[0] (set-attribute): {data[gpu]}: there is no \"gpu\" in data"
    );
    let unknown = json!([{"op": "like", "field": "a"}]);
    assert!(error(unknown, json!([])).starts_with("Rule first: conditions[0]: unknown operator"));
}

#[test]
fn rules_are_validated_as_a_whole() {
    let fail = json!([{"action": "fail", "message": "x"}]);
    assert_eq!(validate_rule(&json!([]), &fail), Ok(()));
    assert_eq!(validate_rule(&Value::Null, &fail), Ok(()));
    let refused =
        |conditions: Value, actions: Value| validate_rule(&conditions, &actions).unwrap_err();
    assert_eq!(
        refused(json!([]), json!([])),
        "actions: a rule needs at least one"
    );
    assert_eq!(
        refused(json!([]), Value::Null),
        "actions: a rule needs at least one"
    );
    assert_eq!(
        refused(json!({}), fail.clone()),
        "conditions: must be a list"
    );
    assert_eq!(
        refused(json!([1]), fail.clone()),
        "conditions[0]: must be an object"
    );
    let second = json!([
        {"op": "is-empty", "field": "a"}, {"op": "matches", "field": "a", "value": "("},
    ]);
    assert!(refused(second, fail).starts_with("conditions[1]: invalid regular expression \"(\": "));
    let bad = json!([{"action": "fail", "message": "x"}, {"action": "add-trait", "name": "?"}]);
    assert!(refused(json!([]), bad).starts_with("actions[1]: action add-trait: "));
}

#[test]
fn the_rule_of_the_public_documentation_works() {
    let conditions = json!([
        {"op": "is-empty", "field": "node://driver_info.deploy_ramdisk"},
        {"op": "is-empty", "field": "node://driver_info.deploy_kernel"},
    ]);
    let actions = json!([
        {"action": "set-attribute", "path": "driver_info/deploy_kernel", "value": "k"},
        {"action": "set-attribute", "path": "driver_info/deploy_ramdisk", "value": "r"},
    ]);
    let rules = [rule(conditions, actions)];
    let mut subject = processed();
    assert!(apply(&rules, &mut subject).unwrap().rules[0].held);
    assert!(!apply(&rules, &mut subject).unwrap().rules[0].held);
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-z]{1,6}", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn no_rule_panics(conditions in any_json(), actions in any_json()) {
        let _ = validate_rule(&conditions, &actions);
    }

    #[test]
    fn no_valid_rule_panics_on_any_report(
        op in prop::sample::select(super::operator::NAMES.to_vec()),
        action in prop::sample::select(super::action::NAMES.to_vec()),
        value in any_json(),
        path in "/?(extra|properties|name|driver_info)(/[a-z0-9~-]{1,4}){0,3}",
        data in any_json(),
    ) {
        let condition = json!({"op": op, "field": "$..*", "value": value, "multiple": "any"});
        let action = json!({"action": action, "path": path, "value": value, "name": "A"});
        let mut subject = fixture::subject(data);
        let _ = apply(&[rule(json!([condition]), json!([action]))], &mut subject);
        let _ = apply(&[rule(json!([]), json!([action]))], &mut subject);
    }
}

#[test]
fn a_rule_that_is_not_understood_stops_before_any_action() {
    let set = json!([{"action": "set-attribute", "path": "/extra/foo", "value": 1}]);
    let good = rule(json!([]), set.clone());
    let conditions = json!([
        {"op": "eq", "field": "memory_mb", "value": 2048},
        {"op": "matches", "field": "a", "value": "("},
    ]);
    let mut bad = rule(conditions, set);
    bad.uuid = "r2".to_owned();
    let rules = CompiledRules::compile(&[good, bad]);
    let mut subject = processed();
    let judgement = rules.judge(&mut subject);
    assert_eq!(subject.node, processed().node);
    let codes: Vec<String> = judgement.rules.iter().map(RuleVerdict::code).collect();
    assert_eq!(codes, ["", "hb"]);
    let failure = judgement.failure.unwrap();
    assert_eq!((failure.rule, failure.uuid.as_str()), (1, "r2"));
    assert_eq!(failure.place, RulePlace::Condition(1));
    assert_eq!(failure.text, r#"{"op":"matches","field":"a","value":"("}"#);
    assert!(failure.conditions[0].held && !failure.deliberate);
    let why = failure.conditions[1].why.as_deref();
    assert!(why.is_some_and(|why| why.starts_with("invalid regular expression")));
}

#[test]
fn a_failure_carries_what_the_conditions_came_to() {
    let conditions = json!([{"op": "ge", "field": "inventory.disks[*].size", "value": 1}]);
    let actions = json!([{"action": "fail", "message": "too many"}]);
    let rules = CompiledRules::compile(&[rule(conditions, actions)]);
    let failure = rules.trace(&mut processed()).failure.unwrap();
    assert!(failure.deliberate);
    assert_eq!((failure.title(), failure.action), ("first", Some("fail")));
    assert_eq!(failure.place.to_string(), "actions[0]");
    assert_eq!(failure.conditions[0].values.len(), 2);
}
