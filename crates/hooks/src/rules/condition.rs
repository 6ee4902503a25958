//! One condition of a rule.

use assay_domain::rule::RuleItem;
use serde_json::Value;

use super::field::{Field, Source};
use super::operator::Operator;
use super::params::Params;
use super::trace::ConditionOutcome;

/// More places than these are not listed in a trace.
const MAX_PLACES: usize = 16;

/// What happens when a field leads to several values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Multiple {
    Any,
    All,
    First,
}

/// A condition, understood.
#[derive(Debug, Clone)]
pub(crate) struct Condition {
    name: String,
    text: String,
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
            field,
            operator,
            multiple,
            invert,
        })
    }

    /// Looks at the report or the node's view. `invert` turns the result for each value round, before
    /// they are put together. A field that is not there makes the condition false, inverted or
    /// not, unless the operator is `is-empty`.
    pub(crate) fn check(&self, data: &Value, node: &Value) -> ConditionOutcome {
        let document = match self.field.source {
            Source::Data => data,
            Source::Node => node,
        };
        let mut found = self.field.find(document);
        if found.is_empty() && self.operator.accepts_missing() {
            found.push((String::new(), &Value::Null));
        }
        if self.multiple == Multiple::First {
            found.truncate(1);
        }
        let looked_at = found.len();
        let held: Vec<String> = found
            .into_iter()
            .filter(|(_, value)| self.operator.holds(value) != self.invert)
            .map(|(place, _)| place)
            .collect();
        let enough = match self.multiple {
            Multiple::All => held.len() == looked_at,
            Multiple::Any | Multiple::First => true,
        };
        ConditionOutcome {
            op: self.name.clone(),
            field: self.text.clone(),
            held: enough && !held.is_empty(),
            looked_at,
            held_at: held
                .into_iter()
                .filter(|place| !place.is_empty())
                .take(MAX_PLACES)
                .collect(),
        }
    }
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
        parse(item)
            .unwrap()
            .check(&data, &json!({"properties": {"cpus": "8"}}))
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
        assert_eq!(outcome.held_at, ["$['list'][1]['n']", "$['list'][2]['n']"]);
        assert_eq!(outcome.looked_at, 3);
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
