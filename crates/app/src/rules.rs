//! Use cases of introspection rules.

use assay_domain::rule::RuleItem;
use assay_domain::{Actor, Error, Result, Role, Rule};
use serde_json::Value;
use uuid::Uuid;

use crate::App;

/// A rule as a caller wrote it, not validated yet.
#[derive(Debug, Clone, Default)]
pub struct RuleDraft {
    /// UUID; made when absent.
    pub uuid: Option<String>,
    /// For people.
    pub description: Option<String>,
    /// A list of conditions.
    pub conditions: Value,
    /// A list of actions, at least one.
    pub actions: Value,
    /// Limits the rule to nodes of this inspection scope.
    pub scope: Option<String>,
}

/// Introspection rules.
pub struct Rules<'a> {
    app: &'a App,
}

impl<'a> Rules<'a> {
    pub(crate) fn new(app: &'a App) -> Self {
        Self { app }
    }

    /// Validates a rule and stores it behind all others.
    ///
    /// # Errors
    /// [`Error::Invalid`] with the reason, [`Error::Conflict`] for a UUID that exists.
    pub async fn create(&self, actor: &Actor, draft: RuleDraft) -> Result<Rule> {
        actor.require(Role::Operator)?;
        assay_hooks::validate_rule(&draft.conditions, &draft.actions).map_err(Error::Invalid)?;
        let rule = Rule {
            id: 0,
            uuid: draft.uuid.unwrap_or_else(|| Uuid::new_v4().to_string()),
            description: draft.description,
            conditions: items("conditions", draft.conditions)?,
            actions: items("actions", draft.actions)?,
            scope: draft.scope,
            created_at: self.app.clock().now(),
        };
        let rule = self.app.store().create_rule(rule).await?;
        tracing::info!(user = actor.name, dialect = %actor.dialect, rule = rule.uuid, "rule created");
        Ok(rule)
    }

    /// All rules in the order in which they run.
    pub async fn list(&self, actor: &Actor) -> Result<Vec<Rule>> {
        actor.require(Role::Observer)?;
        self.app.store().rules().await
    }

    /// One rule.
    pub async fn get(&self, actor: &Actor, uuid: &str) -> Result<Rule> {
        actor.require(Role::Observer)?;
        self.app
            .store()
            .rule(uuid)
            .await?
            .ok_or_else(|| Error::not_found("Rule", uuid))
    }

    /// Deletes one rule.
    pub async fn delete(&self, actor: &Actor, uuid: &str) -> Result<()> {
        actor.require(Role::Operator)?;
        if !self.app.store().delete_rule(uuid).await? {
            return Err(Error::not_found("Rule", uuid));
        }
        tracing::info!(user = actor.name, dialect = %actor.dialect, rule = uuid, "rule deleted");
        Ok(())
    }

    /// Deletes every rule.
    pub async fn delete_all(&self, actor: &Actor) -> Result<()> {
        actor.require(Role::Operator)?;
        let count = self.app.store().delete_rules().await?;
        tracing::info!(user = actor.name, dialect = %actor.dialect, count, "all rules deleted");
        Ok(())
    }
}

pub(crate) fn items(what: &str, value: Value) -> Result<Vec<RuleItem>> {
    match value {
        Value::Null => Ok(Vec::new()),
        Value::Array(items) => items
            .into_iter()
            .map(|item| match item {
                Value::Object(item) => Ok(item),
                other => Err(Error::invalid(format!("{what}: {other} is not an object"))),
            })
            .collect(),
        other => Err(Error::invalid(format!("{what}: {other} is not a list"))),
    }
}
