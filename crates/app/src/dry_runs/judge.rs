//! The rules put to many reports, on several threads.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use assay_domain::{ConditionCounts, DryRunCounts, DryRunSubject, Error, Result, RuleCounts};
use assay_hooks::{CompiledRules, HookError, RuleVerdict, Subject, Verdict};
use assay_store::NewResult;

use super::changes::parts;
use super::verdict::{ReportVerdict, Stop};
use crate::App;

/// What is put to each report, and whether to go on.
pub(super) struct Judge {
    pub(super) app: App,
    pub(super) rules: CompiledRules,
    pub(super) scope: Option<String>,
    /// Set from outside when the work is to stop; looked at before each report.
    pub(super) stop: Arc<AtomicBool>,
}

/// What was found in some reports.
pub(super) type Found = (Vec<NewResult>, DryRunCounts);

impl Judge {
    /// The results of these reports, in their order; `None` when the work was stopped.
    pub(super) async fn all(
        self: &Arc<Self>,
        mut subjects: Vec<DryRunSubject>,
        threads: usize,
    ) -> Result<Option<Found>> {
        let share = subjects.len().div_ceil(threads.max(1)).max(1);
        let mut parts = Vec::new();
        while !subjects.is_empty() {
            let rest = subjects.split_off(share.min(subjects.len()));
            let (judge, part) = (self.clone(), std::mem::replace(&mut subjects, rest));
            parts.push(tokio::task::spawn_blocking(move || judge.some(part)));
        }
        let (mut results, mut counts) = (Vec::new(), DryRunCounts::default());
        let mut is_whole = true;
        for part in parts {
            match part.await.map_err(Error::internal)?? {
                Some((some, count)) => {
                    results.extend(some);
                    counts.add(&count);
                }
                None => is_whole = false,
            }
        }
        Ok(is_whole.then_some((results, counts)))
    }

    fn some(&self, subjects: Vec<DryRunSubject>) -> Result<Option<Found>> {
        let mut results = Vec::with_capacity(subjects.len());
        let mut counts = DryRunCounts::default();
        for subject in subjects {
            if self.stop.load(Ordering::Relaxed) {
                return Ok(None);
            }
            if !self.is_meant(&subject) {
                counts.skipped += 1;
                continue;
            }
            let (report_id, uuid) = (subject.report_id, subject.node.uuid.clone());
            let verdict = self.one(subject)?;
            count(&mut counts, &verdict);
            results.push(NewResult::new(report_id, uuid, &verdict.encode()?)?);
        }
        Ok(Some((results, counts)))
    }

    fn is_meant(&self, subject: &DryRunSubject) -> bool {
        let scope = subject.node.properties.get("inspection_scope");
        let wanted = self.scope.as_deref();
        wanted.is_none() || wanted == scope.and_then(serde_json::Value::as_str)
    }

    fn one(&self, subject: DryRunSubject) -> Result<ReportVerdict> {
        let raw = assay_store::raw_text(&subject)?;
        let DryRunSubject { node, ports, .. } = subject;
        let hooked = serde_json::from_slice(&raw)
            .map_err(|error| HookError::Settings(format!("the report is not JSON: {error}")))
            .and_then(|data| {
                let mut subject = Subject { node, ports, data };
                self.app.pipeline().hooks(&mut subject)?;
                Ok(subject)
            });
        let mut subject = match hooked {
            Ok(subject) => subject,
            Err(error) => {
                return Ok(ReportVerdict {
                    rules: Vec::new(),
                    stop: Some(Stop::from(&error)),
                    changed: Vec::new(),
                });
            }
        };
        let (node, ports) = (subject.node.clone(), subject.ports.clone());
        let judgement = self.rules.judge(&mut subject);
        let stop = judgement.failure.as_deref().map(Stop::from);
        let changed = match stop {
            Some(_) => Vec::new(),
            None => parts(&node, &ports, &subject),
        };
        Ok(ReportVerdict {
            rules: judgement.rules,
            stop,
            changed,
        })
    }
}

fn count(counts: &mut DryRunCounts, verdict: &ReportVerdict) {
    counts.changed += i64::from(!verdict.changed.is_empty());
    let stopper = verdict.stop.as_ref().and_then(|stop| stop.rule);
    match (&verdict.stop, stopper) {
        (Some(_), Some(_)) => counts.stopped_by_rule += 1,
        (Some(_), None) => counts.refused_by_hook += 1,
        (None, _) => {}
    }
    if counts.rules.len() < verdict.rules.len() {
        let rules = verdict.rules.len();
        counts.rules.resize_with(rules, RuleCounts::default);
    }
    for (at, (counts, verdict)) in counts.rules.iter_mut().zip(&verdict.rules).enumerate() {
        counts.stopped += i64::from(stopper == Some(at));
        match verdict {
            RuleVerdict::OutOfScope => counts.out_of_scope += 1,
            RuleVerdict::Conditions(_) if verdict.held() => counts.held += 1,
            RuleVerdict::Conditions(_) => counts.not_held += 1,
        }
        if let RuleVerdict::Conditions(conditions) = verdict {
            count_conditions(&mut counts.conditions, conditions);
        }
    }
}

fn count_conditions(counts: &mut Vec<ConditionCounts>, verdicts: &[Verdict]) {
    if counts.len() < verdicts.len() {
        counts.resize_with(verdicts.len(), ConditionCounts::default);
    }
    for (counts, verdict) in counts.iter_mut().zip(verdicts) {
        match verdict {
            Verdict::Held => counts.held += 1,
            Verdict::Missing => counts.missing += 1,
            Verdict::NotHeld => counts.not_held += 1,
            Verdict::Broken => counts.broken += 1,
        }
    }
}
