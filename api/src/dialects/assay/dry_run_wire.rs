//! Dry runs over many reports, as JSON.

use assay_app::{ReportResult, ReportVerdict, RuleVerdict, Stop, Verdict};
use assay_domain::{ConditionCounts, DryRun, DryRunCounts, Rule, RuleCounts};
use serde::Serialize;
use utoipa::ToSchema;

use super::iso;

/// A dry run over many reports.
#[derive(Serialize, ToSchema)]
#[schema(as = DryRun)]
pub(crate) struct DryRunWire {
    /// UUID.
    #[schema(example = "0f6c1b1e-3f0a-4b55-8d6e-1b0c9e0d7a11")]
    id: String,
    /// UUID of the task that does it.
    task: String,
    /// waiting, running, finished, failed or cancelled.
    #[schema(value_type = String, example = "running")]
    state: &'static str,
    /// Why it failed.
    error: Option<String>,
    /// newest or all.
    #[schema(value_type = String, example = "newest")]
    reports: &'static str,
    /// The inspection scope that it is limited to.
    scope: Option<String>,
    /// How many reports there are to look at; 0 until it has begun.
    #[schema(example = 10000)]
    total: i64,
    /// How many were looked at.
    #[schema(example = 2560)]
    done: i64,
    /// Of these, reports of other scopes, and ones that went away meanwhile.
    skipped: i64,
    /// Reports that a hook refuses, so that no rule would see them.
    refused_by_hook: i64,
    /// Reports at which a rule stops everything.
    stopped_by_rule: i64,
    /// Reports by which the rules would change their node or its ports.
    changed: i64,
    /// What each rule came to.
    rules: Vec<TriedRuleWire>,
    /// Who asked.
    #[schema(example = "admin")]
    requested_by: String,
    /// When it was asked for, UTC.
    created_at: String,
    /// When a worker began with it, UTC.
    started_at: Option<String>,
    /// When it ended, UTC.
    finished_at: Option<String>,
}

/// On how many reports a rule came to what.
#[derive(Serialize, ToSchema)]
pub(crate) struct TriedRuleWire {
    /// The rule's UUID.
    uuid: String,
    /// Its description.
    description: Option<String>,
    /// Reports on which all its conditions hold.
    held: i64,
    /// Reports on which one does not.
    not_held: i64,
    /// Reports of nodes that it is not for.
    out_of_scope: i64,
    /// Reports on which it is the first to stop everything: by an error, or by its `fail` action.
    stopped: i64,
    /// Its conditions, in order.
    conditions: Vec<ConditionCountsWire>,
}

/// On how many reports a condition came to what.
#[derive(Serialize, ToSchema)]
pub(crate) struct ConditionCountsWire {
    /// It holds.
    held: i64,
    /// Its field is not there.
    missing: i64,
    /// Its field is there, and it does not hold.
    not_held: i64,
    /// It cannot be understood.
    broken: i64,
}

impl From<ConditionCounts> for ConditionCountsWire {
    fn from(counts: ConditionCounts) -> Self {
        let ConditionCounts {
            held,
            missing,
            not_held,
            broken,
        } = counts;
        Self {
            held,
            missing,
            not_held,
            broken,
        }
    }
}

