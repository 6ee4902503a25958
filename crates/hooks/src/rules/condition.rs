//! One condition of a rule.

use assay_domain::rule::RuleItem;
use serde_json::Value;

use super::field::{Field, Source};
use super::operator::Operator;
use super::params::Params;
use super::trace::{ConditionOutcome, ValueOutcome, Verdict};

/// More values than these are not listed in a trace.
const MAX_VALUES: usize = 16;
/// Longer values are cut off in a trace, in bytes of JSON.
const MAX_SHOWN: usize = 256;

/// What happens when a field leads to several values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Multiple {
    Any,
    All,
    First,
}

impl Multiple {
    fn as_str(self) -> &'static str {
        match self {
            Self::Any => "any",
            Self::All => "all",
            Self::First => "first",
        }
    }
}

/// A condition, understood.
#[derive(Debug, Clone)]
pub(crate) struct Condition {
    name: String,
    text: String,
    wanted: Value,
    field: Field,
    operator: Operator,
    multiple: Multiple,
    invert: bool,
}

impl Condition {
    /// The error is the reason why the rule is bad.
    pub(crate) fn parse(item: &RuleItem) -> Result<Self, String> {
        let mut params = Params::new(item, &[]);
        let name = params.text("op")?;
        let text = params.text("field")?;
        let invert = params.flag("invert")?;
        let multiple = multiple(params.optional("multiple"))?;
        let field = Field::parse(&text)?;
        let wrong = |reason| format!("operator {name}: {reason}");
        let operator = Operator::parse(&name, &mut params)?;
        params.finish().map_err(wrong)?;
        Ok(Self {
            name,
            text,
            wanted: item.get("value").cloned().unwrap_or_default(),
            field,
            operator,
            multiple,
            invert,
        })
    }

    /// Looks at the report or the node's view. `invert` turns the result for each value round, before
    /// they are put together. A field that is not there makes the condition false, inverted or
    /// not, unless the operator is `is-empty`.
    pub(crate) fn verdict(&self, data: &Value, node: &Value) -> Verdict {
        let mut found = self.field.values(self.document(data, node));
        if found.is_empty() {
            if !self.operator.accepts_missing() {
                return Verdict::Missing;
            }
            found.push(&Value::Null);
        }
        let mut results = found.into_iter().map(|value| self.holds(value));
        let held = match self.multiple {
            Multiple::Any => results.any(|held| held),
            Multiple::All => results.all(|held| held),
            Multiple::First => results.next() == Some(true),
        };
        if held {
            Verdict::Held
        } else {
            Verdict::NotHeld
        }
    }

    /// As [`Self::verdict`], with every value and the reason.
    pub(crate) fn explain(&self, data: &Value, node: &Value) -> ConditionOutcome {
        let mut found = self.field.find(self.document(data, node));
        let missing = found.is_empty();
        if missing && self.operator.accepts_missing() {
            found.push((String::new(), &Value::Null));
        }
        if self.multiple == Multiple::First {
            found.truncate(1);
        }
        let held = self.verdict(data, node) == Verdict::Held;
        let fits = found.iter().filter(|(_, value)| self.holds(value)).count();
        ConditionOutcome {
            op: self.name.clone(),
            field: self.text.clone(),
            wanted: self.wanted.clone(),
            multiple: self.multiple.as_str(),
            invert: self.invert,
            held,
            looked_at: found.len(),
            why: (!held).then(|| self.why(missing, fits, &found)),
            values: found
                .iter()
                .take(MAX_VALUES)
                .map(|(path, value)| self.outcome(path, value))
                .collect(),
        }
    }

    fn document<'a>(&self, data: &'a Value, node: &'a Value) -> &'a Value {
        match self.field.source {
            Source::Data => data,
            Source::Node => node,
        }
    }

    fn holds(&self, value: &Value) -> bool {
        self.operator.holds(value) != self.invert
    }

    fn outcome(&self, path: &str, value: &Value) -> ValueOutcome {
        let held = self.holds(value);
        ValueOutcome {
            path: path.to_owned(),
            value: shown(value),
            held,
            why: (!held).then(|| self.operator.why_not(value, self.invert)),
        }
    }

    fn why(&self, missing: bool, fits: usize, found: &[(String, &Value)]) -> String {
        let source = match self.field.source {
            Source::Data => "the report",
            Source::Node => "the node",
        };
        let reason = |value: &Value| self.operator.why_not(value, self.invert);
        match found {
            _ if missing && found.is_empty() => format!("{source} has no {}", self.text),
            [(_, value)] => format!("{} {}", shown(value), reason(value)),
            _ if self.multiple == Multiple::All => {
                let first = found.iter().find(|(_, value)| !self.holds(value));
                let first = first.map_or(String::new(), |(path, value)| {
                    format!(": {path} = {} {}", shown(value), reason(value))
                });
                format!("only {fits} of {} values satisfy it{first}", found.len())
            }
            _ => format!("none of {} values satisfies it", found.len()),
        }
    }
}

