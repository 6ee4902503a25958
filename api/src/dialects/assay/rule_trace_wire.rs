//! The trace of rules on one report, as JSON.

use assay_app::{
    ActionOutcome, ConditionOutcome, DryRunTrace, PlannedChange, RuleOutcome, RuleTrace,
    ValueOutcome,
};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::differences::DifferenceWire;
use super::dry_run_wire::{DryRunWire, StopWire};

/// What a dry run answers: the trace of one report, or the run over many.
#[derive(Serialize)]
#[serde(untagged)]
pub(crate) enum DryRunAnswer {
    /// Of one report.
    Trace(TraceWire),
    /// Over many.
    Run(Box<DryRunWire>),
}

/// What rules would do to one report.
#[derive(Serialize, ToSchema)]
#[schema(as = RuleTrace)]
pub(crate) struct TraceWire {
    /// The node's UUID.
    node_uuid: String,
    /// The report's key.
    #[schema(example = 1)]
    report: i64,
    /// What each rule came to, in order; nothing when a hook refuses the report.
    rules: Vec<RuleOutcomeWire>,
    /// What stops the processing of this report; nothing is changed then.
    stop: Option<StopWire>,
    /// What would be changed at the node and its ports.
    changes: Vec<ChangeWire>,
}

impl From<DryRunTrace> for TraceWire {
    fn from(trace: DryRunTrace) -> Self {
        let DryRunTrace {
            node_uuid,
            report_id,
            rules: RuleTrace { rules, failure: _ },
            stop,
            changes,
        } = trace;
        Self {
            node_uuid,
            report: report_id,
            rules: rules.into_iter().map(RuleOutcomeWire::from).collect(),
            stop: stop.map(StopWire::from),
            changes: changes.into_iter().map(ChangeWire::from).collect(),
        }
    }
}

/// What became of one rule.
#[derive(Serialize, ToSchema)]
#[schema(as = RuleOutcome)]
pub(crate) struct RuleOutcomeWire {
    /// The rule's UUID.
    uuid: String,
    /// Its description.
    description: Option<String>,
    /// Whether the rule is for this node; otherwise nothing was looked at.
    in_scope: bool,
    /// Whether all its conditions hold.
    held: bool,
    /// Every condition, in order.
    conditions: Vec<ConditionWire>,
    /// The actions that would be done, with their values.
    actions: Vec<ActionWire>,
}

impl From<RuleOutcome> for RuleOutcomeWire {
    fn from(outcome: RuleOutcome) -> Self {
        let RuleOutcome {
            uuid,
            description,
            in_scope,
            conditions,
            held,
            actions,
        } = outcome;
        Self {
            uuid,
            description,
            in_scope,
            held,
            conditions: conditions.into_iter().map(ConditionWire::from).collect(),
            actions: actions.into_iter().map(ActionWire::from).collect(),
        }
    }
}

/// What a condition came to.
#[derive(Serialize, ToSchema)]
#[schema(as = ConditionOutcome)]
pub(crate) struct ConditionWire {
    /// The operator.
    #[schema(example = "ge")]
    op: String,
    /// The field.
    #[schema(example = "inventory.disks[*].size")]
    field: String,
    /// What it is compared with.
    #[schema(value_type = Option<Object>)]
    value: Value,
    /// any, all or first: how several values count.
    #[schema(value_type = String, example = "any")]
    multiple: &'static str,
    /// Whether the result for each value is turned round.
    invert: bool,
    /// Whether the condition holds.
    held: bool,
    /// Why it does not.
    why: Option<String>,
    /// How many values the field leads to.
    looked_at: usize,
    /// The values; the first 16.
    values: Vec<ValueWire>,
}

impl From<ConditionOutcome> for ConditionWire {
    fn from(outcome: ConditionOutcome) -> Self {
        let ConditionOutcome {
            op,
            field,
            wanted,
            multiple,
            invert,
            held,
            looked_at,
            values,
            why,
        } = outcome;
        Self {
            op,
            field,
            value: wanted,
            multiple,
            invert,
            held,
            why,
            looked_at,
            values: values.into_iter().map(ValueWire::from).collect(),
        }
    }
}

/// What a condition said of one value.
#[derive(Serialize, ToSchema)]
#[schema(as = ValueOutcome)]
pub(crate) struct ValueWire {
    /// Where the value is, as a normalized path (RFC 9535); empty for a field that is not there and
    /// was taken as null.
    #[schema(example = "$['inventory']['disks'][0]['size']")]
    path: String,
    /// The value; a long one is cut off.
    #[schema(value_type = Option<Object>)]
    value: Value,
    /// Whether it satisfies the condition.
    held: bool,
    /// Why it does not.
    why: Option<String>,
}

impl From<ValueOutcome> for ValueWire {
    fn from(outcome: ValueOutcome) -> Self {
        let ValueOutcome {
            path,
            value,
            held,
            why,
        } = outcome;
        Self {
            path,
            value,
            held,
            why,
        }
    }
}

/// An action that would be done.
#[derive(Serialize, ToSchema)]
#[schema(as = ActionOutcome)]
pub(crate) struct ActionWire {
    /// Its name.
    #[schema(value_type = String, example = "set-attribute")]
    action: &'static str,
    /// What it sets: a path, a capability or a trait.
    #[schema(example = "/extra/size")]
    target: String,
    /// To what, with fields filled in.
    #[schema(value_type = Option<Object>)]
    value: Value,
}

impl From<ActionOutcome> for ActionWire {
    fn from(outcome: ActionOutcome) -> Self {
        let ActionOutcome {
            action,
            target,
            value,
        } = outcome;
        Self {
            action,
            target,
            value,
        }
    }
}

/// A change that would be made.
#[derive(Serialize, ToSchema)]
#[schema(as = PlannedChange)]
pub(crate) struct ChangeWire {
    /// hooks or rules.
    #[schema(value_type = String, example = "rules")]
    by: &'static str,
    /// What: a path in `{"node": …, "ports": {MAC: …}}`, the node as rules see it.
    #[serde(flatten)]
    difference: DifferenceWire,
}

impl From<PlannedChange> for ChangeWire {
    fn from(change: PlannedChange) -> Self {
        let PlannedChange { by, difference } = change;
        Self {
            by,
            difference: difference.into(),
        }
    }
}
