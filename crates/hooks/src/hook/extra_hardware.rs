//! Hook: the facts of the extra-hardware collector as nested objects.

use serde_json::{Map, Value};

use super::Hook;
use crate::report::put;
use crate::{HookSettings, Subject};

/// Turns `data.data`, a list of `[group, name, key, value]`, into `data.extra`
/// (`extra[group][name][key]`), which rules can use, and removes the list. Values that are whole
/// numbers as text become numbers.
pub(crate) struct ExtraHardware;

impl Hook for ExtraHardware {
    fn name(&self) -> &'static str {
        "extra_hardware"
    }

    fn update(&self, subject: &mut Subject, settings: &HookSettings) -> Result<(), String> {
        let strict = settings.extra_hardware_strict;
        let Some(report) = subject.data.as_object_mut() else {
            return Ok(());
        };
        let Some(facts) = report.get("data") else {
            return Ok(());
        };
        let extra = nested(facts, strict);
        if extra.is_none() {
            tracing::warn!(
                node = subject.node.uuid,
                "extra hardware facts are malformed"
            );
        }
        if extra.is_some() || strict {
            report.shift_remove("data");
        }
        if let Some(extra) = extra {
            put(&mut subject.data, "extra", extra);
        }
        Ok(())
    }
}

/// `None` when the facts are not a list of lists, or when strict and one has not four entries.
fn nested(facts: &Value, strict: bool) -> Option<Map<String, Value>> {
    let mut extra = Map::new();
    for fact in facts.as_array()? {
        match fact.as_array()?.as_slice() {
            [group, name, key, value] => insert(&mut extra, [group, name, key], value),
            [group, name, key, value, ..] if !strict => {
                insert(&mut extra, [group, name, key], value);
            }
            _ if strict => return None,
            short => tracing::debug!(entries = short.len(), "extra hardware fact is too short"),
        }
    }
    Some(extra)
}

fn insert(extra: &mut Map<String, Value>, path: [&Value; 3], value: &Value) {
    let [group, name, key] = path.map(|part| match part {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    });
    let group = extra.entry(group).or_insert_with(|| Map::new().into());
    let named = group
        .as_object_mut()
        .map(|group| group.entry(name).or_insert_with(|| Map::new().into()));
    if let Some(facts) = named.and_then(Value::as_object_mut) {
        facts.insert(key, number(value));
    }
}

fn number(value: &Value) -> Value {
    let whole = value
        .as_str()
        .and_then(|text| text.trim().parse::<i64>().ok());
    whole.map_or_else(|| value.clone(), Value::from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;
    use serde_json::json;

    fn run(facts: Value, extra_hardware_strict: bool) -> Value {
        let mut subject = fixture::subject(json!({"data": facts}));
        let settings = HookSettings {
            extra_hardware_strict,
            ..HookSettings::default()
        };
        ExtraHardware.update(&mut subject, &settings).unwrap();
        subject.data
    }

    #[test]
    fn facts_are_nested_and_numbers_recognised() {
        let facts = json!([
            ["memory", "total", "size", "4294967296"],
            ["cpu", "physical", "number", 1],
            ["cpu", "physical_0", "vendor", "AuthenticAMD"],
            [],
            ["short"],
            ["system", "product", "name", "Box", "more"],
        ]);
        let expected = json!({"extra": {
            "memory": {"total": {"size": 4_294_967_296_i64}},
            "cpu": {"physical": {"number": 1}, "physical_0": {"vendor": "AuthenticAMD"}},
            "system": {"product": {"name": "Box"}},
        }});
        assert_eq!(run(facts, false), expected);
    }

    #[test]
    fn other_shapes_stay_unless_strict() {
        assert_eq!(run(json!({"a": 1}), false), json!({"data": {"a": 1}}));
        assert_eq!(run(json!({"a": 1}), true), json!({}));
        assert_eq!(run(json!([["a", "b", "c"]]), true), json!({}));
        assert_eq!(run(json!([["a", "b", "c"]]), false), json!({"extra": {}}));
    }

    #[test]
    fn a_report_without_facts_stays() {
        let mut subject = fixture::subject(json!({"x": 1}));
        ExtraHardware
            .update(&mut subject, &HookSettings::default())
            .unwrap();
        assert_eq!(subject.data, json!({"x": 1}));
    }
}
