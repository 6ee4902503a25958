//! Introspection rules: conditions on a report and its node, and actions when all of them hold.

mod action;
mod compare;
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

use assay_domain::Rule;
use assay_domain::rule::RuleItem;
use serde_json::Value;

use crate::{HookError, Subject, node_view};
use action::{Action, Stop};
use condition::Condition;
pub use trace::{ActionOutcome, ConditionOutcome, RuleOutcome, RuleTrace};

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

/// Looks at all rules' conditions first, then does the actions of those that apply.
pub(crate) fn apply(rules: &[Rule], subject: &mut Subject) -> Result<RuleTrace, HookError> {
    let node = node_view::view(&subject.node);
    let mut trace = RuleTrace::default();
    for rule in rules {
        trace.rules.push(check(rule, &subject.data, &node)?);
    }
    for (rule, outcome) in rules.iter().zip(&mut trace.rules) {
        if outcome.applied {
            run(rule, subject, outcome)?;
        }
    }
    Ok(trace)
}

fn check(rule: &Rule, data: &Value, node: &Value) -> Result<RuleOutcome, HookError> {
    let scope = node
        .pointer("/properties/inspection_scope")
        .and_then(Value::as_str);
    let wanted = rule.scope.as_deref().filter(|scope| !scope.is_empty());
    let in_scope = wanted.is_none() || wanted == scope;
    let mut conditions = Vec::new();
    if in_scope {
        for (at, item) in rule.conditions.iter().enumerate() {
            let condition = Condition::parse(item)
                .map_err(|message| wrong(rule, format!("conditions[{at}]"), message))?;
            conditions.push(condition.check(data, node));
        }
    }
    let applied = in_scope && conditions.iter().all(|condition| condition.held);
    Ok(RuleOutcome {
        uuid: rule.uuid.clone(),
        in_scope,
        conditions,
        applied,
        actions: Vec::new(),
    })
}

fn run(rule: &Rule, subject: &mut Subject, outcome: &mut RuleOutcome) -> Result<(), HookError> {
    for (at, item) in rule.actions.iter().enumerate() {
        let action = Action::parse(item)
            .map_err(|message| wrong(rule, format!("actions[{at}]"), message))?;
        let done = action.run(subject).map_err(|stop| match stop {
            Stop::Failed(message) => HookError::Failed {
                rule: title(rule),
                message,
            },
            Stop::Wrong(message) => {
                wrong(rule, format!("actions[{at}] ({})", action.name()), message)
            }
        })?;
        outcome.actions.push(done);
    }
    Ok(())
}

fn wrong(rule: &Rule, place: String, message: String) -> HookError {
    HookError::Rule {
        rule: title(rule),
        place,
        message,
    }
}

fn title(rule: &Rule) -> String {
    let description = rule.description.as_ref().filter(|text| !text.is_empty());
    description.unwrap_or(&rule.uuid).clone()
}

#[cfg(test)]
mod tests;
