//! A report of a machine that is no node for certain: enrolled, or held.

use assay_domain::{AlarmKind, Error, NewAlarm, Result, TaskKind};
use assay_store::{
    BootClaim, DiscoveryBoot, Enrolled, Enrolment, Held, NewHeldReport, ScriptGiven,
};
use serde_json::json;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::verdict::{self, Verdict};
use super::{DISCOVERY, Discovery, RETRY_AFTER};
use crate::boot::{Received, agent, hash, new_nonce};
use crate::lookup::{self, Answer, Found, Machine};

/// A report that discovery may take.
pub(crate) struct Offer<'a> {
    machine: &'a Machine,
    body: Vec<u8>,
    boot: Option<DiscoveryBoot>,
    source: Option<String>,
    /// What the rules say, once they were asked.
    verdict: Option<Verdict>,
}

/// What came of an offer.
pub(crate) enum Taken {
    /// It was taken.
    Done(Received),
    /// The nodes have changed since they were looked at.
    LookAgain,
}

impl<'a> Offer<'a> {
    pub(crate) fn new(
        machine: &'a Machine,
        body: Vec<u8>,
        boot: Option<DiscoveryBoot>,
        source: Option<&str>,
    ) -> Self {
        Self {
            machine,
            body,
            boot,
            source: source.map(str::to_owned),
            verdict: None,
        }
    }

    /// The report, when it turns out that it is no matter of discovery.
    pub(crate) fn into_body(self) -> Vec<u8> {
        self.body
    }
}

