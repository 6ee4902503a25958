//! Why an introspection does not come further: limits of phases, causes from evidence.
//!
//! A chore finds introspections past the limit of the phase that they wait for and has a task look at
//! each: it gathers what was seen, asks the BMC once, and stores the causes, the most likely first. An
//! introspection that ends badly is looked at in the same way, without asking its BMC.

mod assess;
mod console;
mod facts;
mod settings;

use std::collections::HashSet;
use std::time::Duration;

use assay_domain::{
    About, Actor, Cause, Diagnosis, Error, Event, Evidence, EvidenceKind, Finding, Introspection,
    IntrospectionState, Page, Phase, PhaseStamp, Result, Role, Stuck, Task, TaskKind, Timestamp,
};
use chrono::TimeDelta;
use parking_lot::Mutex;
use serde_json::json;
use tokio::sync::Semaphore;

use crate::App;
use crate::introspections::reached;
use crate::work::{Outcome, payload_id};

pub use settings::{DiagnosisSettings, PhaseLimits};

/// How many introspections are looked at in one query.
const BATCH: i64 = 500;
/// How many BMCs one process asks at a time for diagnoses.
const PROBES: usize = 16;

/// What one process keeps for diagnoses.
pub(crate) struct Desk {
    probes: Semaphore,
    /// The labels of the gauge that were set last, to be set to zero when they are gone.
    shown: Mutex<HashSet<(String, String)>>,
}

impl Default for Desk {
    fn default() -> Self {
        Self {
            probes: Semaphore::new(PROBES),
            shown: Mutex::default(),
        }
    }
}

/// An introspection past the limit of the phase that it waits for.
#[derive(Debug, Clone)]
pub struct StuckPhase {
    /// The phase that does not come.
    pub phase: Phase,
    /// Since when it is waited for.
    pub since: Timestamp,
    /// How long it may take.
    pub limit: Duration,
    /// When the causes were found.
    pub made_at: Option<Timestamp>,
    /// The causes, the most likely one first.
    pub findings: Vec<Finding>,
}

/// Diagnoses.
pub struct Diagnoses<'a> {
    app: &'a App,
}

impl<'a> Diagnoses<'a> {
    pub(crate) fn new(app: &'a App) -> Self {
        Self { app }
    }

    /// A page of the introspections that are stuck, those that have waited longest first, of one
    /// phase or with one most likely cause if asked for.
    pub async fn stuck(
        &self,
        actor: &Actor,
        phase: Option<Phase>,
        cause: Option<Cause>,
        page: Page,
    ) -> Result<Vec<Stuck>> {
        actor.require(Role::Observer)?;
        if !self.app.fleet().any_worker().await? {
            self.conclude_late().await?;
        }
        let cause = cause.map(Cause::as_str);
        self.app.store().stuck(phase, cause, page).await
    }

    /// The newest diagnosis of one introspection of a node, and all evidence.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an unknown node or introspection.
    pub async fn of_introspection(
        &self,
        actor: &Actor,
        node_ref: &str,
        id: i64,
    ) -> Result<(Option<Diagnosis>, Vec<Evidence>)> {
        actor.require(Role::Observer)?;
        let node = self.app.nodes().by_ref(node_ref).await?;
        let store = self.app.store();
        let found = store.introspection(id).await?;
        found
            .filter(|found| found.node_id == node.id)
            .ok_or_else(|| Error::not_found("Introspection", id))?;
        self.app.evidence().flush().await;
        Ok((store.diagnosis(id).await?, store.evidence(id).await?))
    }

    /// Where an introspection is stuck now, if it is. Causes that no task has found yet are
    /// concluded from what is stored.
    pub(crate) async fn now(
        &self,
        introspection: &Introspection,
        stamps: &[PhaseStamp],
    ) -> Result<Option<StuckPhase>> {
        let Some((phase, since)) = awaited(introspection, stamps) else {
            return Ok(None);
        };
        let limit = self.app.settings().phase_limits.of(phase);
        if !is_past(since, limit, self.app.clock().now()) {
            return Ok(None);
        }
        let known = self.app.store().diagnosis(introspection.id).await?;
        let known = known.filter(|known| is_about(known, phase, since));
        let (made_at, findings) = match known {
            Some(known) if known.made_at.is_some() => (known.made_at, known.findings),
            _ => {
                let facts = facts::gather(self.app, introspection, (phase, since)).await?;
                (Some(facts.now), assess::assess(&facts))
            }
        };
        Ok(Some(StuckPhase {
            phase,
            since,
            limit,
            made_at,
            findings,
        }))
    }

