//! Use cases of dry runs: what rules would do to stored reports, changing nothing.

mod changes;
mod judge;
mod run;
mod settings;
mod trace;
mod verdict;

use std::collections::HashSet;

use assay_domain::{
    Actor, DryRun, DryRunReports, Error, NewDryRun, Page, Result, Role, Rule, TaskKind,
};
use serde_json::json;
use tokio::sync::Semaphore;
use uuid::Uuid;

use crate::App;
use crate::rules::{RuleDraft, items};

pub use changes::PlannedChange;
pub use settings::DryRunSettings;
pub use trace::DryRunTrace;
pub use verdict::{ReportVerdict, Stop};

/// Most rules that one dry run tries.
const MOST_RULES: usize = 1000;
/// How many results are read at a time when they are filtered.
const AT_A_TIME: i64 = 1000;

/// How many dry runs this process does at a time: one over many reports, and a few over one each.
pub(crate) struct Seats {
    many: Semaphore,
    one: Semaphore,
}

impl Default for Seats {
    fn default() -> Self {
        Self {
            many: Semaphore::new(1),
            one: Semaphore::new(2),
        }
    }
}

/// A dry run over many reports, as somebody asks for it.
#[derive(Debug, Clone, Default)]
pub struct DryRunRequest {
    /// The rules to try; the stored ones when absent.
    pub rules: Option<Vec<RuleDraft>>,
    /// Which reports.
    pub reports: DryRunReports,
    /// Only nodes of this inspection scope.
    pub scope: Option<String>,
}

/// Which results are wanted.
#[derive(Debug, Clone, Default)]
pub struct ResultFilter {
    /// Those in which this rule, given by its UUID, came to something: with `held`, to that;
    /// without, it was in scope.
    pub rule: Option<String>,
    /// With a rule: whether it held. Without: whether any rule did.
    pub held: Option<bool>,
    /// Those of this node, given by UUID or name.
    pub node: Option<String>,
}

/// What a dry run said of one report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportResult {
    /// The report's key.
    pub report_id: i64,
    /// The node's UUID.
    pub node_uuid: String,
    /// What the rules came to.
    pub verdict: ReportVerdict,
}

/// Dry runs.
pub struct DryRuns<'a> {
    app: &'a App,
}

impl<'a> DryRuns<'a> {
    pub(crate) fn new(app: &'a App) -> Self {
        Self { app }
    }

    /// Asks for a dry run over many reports; a worker does it. It needs an operator, because it
    /// takes the worker's processors for a while.
    ///
    /// # Errors
    /// [`Error::Invalid`] for rules that could not be created.
    pub async fn start(&self, actor: &Actor, request: DryRunRequest) -> Result<DryRun> {
        actor.require(Role::Operator)?;
        let uuid = Uuid::new_v4().to_string();
        let kind = TaskKind::RulesDryRun;
        let payload = json!({"dry_run": uuid});
        let task = self.app.tasks().new_task(actor, kind, None, payload);
        let new = NewDryRun {
            uuid,
            rules: self.rules(request.rules).await?,
            reports: request.reports,
            scope: request.scope,
            requested_by: actor.name.clone(),
        };
        let now = self.app.clock().now();
        let run = self.app.store().create_dry_run(new, task, now).await?;
        tracing::info!(user = actor.name, dialect = %actor.dialect, dry_run = run.uuid, rules = run.rules.len(), "dry run accepted");
        self.app.announce(kind).await;
        Ok(run)
    }

    /// The rules to try, validated like ones that are to be created.
    async fn rules(&self, drafts: Option<Vec<RuleDraft>>) -> Result<Vec<Rule>> {
        let Some(drafts) = drafts else {
            return self.app.store().rules().await;
        };
        if drafts.len() > MOST_RULES {
            return Err(Error::invalid(format!(
                "rules: a dry run tries at most {MOST_RULES}"
            )));
        }
        let mut known = HashSet::new();
        let now = self.app.clock().now();
        let drafts = drafts.into_iter().enumerate();
        drafts
            .map(|(at, draft)| {
                let wrong = |reason| Error::invalid(format!("rules[{at}]: {reason}"));
                let uuid = draft.uuid.unwrap_or_else(|| Uuid::new_v4().to_string());
                if !known.insert(uuid.clone()) {
                    return Err(wrong(format!("another rule has the UUID {uuid}")));
                }
                assay_hooks::validate_rule(&draft.conditions, &draft.actions).map_err(wrong)?;
                Ok(Rule {
                    id: 0,
                    uuid,
                    description: draft.description,
                    conditions: items("conditions", draft.conditions)?,
                    actions: items("actions", draft.actions)?,
                    scope: draft.scope,
                    created_at: now,
                })
            })
            .collect()
    }

