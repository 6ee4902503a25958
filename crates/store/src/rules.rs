//! Introspection rules.

use assay_domain::{Result, Rule};

use crate::Store;

impl Store {
    /// Adds a rule behind the others; its `id` is given by the store.
    ///
    /// # Errors
    /// `Conflict` when the UUID is taken.
    pub async fn create_rule(&self, rule: Rule) -> Result<Rule> {
        write!(self, rules::create(&rule))
    }

    /// All rules in the order in which they run.
    pub async fn rules(&self) -> Result<Vec<Rule>> {
        read!(self, rules::list())
    }

    /// Key and UUID of every rule, in the order in which they run.
    pub async fn rule_keys(&self) -> Result<Vec<(i64, String)>> {
        read!(self, rules::keys())
    }

    /// The rule with that UUID.
    pub async fn rule(&self, uuid: &str) -> Result<Option<Rule>> {
        let uuid = uuid.to_owned();
        read!(self, rules::find(&uuid))
    }

    /// Removes a rule; false when there is none.
    pub async fn delete_rule(&self, uuid: &str) -> Result<bool> {
        let uuid = uuid.to_owned();
        write!(self, rules::delete(&uuid))
    }

    /// Removes all rules; gives how many there were.
    pub async fn delete_rules(&self) -> Result<i64> {
        write!(self, rules::delete_all())
    }
}