    /// What nobody looks at because no worker lives, from what is stored.
    async fn conclude_late(&self) -> Result<()> {
        let settings = self.app.settings();
        let now = self.app.clock().now();
        let before = earlier(now, settings.phase_limits.shortest());
        let fresh = earlier(now, settings.diagnosis.refresh);
        let store = self.app.store();
        for (introspection, stamps) in store.waiting_introspections(before, 0, BATCH).await? {
            let late = awaited(&introspection, &stamps)
                .filter(|(phase, since)| is_past(*since, settings.phase_limits.of(*phase), now));
            let known = store.diagnosis(introspection.id).await?;
            let Some((phase, since)) = late else { continue };
            let is_fresh = |known: &Diagnosis| {
                is_about(known, phase, since) && known.made_at.is_some_and(|made| made > fresh)
            };
            if !known.as_ref().is_some_and(is_fresh) {
                let facts = facts::gather(self.app, &introspection, (phase, since)).await?;
                self.keep(&facts, assess::assess(&facts)).await?;
            }
        }
        Ok(())
    }

    /// Looks for introspections past the limit of their phase and has each looked at, once per
    /// `diagnosis.refresh`; gives how many.
    pub async fn watch(&self) -> Result<usize> {
        let settings = self.app.settings();
        let now = self.app.clock().now();
        let before = earlier(now, settings.phase_limits.shortest());
        let fresh = earlier(now, settings.diagnosis.refresh);
        let (mut asked, mut after) = (0, 0);
        loop {
            let store = self.app.store();
            let found = store.waiting_introspections(before, after, BATCH).await?;
            let Some((last, _)) = found.last() else { break };
            after = last.id;
            for (introspection, stamps) in &found {
                let Some((phase, since)) = awaited(introspection, stamps) else {
                    continue;
                };
                if is_past(since, settings.phase_limits.of(phase), now)
                    && self.ask(introspection, phase, since, fresh).await?
                {
                    asked += 1;
                }
            }
        }
        if asked > 0 {
            tracing::info!(asked, "introspections are past the limit of their phase");
            self.app.announce(TaskKind::IntrospectionDiagnose).await;
        }
        self.show_gauge().await?;
        Ok(asked)
    }

    async fn ask(
        &self,
        introspection: &Introspection,
        phase: Phase,
        since: Timestamp,
        fresh: Timestamp,
    ) -> Result<bool> {
        let now = self.app.clock().now();
        let wanted = Diagnosis {
            introspection_id: introspection.id,
            phase,
            since,
            asked_at: now,
            made_at: None,
            findings: Vec::new(),
        };
        let task = self.app.tasks().new_task(
            &Actor::system(),
            TaskKind::IntrospectionDiagnose,
            Some(introspection.node_id),
            json!({}),
        );
        let store = self.app.store();
        store.ask_diagnosis(wanted, fresh, task, now).await
    }

    async fn show_gauge(&self) -> Result<()> {
        let counts = self.app.store().count_stuck().await?;
        let mut shown = self.app.diagnosis_desk().shown.lock();
        let mut gone = std::mem::take(&mut *shown);
        for (phase, cause, count) in counts {
            let cause = cause.unwrap_or_else(|| "unknown".to_owned());
            let count = u32::try_from(count).unwrap_or(u32::MAX);
            set_gauge(&phase, &cause, count);
            let labels = (phase, cause);
            gone.remove(&labels);
            shown.insert(labels);
        }
        for (phase, cause) in gone {
            set_gauge(&phase, &cause, 0);
        }
        Ok(())
    }

    /// A worker's part: finds out why one introspection is stuck. Holds no node; safe to run again.
    pub async fn run(&self, task: &Task) -> Result<Outcome> {
        let id = payload_id(task, "introspection_id")?;
        let store = self.app.store();
        let Some(introspection) = store.introspection(id).await? else {
            return Ok(Outcome::Done(json!({"skipped": "gone"})));
        };
        let Some(awaited) = awaited(&introspection, &store.phases(id).await?) else {
            return Ok(Outcome::Done(
                json!({"skipped": introspection.state.as_str()}),
            ));
        };
        let mut facts = facts::gather(self.app, &introspection, awaited).await?;
        if let Ok(_permit) = self.app.diagnosis_desk().probes.try_acquire() {
            facts.probe = facts::probe(self.app, &introspection, awaited.0).await;
        }
        let made = self.keep(&facts, assess::assess(&facts)).await?;
        let cause = made.findings.first().map(|first| first.cause.as_str());
        tracing::warn!(
            node = introspection.node_uuid,
            phase = made.phase.as_str(),
            cause,
            "introspection is stuck"
        );
        if self.app.settings().phase_limits.fail {
            self.end(&introspection).await?;
        }
        Ok(Outcome::Done(
            json!({"phase": made.phase.as_str(), "cause": cause}),
        ))
    }

