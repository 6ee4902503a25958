//! An introspection rule as data. What it means is in the rule engine (assay-hooks).

use serde_json::{Map, Value};

use crate::Timestamp;

/// A condition of a rule: `op`, `field`, `invert`, `multiple` and the operator's own parameters.
pub type RuleItem = Map<String, Value>;

/// A rule: when all conditions hold on a report, the actions are done, in order.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// Key in the store; rules run in its order.
    pub id: i64,
    /// The rule's UUID, or whatever unique text its creator gave.
    pub uuid: String,
    /// For people.
    pub description: Option<String>,
    /// Conditions as their creator wrote them; validated by the rule engine.
    pub conditions: Vec<RuleItem>,
    /// Actions as their creator wrote them; validated by the rule engine.
    pub actions: Vec<RuleItem>,
    /// Applies only to nodes with the same `inspection_scope` property; to all when absent.
    pub scope: Option<String>,
    /// When it was created.
    pub created_at: Timestamp,
}
