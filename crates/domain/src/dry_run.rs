//! A dry run: what a rule set would do to all stored reports, found out without doing it.

use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::{Node, Port, Rule, Timestamp};

/// Where a dry run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DryRunState {
    /// Waits for a worker.
    Waiting,
    /// A worker looks at the reports.
    Running,
    /// All reports were looked at.
    Finished,
    /// Ended early; why is kept beside it.
    Failed,
    /// Stopped because somebody asked for it.
    Cancelled,
}

impl DryRunState {
    /// All states.
    pub const ALL: [Self; 5] = [
        Self::Waiting,
        Self::Running,
        Self::Finished,
        Self::Failed,
        Self::Cancelled,
    ];

    /// The state's name in APIs and the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Finished => "finished",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// Whether nothing more happens to the run.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Finished | Self::Failed | Self::Cancelled)
    }
}

impl FromStr for DryRunState {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::ALL
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or_else(|| Error::internal(format!("unknown state of a dry run '{text}'")))
    }
}

/// Which reports a dry run looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DryRunReports {
    /// The newest one of each node.
    #[default]
    Newest,
    /// Every stored one.
    All,
}

impl DryRunReports {
    /// The name in APIs and the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Newest => "newest",
            Self::All => "all",
        }
    }
}

impl FromStr for DryRunReports {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        [Self::Newest, Self::All]
            .into_iter()
            .find(|known| known.as_str() == text)
            .ok_or_else(|| Error::invalid(format!("reports is newest or all, not '{text}'")))
    }
}

/// How often a condition came to what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ConditionCounts {
    /// It held.
    pub held: i64,
    /// Its field was not there.
    pub missing: i64,
    /// Its field was there, and it did not hold.
    pub not_held: i64,
    /// It could not be understood.
    pub broken: i64,
}

/// On how many reports a rule came to what. The first three make up all reports that the hooks
/// accepted.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RuleCounts {
    /// All conditions held.
    pub held: i64,
    /// A condition did not hold.
    pub not_held: i64,
    /// Its scope was not the node's.
    pub out_of_scope: i64,
    /// It was the first to stop everything, with an error or by its `fail` action.
    pub stopped: i64,
    /// Its conditions, in order.
    pub conditions: Vec<ConditionCounts>,
}

/// What a dry run has found so far.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct DryRunCounts {
    /// Reports that a hook refuses, so that no rule would see them.
    pub refused_by_hook: i64,
    /// Reports at which a rule stops everything.
    pub stopped_by_rule: i64,
    /// Reports by which rules would change their node or its ports.
    pub changed: i64,
    /// Reports of nodes outside the run's scope, and ones that went away meanwhile.
    pub skipped: i64,
    /// The rules, in order.
    pub rules: Vec<RuleCounts>,
}

impl DryRunCounts {
    /// The sum of both, rule by rule and condition by condition.
    pub fn add(&mut self, other: &Self) {
        self.refused_by_hook += other.refused_by_hook;
        self.stopped_by_rule += other.stopped_by_rule;
        self.changed += other.changed;
        self.skipped += other.skipped;
        extend(&mut self.rules, &other.rules);
        for (sum, rule) in self.rules.iter_mut().zip(&other.rules) {
            sum.held += rule.held;
            sum.not_held += rule.not_held;
            sum.out_of_scope += rule.out_of_scope;
            sum.stopped += rule.stopped;
            extend(&mut sum.conditions, &rule.conditions);
            for (sum, condition) in sum.conditions.iter_mut().zip(&rule.conditions) {
                sum.held += condition.held;
                sum.missing += condition.missing;
                sum.not_held += condition.not_held;
                sum.broken += condition.broken;
            }
        }
    }
}

fn extend<T: Default>(list: &mut Vec<T>, other: &[T]) {
    if list.len() < other.len() {
        list.resize_with(other.len(), T::default);
    }
}

/// A dry run to be stored.
#[derive(Debug, Clone, PartialEq)]
pub struct NewDryRun {
    /// Public id (UUID).
    pub uuid: String,
    /// The rules, as they are now; keys and times do not count.
    pub rules: Vec<Rule>,
    /// Which reports.
    pub reports: DryRunReports,
    /// Only nodes of this inspection scope.
    pub scope: Option<String>,
    /// Who asked.
    pub requested_by: String,
}

/// A stored dry run.
#[derive(Debug, Clone, PartialEq)]
pub struct DryRun {
    /// Key in the store.
    pub id: i64,
    /// Public id (UUID).
    pub uuid: String,
    /// The UUID of the task that does it.
    pub task: String,
    /// The rules that are tried.
    pub rules: Vec<Rule>,
    /// Which reports.
    pub reports: DryRunReports,
    /// Only nodes of this inspection scope.
    pub scope: Option<String>,
    /// Where it stands.
    pub state: DryRunState,
    /// Why it ended early.
    pub error: Option<String>,
    /// The last report that there was when it was asked for; later ones do not count.
    pub up_to: i64,
    /// The last report that was looked at.
    pub cursor: i64,
    /// How many reports there are to look at; 0 until it has begun.
    pub total: i64,
    /// How many were looked at.
    pub done: i64,
    /// What was found so far.
    pub counts: DryRunCounts,
    /// Who asked.
    pub requested_by: String,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When a worker began with it.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
}

/// What a dry run looks at: a report, still compressed, and its node.
#[derive(Debug, Clone, PartialEq)]
pub struct DryRunSubject {
    /// The report's key.
    pub report_id: i64,
    /// The node, as it is now.
    pub node: Node,
    /// Its ports.
    pub ports: Vec<Port>,
    /// The report as it arrived, as the store keeps it.
    pub raw: Vec<u8>,
}

/// What a dry run said of one report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DryRunResult {
    /// Key in the store; results come in the order of their reports.
    pub id: i64,
    /// The report's key.
    pub report_id: i64,
    /// The node's UUID.
    pub node_uuid: String,
    /// What was said, as JSON text.
    pub trace: Vec<u8>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_are_added_rule_by_rule() {
        let condition = ConditionCounts {
            held: 1,
            ..ConditionCounts::default()
        };
        let one = DryRunCounts {
            changed: 1,
            rules: vec![RuleCounts {
                held: 1,
                conditions: vec![condition],
                ..RuleCounts::default()
            }],
            ..DryRunCounts::default()
        };
        let mut sum = DryRunCounts::default();
        sum.add(&one);
        sum.add(&one);
        sum.add(&DryRunCounts::default());
        assert_eq!((sum.changed, sum.rules[0].held), (2, 2));
        assert_eq!(sum.rules[0].conditions[0].held, 2);
    }

    #[test]
    fn names_are_read_back() {
        for state in DryRunState::ALL {
            assert_eq!(state.as_str().parse(), Ok(state));
        }
        assert_eq!("all".parse(), Ok(DryRunReports::All));
        assert!("some".parse::<DryRunReports>().is_err());
    }
}