    /// One run.
    pub async fn get(&self, actor: &Actor, uuid: &str) -> Result<DryRun> {
        actor.require(Role::Observer)?;
        self.by_uuid(uuid).await
    }

    /// A page of all runs, newest first.
    pub async fn list(&self, actor: &Actor, page: Page) -> Result<Vec<DryRun>> {
        actor.require(Role::Observer)?;
        self.app.store().list_dry_runs(page).await
    }

    /// A page of what a run said of each report, in the order of the reports.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a rule that is not of this run; [`Error::NotFound`].
    pub async fn results(
        &self,
        actor: &Actor,
        uuid: &str,
        filter: ResultFilter,
        page: Page,
    ) -> Result<Vec<ReportResult>> {
        actor.require(Role::Observer)?;
        let run = self.by_uuid(uuid).await?;
        let rule = filter.rule.as_deref().map(|uuid| place_of(&run, uuid));
        let rule = rule.transpose()?;
        let node = match &filter.node {
            Some(node) => Some(self.app.nodes().by_ref(node).await?.uuid),
            None => None,
        };
        let mut skip = page.offset;
        let mut found = Vec::new();
        let mut after = 0;
        let wanted = usize::try_from(page.limit).unwrap_or(usize::MAX);
        while found.len() < wanted {
            let store = self.app.store();
            let some = store
                .dry_run_results(run.id, node.clone(), after, AT_A_TIME)
                .await?;
            let Some(last) = some.last() else { break };
            after = last.id;
            for result in some {
                let verdict = ReportVerdict::decode(&result.trace)?;
                if !verdict.fits(rule, filter.held) {
                    continue;
                }
                if skip > 0 {
                    skip -= 1;
                } else if found.len() < wanted {
                    found.push(ReportResult {
                        report_id: result.report_id,
                        node_uuid: result.node_uuid,
                        verdict,
                    });
                }
            }
        }
        Ok(found)
    }

    /// Stops a run that has not ended; what it found so far stays.
    ///
    /// # Errors
    /// [`Error::Conflict`] when it has ended.
    pub async fn cancel(&self, actor: &Actor, uuid: &str) -> Result<DryRun> {
        actor.require(Role::Operator)?;
        let run = self.by_uuid(uuid).await?;
        let now = self.app.clock().now();
        let ended = run.state.is_final();
        if ended || !self.app.store().cancel_dry_run(run, now).await? {
            return Err(Error::conflict(format!("dry run {uuid} has ended")));
        }
        tracing::info!(user = actor.name, dialect = %actor.dialect, dry_run = uuid, "dry run cancelled");
        self.by_uuid(uuid).await
    }

    /// Removes an ended run with its results. Runs also go with their tasks, after `keep_tasks`.
    ///
    /// # Errors
    /// [`Error::Conflict`] while it has not ended.
    pub async fn delete(&self, actor: &Actor, uuid: &str) -> Result<()> {
        actor.require(Role::Operator)?;
        let run = self.by_uuid(uuid).await?;
        if !run.state.is_final() {
            return Err(Error::conflict(format!(
                "dry run {uuid} is {}; cancel it first",
                run.state.as_str()
            )));
        }
        self.app.store().delete_dry_run(run.id).await?;
        tracing::info!(user = actor.name, dialect = %actor.dialect, dry_run = uuid, "dry run deleted");
        Ok(())
    }

    async fn by_uuid(&self, uuid: &str) -> Result<DryRun> {
        let found = self.app.store().dry_run(uuid).await?;
        found.ok_or_else(|| Error::not_found("Dry run", uuid))
    }
}

fn place_of(run: &DryRun, uuid: &str) -> Result<usize> {
    let place = run.rules.iter().position(|rule| rule.uuid == uuid);
    place.ok_or_else(|| Error::invalid(format!("rule: dry run {} has no rule {uuid}", run.uuid)))
}
