//! Evidence of why hooks or rules refused a report: which one, and what its conditions came to.

use assay_domain::{About, Cause};
use assay_hooks::{ConditionOutcome, HookError, RuleFailure};
use serde_json::{Value, json};

use crate::App;

/// Notes why the report of an introspection was refused.
pub(super) fn note(app: &App, introspection_id: i64, error: &HookError) {
    let about = About::Introspection(introspection_id);
    let hook = |hook: &str, message: &str| {
        let (cause, text) = match hook {
            "ramdisk_error" => (Cause::RamdiskError, message.to_owned()),
            _ => (Cause::HookFailed, format!("hook {hook}: {message}")),
        };
        let facts = json!({"hook": hook});
        app.evidence()
            .points(about.clone(), cause, hook, &text, facts);
    };
    match error {
        HookError::Settings(_) => {}
        HookError::Preprocessing(failures) => {
            for (name, message) in failures {
                hook(name, message);
            }
        }
        HookError::Hook {
            hook: name,
            message,
        } => hook(name, message),
        HookError::Rule(failure) => {
            let facts = json!({
                "rule": failure.uuid,
                "place": failure.place.to_string(),
                "conditions": failure.conditions.iter().map(shown).collect::<Vec<Value>>(),
            });
            let (cause, text) = (Cause::RuleFailed, text_of(failure));
            app.evidence()
                .points(about, cause, &failure.uuid, &text, facts);
        }
    }
}

fn text_of(failure: &RuleFailure) -> String {
    let conditions: Vec<String> = failure
        .conditions
        .iter()
        .map(|condition| {
            let held = if condition.held {
                "held"
            } else {
                "did not hold"
            };
            format!(
                "{} {} {} {held}",
                condition.field, condition.op, condition.wanted
            )
        })
        .collect();
    let trace = if conditions.is_empty() {
        "it has no conditions".to_owned()
    } else {
        conditions.join("; ")
    };
    format!(
        "rule {} at {}: {} ({trace})",
        failure.title(),
        failure.place,
        failure.message
    )
}

fn shown(condition: &ConditionOutcome) -> Value {
    json!({
        "op": condition.op,
        "field": condition.field,
        "value": condition.wanted,
        "held": condition.held,
        "held_at": condition.held_at().collect::<Vec<_>>(),
    })
}