impl Discovery<'_> {
    /// Enrols the machine or holds its report, by what the lookup found.
    ///
    /// # Errors
    /// [`Error::TooLarge`], [`Error::RateLimited`], [`Error::Unavailable`] when there is no room.
    pub(crate) async fn take(&self, offer: &mut Offer<'_>, found: Found) -> Result<Taken> {
        let most = self.app.settings().discovery.max_report_bytes;
        if offer.body.len() as u64 > most {
            return Err(Error::TooLarge(format!(
                "the report of an unknown machine is larger than {most} bytes"
            )));
        }
        if offer.boot.is_none() {
            offer.boot = Some(self.admit_without_boot(offer).await?);
        }
        let ambiguous = matches!(found.answer, Answer::Ambiguous(_));
        if ambiguous {
            let reason = "the report may be of a known node, and does not tell for certain";
            return self.hold(offer, &found, reason.to_owned()).await;
        }
        if offer.machine.facts.is_empty() {
            let reason = "the report tells nothing by which its machine could be known again";
            return self.hold(offer, &found, reason.to_owned()).await;
        }
        if offer.verdict.is_none() {
            let facts = &offer.machine.facts;
            offer.verdict = Some(verdict::of_rules(self.app, &offer.body, facts).await?);
        }
        match offer.verdict.clone() {
            Some(Verdict::Enrol(new)) => self.enrol(offer, &found, *new).await,
            Some(Verdict::Hold(reason)) => self.hold(offer, &found, reason).await,
            None => Err(Error::internal("the rules gave no verdict")),
        }
    }

    /// A machine that reports without having booted from here counts as one that did.
    async fn admit_without_boot(&self, offer: &Offer<'_>) -> Result<DiscoveryBoot> {
        let nonce = hash(&new_nonce()?);
        let claim = BootClaim {
            mac: format!("report {}", machine_key(offer.machine)),
            system_uuid: None,
            serial: None,
            source: offer.source.clone(),
        };
        match self.give(nonce.clone(), claim).await? {
            ScriptGiven::Given => {}
            ScriptGiven::TooOften => {
                return Err(Error::RateLimited {
                    retry_after: RETRY_AFTER,
                });
            }
            ScriptGiven::Full => return Err(full()),
        }
        let (store, now) = (self.app.store(), self.app.clock().now());
        let boot = store.discovery_boot(nonce, now).await?;
        // The same machine reports once more at this very moment.
        boot.ok_or(Error::RateLimited { retry_after: 1 })
    }

    async fn enrol(
        &self,
        offer: &Offer<'_>,
        found: &Found,
        (node, ports): (assay_domain::NewNode, Vec<assay_domain::Port>),
    ) -> Result<Taken> {
        let kind = TaskKind::IntrospectionProcess;
        let payload = json!({"auto_discovered": true});
        let enrolment = Enrolment {
            node,
            ports,
            machine: offer.machine.facts.clone(),
            seen: Some(found.seen.clone()),
            requested_by: DISCOVERY.to_owned(),
            deadline: self
                .app
                .clock()
                .later(self.app.settings().introspection_timeout),
            task: self.app.tasks().new_task(&agent(), kind, None, payload),
            boot: offer.boot.as_ref().map(|boot| boot.id),
            held: None,
        };
        let (body, now) = (offer.body.clone(), self.app.clock().now());
        match self.app.store().enrol(enrolment, body, now).await {
            Ok(Enrolled::Done(introspection)) => {
                let source = offer.source.as_deref();
                tracing::info!(
                    node = introspection.node_uuid,
                    source,
                    "machine discovered and enrolled"
                );
                metrics::counter!("assay_discovery_reports_total", "end" => "enrolled")
                    .increment(1);
                metrics::counter!("assay_reports_total").increment(1);
                self.app.announce(kind).await;
                let (machine, found) = (offer.machine, found.clone());
                lookup::conflicts::raise(self.app, &introspection, machine, found).await;
                Ok(Taken::Done(Received::ByNode(introspection.node_uuid)))
            }
            Ok(Enrolled::Changed) => Ok(Taken::LookAgain),
            // A name that another node has.
            Err(Error::Conflict(reason)) => self.hold(offer, found, reason).await,
            Err(other) => Err(other),
        }
    }

    async fn hold(&self, offer: &Offer<'_>, found: &Found, reason: String) -> Result<Taken> {
        let candidates = match &found.answer {
            Answer::Ambiguous(nodes) => lookup::shown_all(nodes),
            _ => lookup::shown_all(&found.others),
        };
        let new = NewHeldReport {
            uuid: Uuid::new_v4().to_string(),
            machine_key: machine_key(offer.machine),
            reason,
            machine: offer.machine.facts.clone(),
            facts: lookup::shown(&offer.machine.facts),
            candidates,
            seen: found.seen.clone(),
            source: offer.source.clone(),
            boot: offer.boot.as_ref().map(|boot| boot.id),
            max_held: i64::from(self.app.settings().discovery.max_waiting),
        };
        let (body, now) = (offer.body.clone(), self.app.clock().now());
        let held = match self.app.store().hold_report(new, body, now).await? {
            Held::Done(held) => held,
            Held::Changed => return Ok(Taken::LookAgain),
            Held::Full => {
                let evidence = json!({"source": offer.source});
                self.alarm_full(evidence).await;
                return Err(full());
            }
        };
        tracing::warn!(
            held = held.uuid,
            reason = held.reason,
            "report held for a decision"
        );
        metrics::counter!("assay_discovery_reports_total", "end" => "held").increment(1);
        if matches!(found.answer, Answer::Ambiguous(_)) {
            self.alarm_ambiguous(&held).await;
        }
        Ok(Taken::Done(Received::Held(held.uuid)))
    }

    async fn alarm_ambiguous(&self, held: &assay_domain::HeldReport) {
        let text = format!(
            "a machine reported that may be a known node, or not: its report {} waits for a decision",
            held.uuid
        );
        let alarm = NewAlarm {
            kind: AlarmKind::AmbiguousReport,
            subject: held.uuid.clone(),
            node_id: None,
            text,
            evidence: json!({"facts": held.facts, "candidates": held.candidates}),
        };
        self.app.alarms().raise(alarm).await;
    }
}

fn full() -> Error {
    Error::Unavailable {
        message: "too many unknown machines wait already".to_owned(),
        retry_after: RETRY_AFTER,
    }
}

/// What is the same in all reports of a machine, as far as that can be told: its system UUID, else
/// its serial number with its cards, else its cards. A hash, because it may be long.
fn machine_key(machine: &Machine) -> String {
    use assay_domain::FactKind::{Card, SystemSerial, SystemUuid};
    let of = |kind| machine.facts.iter().filter(move |fact| fact.kind == kind);
    let uuid: Vec<&str> = of(SystemUuid).map(|fact| fact.value.as_str()).collect();
    let parts = if uuid.is_empty() {
        let parts = of(SystemSerial).chain(of(Card));
        parts.map(|fact| fact.value.as_str()).collect()
    } else {
        uuid
    };
    let digest = Sha256::digest(parts.join("\n").as_bytes());
    digest
        .iter()
        .take(16)
        .fold(String::new(), |mut text, byte| {
            use std::fmt::Write;
            let _ = write!(text, "{byte:02x}");
            text
        })
}
