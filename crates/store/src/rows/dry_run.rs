//! Rows of the tables of dry runs and of their results.

use assay_domain::rule::RuleItem;
use assay_domain::{DryRun, Rule, Timestamp};
use chrono::NaiveDateTime;
use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use crate::convert::{from_json, parse, to_json, utc};
use crate::fault::Outcome;
use crate::schema::{dry_run_results, dry_runs};

/// A dry run as it is stored.
#[derive(Queryable, Selectable, Insertable, Serialize, Deserialize)]
#[diesel(table_name = dry_runs)]
pub(crate) struct DryRunRow {
    pub(crate) id: i64,
    pub(crate) uuid: String,
    pub(crate) task_id: i64,
    pub(crate) rules: String,
    pub(crate) reports: String,
    pub(crate) scope: Option<String>,
    pub(crate) state: String,
    pub(crate) error: Option<String>,
    pub(crate) up_to: i64,
    pub(crate) cursor_id: i64,
    pub(crate) total: i64,
    pub(crate) done: i64,
    pub(crate) counts: String,
    pub(crate) requested_by: String,
    pub(crate) created_at: NaiveDateTime,
    pub(crate) started_at: Option<NaiveDateTime>,
    pub(crate) finished_at: Option<NaiveDateTime>,
}

impl DryRunRow {
    /// The run, which the task with that UUID does.
    pub(crate) fn with_task(self, task: String) -> Outcome<DryRun> {
        let created_at = utc(self.created_at);
        Ok(DryRun {
            id: self.id,
            uuid: self.uuid,
            task,
            rules: rules(&self.rules, created_at)?,
            reports: parse(&self.reports)?,
            scope: self.scope,
            state: parse(&self.state)?,
            error: self.error,
            up_to: self.up_to,
            cursor: self.cursor_id,
            total: self.total,
            done: self.done,
            counts: from_json(&self.counts)?,
            requested_by: self.requested_by,
            created_at,
            started_at: self.started_at.map(utc),
            finished_at: self.finished_at.map(utc),
        })
    }
}

/// A rule within a dry run.
#[derive(Serialize, Deserialize)]
struct TriedRule {
    uuid: String,
    description: Option<String>,
    conditions: Vec<RuleItem>,
    actions: Vec<RuleItem>,
    scope: Option<String>,
}

/// The rules of a dry run as JSON text.
pub(crate) fn rules_text(rules: &[Rule]) -> Outcome<String> {
    let rules = rules.iter().map(|rule| TriedRule {
        uuid: rule.uuid.clone(),
        description: rule.description.clone(),
        conditions: rule.conditions.clone(),
        actions: rule.actions.clone(),
        scope: rule.scope.clone(),
    });
    to_json(&rules.collect::<Vec<_>>())
}

fn rules(text: &str, created_at: Timestamp) -> Outcome<Vec<Rule>> {
    let rules: Vec<TriedRule> = from_json(text)?;
    let rules = rules.into_iter().map(|rule| Rule {
        id: 0,
        uuid: rule.uuid,
        description: rule.description,
        conditions: rule.conditions,
        actions: rule.actions,
        scope: rule.scope,
        created_at,
    });
    Ok(rules.collect())
}

/// What a dry run said of one report, as it is stored.
#[derive(Queryable, Selectable, Insertable, Serialize, Deserialize)]
#[diesel(table_name = dry_run_results)]
pub(crate) struct DryRunResultRow {
    pub(crate) id: i64,
    pub(crate) dry_run_id: i64,
    pub(crate) report_id: i64,
    pub(crate) node_uuid: String,
    #[serde(with = "super::base64")]
    pub(crate) trace: Vec<u8>,
}