/// The value, or the beginning of its text when it is long.
fn shown(value: &Value) -> Value {
    let text = match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => return value.clone(),
        Value::String(text) if text.len() <= MAX_SHOWN => return value.clone(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    if text.len() <= MAX_SHOWN {
        return value.clone();
    }
    let end = text.floor_char_boundary(MAX_SHOWN);
    let start = text.get(..end).unwrap_or_default();
    Value::String(format!("{start}… ({} bytes)", text.len()))
}

fn multiple(value: Option<Value>) -> Result<Multiple, String> {
    match value.as_ref().map(Value::as_str) {
        None | Some(Some("any")) => Ok(Multiple::Any),
        Some(Some("all")) => Ok(Multiple::All),
        Some(Some("first")) => Ok(Multiple::First),
        Some(_) => Err("multiple must be any, all or first".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn parse(item: Value) -> Result<Condition, String> {
        Condition::parse(item.as_object().unwrap())
    }

    fn check(item: Value) -> ConditionOutcome {
        let data = json!({"list": [{"n": 1}, {"n": 2}, {"n": 3}], "empty": []});
        let node = json!({"properties": {"cpus": "8"}});
        let condition = parse(item).unwrap();
        let outcome = condition.explain(&data, &node);
        let verdict = condition.verdict(&data, &node);
        assert_eq!(verdict == Verdict::Held, outcome.held, "{outcome:?}");
        assert_eq!(outcome.why.is_none(), outcome.held, "{outcome:?}");
        outcome
    }

    #[test]
    fn several_values_are_put_together() {
        for (multiple, invert, value, expected) in [
            ("any", false, 2, true),
            ("any", false, 9, false),
            ("all", false, 0, true),
            ("all", false, 1, false),
            ("first", false, 0, true),
            ("first", false, 1, false),
            ("any", true, 1, true),
            ("any", true, 0, false),
            ("all", true, 1, false),
            ("all", true, 3, true),
            ("first", true, 1, true),
        ] {
            let outcome = check(json!({
                "op": "gt", "field": "list[*].n", "value": value,
                "multiple": multiple, "invert": invert,
            }));
            assert_eq!(outcome.held, expected, "{multiple} {invert} {value}");
        }
    }

    #[test]
    fn the_places_are_told() {
        let outcome = check(json!({"op": "ge", "field": "list[*].n", "value": 2}));
        let places: Vec<&str> = outcome.held_at().collect();
        assert_eq!(places, ["$['list'][1]['n']", "$['list'][2]['n']"]);
        assert_eq!(outcome.looked_at, 3);
        assert_eq!(outcome.values[0].value, 1);
        let why = outcome.values[0].why.as_deref();
        assert_eq!(why, Some("is less than 2"));
    }

    #[test]
    fn what_does_not_hold_says_why() {
        let why = |item| check(item).why.unwrap();
        for (item, expected) in [
            (
                json!({"op": "eq", "field": "gpu.count", "value": 1}),
                "the report has no gpu.count",
            ),
            (
                json!({"op": "eq", "field": "node://extra.a", "value": 1}),
                "the node has no node://extra.a",
            ),
            (
                json!({"op": "gt", "field": "list[0].n", "value": 4}),
                "1 is less than 4",
            ),
            (
                json!({"op": "gt", "field": "list", "value": 4}),
                "[{\"n\":1},{\"n\":2},{\"n\":3}] cannot be compared with 4",
            ),
            (
                json!({"op": "gt", "field": "list[*].n", "value": 4}),
                "none of 3 values satisfies it",
            ),
            (
                json!({"op": "gt", "field": "list[*].n", "value": 1, "multiple": "all"}),
                "only 2 of 3 values satisfy it: $['list'][0]['n'] = 1 is equal to 1",
            ),
            (
                json!({"op": "is-empty", "field": "empty", "invert": true}),
                "[] is empty, and the condition is inverted",
            ),
            (
                json!({"op": "in-net", "field": "list[0].n", "value": "10.0.0.0/8"}),
                "1 is no IP address",
            ),
            (
                json!({"op": "matches", "field": "list[0].n", "value": "[2-9]"}),
                "1 does not match [2-9]",
            ),
        ] {
            assert_eq!(why(item.clone()), expected, "{item}");
        }
    }

    #[test]
    fn long_values_are_cut_off() {
        let long = "\u{e9}".repeat(200);
        let cut = shown(&json!(long));
        let cut = cut.as_str().unwrap();
        assert!(cut.ends_with("… (400 bytes)") && cut.len() < 300, "{cut}");
        assert_eq!(shown(&json!([1, 2])), json!([1, 2]));
    }

    #[test]
    fn missing_fields_hold_only_for_is_empty() {
        let held = |op: &str, invert: bool| {
            let value = (op != "is-empty").then_some(1);
            check(json!({"op": op, "field": "no.such", "value": value, "invert": invert})).held
        };
        assert!(held("is-empty", false) && !held("is-empty", true));
        assert!(!held("eq", false) && !held("eq", true) && !held("ne", false));
        assert!(check(json!({"op": "is-empty", "field": "empty"})).held);
    }

    #[test]
    fn the_node_can_be_looked_at() {
        assert!(check(json!({"op": "eq", "field": "node://properties.cpus", "value": 8})).held);
    }

    #[test]
    fn bad_conditions_say_why() {
        let refused = |item| parse(item).unwrap_err();
        assert_eq!(refused(json!({"field": "a"})), "missing parameter: op");
        assert_eq!(refused(json!({"op": "eq"})), "missing parameter: field");
        assert_eq!(
            refused(json!({"op": "eq", "field": "a"})),
            "missing parameter: value"
        );
        assert_eq!(
            refused(json!({"op": "eq", "field": "a", "value": null})),
            "missing parameter: value"
        );
        assert_eq!(
            refused(json!({"op": "is-empty", "field": "a", "value": 1})),
            "operator is-empty: unknown parameter: value"
        );
        assert!(refused(json!({"op": "eq", "field": 1})).contains("field must be a text"));
        let item = json!({"op": "eq", "field": "a", "value": 1, "multiple": "some"});
        assert!(refused(item).contains("any, all or first"));
        let item = json!({"op": "eq", "field": "a", "value": 1, "invert": "yes"});
        assert!(refused(item).contains("true or false"));
    }
}
