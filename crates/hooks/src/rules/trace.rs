//! What rules did and why, for whoever wonders.

use serde_json::Value;

/// What became of each rule, in order.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RuleTrace {
    /// One entry for every rule.
    pub rules: Vec<RuleOutcome>,
}

/// What became of one rule.
#[derive(Debug, Clone, PartialEq)]
pub struct RuleOutcome {
    /// The rule's UUID.
    pub uuid: String,
    /// Whether the rule's scope is the node's; otherwise nothing was looked at.
    pub in_scope: bool,
    /// Every condition, also after one that does not hold.
    pub conditions: Vec<ConditionOutcome>,
    /// Whether all conditions hold, so that the actions were done.
    pub applied: bool,
    /// The actions that were done.
    pub actions: Vec<ActionOutcome>,
}

/// What a condition came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConditionOutcome {
    /// The operator.
    pub op: String,
    /// The field, as the rule has it.
    pub field: String,
    /// Whether the condition holds.
    pub held: bool,
    /// How many values were looked at.
    pub looked_at: usize,
    /// Where it holds, as normalized paths (RFC 9535, section 2.7); the first 16.
    pub held_at: Vec<String>,
}

/// What an action did.
#[derive(Debug, Clone, PartialEq)]
pub struct ActionOutcome {
    /// The action's name, e.g. `set-attribute`.
    pub action: &'static str,
    /// What it changed: a path, a capability or a trait.
    pub target: String,
    /// The value, with fields filled in; null where the action has none.
    pub value: Value,
}