impl TriedRuleWire {
    fn new(rule: Rule, counts: RuleCounts) -> Self {
        let RuleCounts {
            held,
            not_held,
            out_of_scope,
            stopped,
            mut conditions,
        } = counts;
        // Those that no report has come to yet.
        conditions.resize_with(rule.conditions.len(), ConditionCounts::default);
        Self {
            uuid: rule.uuid,
            description: rule.description,
            held,
            not_held,
            out_of_scope,
            stopped,
            conditions: conditions.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<DryRun> for DryRunWire {
    fn from(run: DryRun) -> Self {
        let DryRun {
            id: _,
            uuid,
            task,
            rules,
            reports,
            scope,
            state,
            error,
            up_to: _,
            cursor: _,
            total,
            done,
            counts,
            requested_by,
            created_at,
            started_at,
            finished_at,
        } = run;
        let DryRunCounts {
            refused_by_hook,
            stopped_by_rule,
            changed,
            skipped,
            rules: mut found,
        } = counts;
        found.resize_with(rules.len(), RuleCounts::default);
        let rules = rules.into_iter().zip(found);
        Self {
            id: uuid,
            task,
            state: state.as_str(),
            error,
            reports: reports.as_str(),
            scope,
            total,
            done,
            skipped,
            refused_by_hook,
            stopped_by_rule,
            changed,
            rules: rules
                .map(|(rule, counts)| TriedRuleWire::new(rule, counts))
                .collect(),
            requested_by,
            created_at: iso(created_at),
            started_at: started_at.map(iso),
            finished_at: finished_at.map(iso),
        }
    }
}

/// A page of dry runs.
#[derive(Serialize, ToSchema)]
pub(super) struct DryRunList {
    /// The runs, newest first.
    pub(super) dry_runs: Vec<DryRunWire>,
}

/// What stops the processing of a report.
#[derive(Serialize, ToSchema)]
#[schema(as = DryRunStop)]
pub(crate) struct StopWire {
    /// hook or rule.
    #[schema(value_type = String, example = "rule")]
    by: &'static str,
    /// Which rule, counted from 0.
    rule: Option<usize>,
    /// Which of its parts.
    #[schema(example = "actions[0]")]
    place: Option<String>,
    /// Whether it is a `fail` action.
    deliberate: bool,
    /// Why, as an introspection would show it.
    message: String,
}

impl From<Stop> for StopWire {
    fn from(stop: Stop) -> Self {
        let Stop {
            rule,
            place,
            message,
            deliberate,
        } = stop;
        Self {
            by: if rule.is_some() { "rule" } else { "hook" },
            place: rule.map(|_| place),
            rule,
            deliberate,
            message,
        }
    }
}

/// What a rule came to on one report.
#[derive(Serialize, ToSchema)]
pub(super) struct RuleVerdictWire {
    /// Whether the rule is for this node.
    in_scope: bool,
    /// Whether all its conditions hold.
    held: bool,
    /// Its conditions, in order: held, missing, not_held or broken.
    #[schema(value_type = Vec<String>)]
    conditions: Vec<&'static str>,
}

impl From<RuleVerdict> for RuleVerdictWire {
    fn from(verdict: RuleVerdict) -> Self {
        let held = verdict.held();
        let (in_scope, conditions) = match verdict {
            RuleVerdict::OutOfScope => (false, Vec::new()),
            RuleVerdict::Conditions(all) => (true, all),
        };
        Self {
            in_scope,
            held,
            conditions: conditions.into_iter().map(word).collect(),
        }
    }
}

fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Held => "held",
        Verdict::Missing => "missing",
        Verdict::NotHeld => "not_held",
        Verdict::Broken => "broken",
    }
}

/// What a dry run said of one report.
#[derive(Serialize, ToSchema)]
#[schema(as = DryRunResult)]
pub(super) struct DryRunResultWire {
    /// The report's key.
    report: i64,
    /// The node's UUID.
    node_uuid: String,
    /// What each rule came to, in order; nothing when a hook refuses the report.
    rules: Vec<RuleVerdictWire>,
    /// What stops the processing of this report.
    stop: Option<StopWire>,
    /// What the rules would change: fields of the node, or ports.
    changed: Vec<String>,
}

impl From<ReportResult> for DryRunResultWire {
    fn from(result: ReportResult) -> Self {
        let ReportResult {
            report_id,
            node_uuid,
            verdict,
        } = result;
        let ReportVerdict {
            rules,
            stop,
            changed,
        } = verdict;
        Self {
            report: report_id,
            node_uuid,
            rules: rules.into_iter().map(RuleVerdictWire::from).collect(),
            stop: stop.map(StopWire::from),
            changed,
        }
    }
}

/// A page of what a dry run said.
#[derive(Serialize, ToSchema)]
pub(super) struct DryRunResultList {
    /// The results, in the order of the reports.
    pub(super) results: Vec<DryRunResultWire>,
}
