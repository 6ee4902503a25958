//! Introspection rules: conditions on a report and its node, and actions when all of them hold.

mod action;
mod compare;
mod compiled;
mod condition;
mod field;
mod format_spec;
mod notation;
mod operator;
mod params;
mod port_action;
mod template;
mod text;
mod trace;

use assay_domain::rule::RuleItem;
use serde_json::Value;

use action::Action;
use condition::Condition;

pub use action::ENROLL;
pub use compiled::CompiledRules;
pub use trace::{
    ActionOutcome, ConditionOutcome, Judgement, RuleFailure, RuleOutcome, RulePlace, RuleTrace,
    RuleVerdict, ValueOutcome, Verdict,
};

/// Checks the conditions and actions of a rule that somebody wants to create. The error is the
/// reason why it cannot be: an unknown name, a missing or an unknown parameter, a value that makes
/// no sense. Conditions may be missing or empty (the rule always applies), actions may not.
pub fn validate_rule(conditions: &Value, actions: &Value) -> Result<(), String> {
    for (at, item) in items("conditions", conditions)?.iter().enumerate() {
        parse("conditions", at, item, Condition::parse)?;
    }
    let actions = items("actions", actions)?;
    if actions.is_empty() {
        return Err("actions: a rule needs at least one".to_owned());
    }
    for (at, item) in actions.iter().enumerate() {
        parse("actions", at, item, Action::parse)?;
    }
    Ok(())
}

fn items<'a>(what: &str, value: &'a Value) -> Result<&'a [Value], String> {
    match value {
        Value::Null => Ok(&[]),
        Value::Array(items) => Ok(items),
        _ => Err(format!("{what}: must be a list")),
    }
}

fn parse<T>(
    what: &str,
    at: usize,
    item: &Value,
    parse: fn(&RuleItem) -> Result<T, String>,
) -> Result<T, String> {
    let item = item
        .as_object()
        .ok_or_else(|| "must be an object".to_owned());
    item.and_then(parse)
        .map_err(|reason| format!("{what}[{at}]: {reason}"))
}

#[cfg(test)]
mod tests;
