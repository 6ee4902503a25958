//! A dry run over one report: everything that was looked at, at once.

use assay_domain::{Actor, Error, Node, Port, ReportKind, Result, Role};
use assay_hooks::{CompiledRules, HookError, RuleTrace, Subject};
use serde_json::Value;

use super::changes::{PlannedChange, between, document};
use super::{DryRuns, Stop};
use crate::App;
use crate::rules::RuleDraft;

/// What rules would do to one report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DryRunTrace {
    /// The node's UUID.
    pub node_uuid: String,
    /// The report's key.
    pub report_id: i64,
    /// What each rule came to; no rule when a hook refuses the report.
    pub rules: RuleTrace,
    /// What stops the processing, if anything does: nothing is changed then.
    pub stop: Option<Stop>,
    /// What would be changed at the node and its ports.
    pub changes: Vec<PlannedChange>,
}

impl DryRuns<'_> {
    /// Processes a stored report of a node, its newest one when none is given, with these rules or
    /// with the stored ones, and keeps nothing of it.
    ///
    /// # Errors
    /// [`Error::Invalid`] for rules that could not be created; [`Error::NotFound`].
    pub async fn trace(
        &self,
        actor: &Actor,
        node_ref: &str,
        report: Option<i64>,
        rules: Option<Vec<RuleDraft>>,
    ) -> Result<DryRunTrace> {
        actor.require(Role::Observer)?;
        let rules = self.rules(rules).await?;
        let node = self.app.nodes().by_ref(node_ref).await?;
        let store = self.app.store();
        let report_id = self.report_of(&node, report).await?;
        let missing = || Error::not_found("Report", report_id);
        let raw = store.report_bytes(report_id, ReportKind::Raw).await?;
        let raw = raw.ok_or_else(missing)?;
        let ports = store.ports(node.id).await?;
        let app = self.app.clone();
        let seats = &self.app.seats().one;
        let _seat = seats.acquire().await.map_err(Error::internal)?;
        tokio::task::spawn_blocking(move || {
            let rules = CompiledRules::compile(&rules);
            trace(&app, &rules, node, ports, report_id, &raw)
        })
        .await
        .map_err(Error::internal)?
    }

    async fn report_of(&self, node: &Node, report: Option<i64>) -> Result<i64> {
        let reports = self.app.introspections();
        let which = report.map_or_else(|| "newest".to_owned(), |id| id.to_string());
        let found = reports.find_report(node, &which, ReportKind::Raw).await?;
        Ok(found.id)
    }
}

fn trace(
    app: &App,
    rules: &CompiledRules,
    node: Node,
    ports: Vec<Port>,
    report_id: i64,
    raw: &[u8],
) -> Result<DryRunTrace> {
    let data: Value = serde_json::from_slice(raw)
        .map_err(|error| Error::invalid(format!("the report is not JSON: {error}")))?;
    let node_uuid = node.uuid.clone();
    let before = document(&node, &ports);
    let mut subject = Subject { node, ports, data };
    let hooks: Result<(), HookError> = app.pipeline().hooks(&mut subject);
    if let Err(error) = hooks {
        return Ok(DryRunTrace {
            node_uuid,
            report_id,
            rules: RuleTrace::default(),
            stop: Some(Stop::from(&error)),
            changes: Vec::new(),
        });
    }
    let hooked = document(&subject.node, &subject.ports);
    let rules = rules.trace(&mut subject);
    let stop = rules.failure.as_deref().map(Stop::from);
    let mut changes = Vec::new();
    if stop.is_none() {
        let after = document(&subject.node, &subject.ports);
        changes.extend(between("hooks", &before, &hooked));
        changes.extend(between("rules", &hooked, &after));
    }
    Ok(DryRunTrace {
        node_uuid,
        report_id,
        rules,
        stop,
        changes,
    })
}