    async fn keep(&self, facts: &facts::Facts, findings: Vec<Finding>) -> Result<Diagnosis> {
        let made = Diagnosis {
            introspection_id: facts.introspection.id,
            phase: facts.phase,
            since: facts.since,
            asked_at: facts.now,
            made_at: Some(self.app.clock().now()),
            findings,
        };
        self.app.store().keep_diagnosis(made.clone()).await?;
        Ok(made)
    }

    /// Ends an introspection whose phase is past its limit.
    async fn end(&self, introspection: &Introspection) -> Result<()> {
        let now = self.app.clock().now();
        let seconds = (now - introspection.started_at).num_seconds();
        let introspections = self.app.introspections();
        let text = introspections.timeout_text(introspection, seconds).await?;
        match introspections
            .fail(introspection, Event::Timeout, text)
            .await
        {
            // It came further, or ended, meanwhile.
            Ok(_) | Err(Error::Conflict(_)) => Ok(()),
            Err(other) => Err(other),
        }
    }

    /// The conclusion about an introspection that is about to end badly. What a task found before
    /// counts as well. Without anything to say it is none.
    pub(crate) async fn last_word(&self, introspection: &Introspection) -> Option<Finding> {
        match self.conclude(introspection).await {
            Ok(finding) => finding,
            Err(error) => {
                tracing::warn!(node = introspection.node_uuid, %error, "no diagnosis was made");
                None
            }
        }
    }

    async fn conclude(&self, introspection: &Introspection) -> Result<Option<Finding>> {
        let store = self.app.store();
        let stamps = store.phases(introspection.id).await?;
        let Some((phase, since)) = awaited(introspection, &stamps) else {
            return Ok(None);
        };
        let facts = facts::gather(self.app, introspection, (phase, since)).await?;
        let mut findings = assess::assess(&facts);
        let known = store.diagnosis(introspection.id).await?;
        if let Some(known) = known.filter(|known| is_about(known, phase, since)) {
            findings.extend(assess::still_true(known.findings));
        }
        let made = self.keep(&facts, assess::ranked(findings)).await?;
        Ok(made.findings.into_iter().next())
    }

    /// Remembers how long the serial log is when the machine is started: what is in it so far is
    /// about earlier boots.
    pub(crate) async fn mark_console(&self, introspection: &Introspection) -> Result<()> {
        let Some(folder) = self.app.settings().diagnosis.console_dir.clone() else {
            return Ok(());
        };
        let node = self.app.nodes().by_id(introspection.node_id).await?;
        let length = tokio::task::spawn_blocking(move || {
            console::path_of(&folder, &node).map_or(0, |path| console::length(&path))
        });
        let offset = length.await.map_err(Error::internal)?;
        self.app.evidence().note(
            About::Introspection(introspection.id),
            EvidenceKind::ConsoleOffset,
            "start",
            &format!("the serial log had {offset} bytes when the machine was started"),
            json!({"offset": offset}),
        );
        Ok(())
    }

    /// Removes evidence of strangers that no introspection can be about any more.
    pub async fn prune(&self) -> Result<usize> {
        let settings = self.app.settings();
        let before = earlier(self.app.clock().now(), settings.introspection_timeout);
        self.app.store().prune_evidence(before).await
    }
}

/// The phase that an introspection waits for, and since when; none when it does not wait for one.
fn awaited(introspection: &Introspection, stamps: &[PhaseStamp]) -> Option<(Phase, Timestamp)> {
    use IntrospectionState as S;
    match introspection.state {
        S::Starting | S::Waiting | S::Processing | S::Reapplying => {}
        S::Enrolling | S::Aborting | S::Finished | S::Error => return None,
    }
    let phase = Phase::first_missing(&reached(introspection, stamps))?;
    let last = stamps.iter().map(|stamp| stamp.at).max();
    Some((phase, last.unwrap_or(introspection.started_at)))
}

fn is_past(since: Timestamp, limit: Duration, now: Timestamp) -> bool {
    (now - since).to_std().is_ok_and(|waited| waited > limit)
}

fn is_about(known: &Diagnosis, phase: Phase, since: Timestamp) -> bool {
    known.phase == phase && known.since == since
}

fn earlier(now: Timestamp, by: Duration) -> Timestamp {
    TimeDelta::from_std(by)
        .ok()
        .and_then(|by| now.checked_sub_signed(by))
        .unwrap_or(Timestamp::MIN_UTC)
}

fn set_gauge(phase: &str, cause: &str, count: u32) {
    metrics::gauge!(
        "assay_stuck_introspections",
        "phase" => phase.to_owned(),
        "cause" => cause.to_owned()
    )
    .set(count);
}
