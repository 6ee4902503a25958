//! Taking a report in: whose it is, and what becomes of it.

use assay_domain::{
    About, Actor, Cause, Dialect, Error, Introspection, IntrospectionState, Result, Role, TaskKind,
};
use assay_store::DiscoveryBoot;
use serde_json::{Value, json};

use super::claimant::running_rival;
use super::{Boot, Given, NO_SINGLE_NODE, NOT_ON_INTROSPECTION, parse_report};
use crate::discovery::{Offer, Taken};
use crate::lookup::{self, Answer, Machine};

/// How often a report is looked at again because the nodes that it fits changed meanwhile.
const ATTEMPTS: u32 = 5;

/// Leave to send a report, given before its body is read.
#[derive(Debug, Clone)]
pub struct Admission(Admitted);

#[derive(Debug, Clone)]
enum Admitted {
    /// The nonce tells which introspection it is.
    ByNonce(Box<Introspection>),
    /// The report has to tell which node it is.
    ByLookup,
    /// The nonce was given to an unknown machine.
    Discovery(Box<DiscoveryBoot>),
    /// This boot's report is here already: a repetition after a lost answer.
    Again(Received),
}

/// What became of a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Received {
    /// It is being processed for the node with this UUID.
    ByNode(String),
    /// It is held for a decision, under this UUID.
    Held(String),
}

impl Admission {
    /// The most bytes that the report may have, when that is less than for any report.
    pub fn limit(&self, settings: &crate::Settings) -> Option<u64> {
        match &self.0 {
            Admitted::Discovery(_) => Some(settings.discovery.max_report_bytes),
            _ => None,
        }
    }
}

impl Boot<'_> {
    /// Leave to send a report, before its body is read.
    ///
    /// # Errors
    /// [`Error::Forbidden`], the same whatever is wrong.
    pub async fn admit(&self, nonce: Option<&str>, source: Option<&str>) -> Result<Admission> {
        let Some(nonce) = nonce else {
            let settings = self.app.settings();
            let open = settings.allow_report_without_nonce
                && (settings.discovery.enabled
                    || self.app.store().any_waiting_without_script().await?);
            return if open {
                Ok(Admission(Admitted::ByLookup))
            } else {
                Err(refused())
            };
        };
        let given = self.given(nonce).await?;
        if !given.as_ref().is_some_and(is_open) {
            self.app.evidence().refused(
                Some(nonce),
                source.unwrap_or("an unknown address"),
                Cause::StaleNonce,
                "a report came with a nonce that no running boot has",
            );
        }
        match given.ok_or_else(refused)? {
            Given::Introspection(found) => match found.state {
                IntrospectionState::Waiting => Ok(Admission(Admitted::ByNonce(found))),
                IntrospectionState::Processing | IntrospectionState::Finished => Ok(Admission(
                    Admitted::Again(Received::ByNode(found.node_uuid)),
                )),
                _ => Err(refused()),
            },
            Given::Discovery(boot) => Ok(Admission(match (&boot.node_uuid, &boot.held_uuid) {
                (Some(node), _) => Admitted::Again(Received::ByNode(node.clone())),
                (None, Some(held)) => Admitted::Again(Received::Held(held.clone())),
                (None, None) => Admitted::Discovery(boot),
            })),
        }
    }

    /// Takes an admitted report: stores it as it is and has it processed, or holds it.
    ///
    /// # Errors
    /// [`Error::Invalid`] for what is no report, [`Error::LookupFailed`] when it fits no node or
    /// several, [`Error::Forbidden`] when the node's window has closed or the introspection is
    /// another machine's; from an unknown machine also [`Error::TooLarge`], [`Error::RateLimited`]
    /// and [`Error::Unavailable`] when discovery has no room for it.
    pub async fn receive(
        &self,
        admission: Admission,
        body: Vec<u8>,
        source: Option<&str>,
    ) -> Result<Received> {
        let report = parse_report(&body, self.app.settings().json_depth)
            .inspect_err(|error| self.note_malformed(&admission, source, error))?;
        let machine = lookup::of_report(&report);
        match admission.0 {
            Admitted::Again(received) => Ok(received),
            Admitted::ByNonce(introspection) => {
                if !self.is_claimant(&introspection, &machine, source).await? {
                    return Err(refused());
                }
                self.process(*introspection, body).await
            }
            Admitted::ByLookup => self.look_up(&machine, body, None, source).await,
            Admitted::Discovery(boot) => self.look_up(&machine, body, Some(*boot), source).await,
        }
    }

    fn note_malformed(&self, admission: &Admission, source: Option<&str>, error: &Error) {
        let about = match &admission.0 {
            Admitted::ByNonce(introspection) => About::Introspection(introspection.id),
            _ => About::Stranger,
        };
        let source = source.unwrap_or("an unknown address");
        let text = format!("from {source}: {error}");
        let cause = Cause::ReportMalformed;
        let evidence = self.app.evidence();
        evidence.points(about, cause, source, &text, Value::Null);
    }

    /// Evidence of a report without a nonce whose node was not found.
    fn note_lookup(&self, machine: &Machine, answer: &Answer, source: Option<&str>) {
        let source = source.unwrap_or("an unknown address");
        let facts = lookup::shown(&machine.facts);
        let (cause, nodes, result) = match answer {
            Answer::Ambiguous(nodes) => {
                let nodes: Vec<&str> = nodes.iter().map(|it| it.node_uuid.as_str()).collect();
                let result = format!("fits the nodes {}", nodes.join(", "));
                (Cause::LookupSeveral, nodes, result)
            }
            _ => (Cause::LookupNone, Vec::new(), "fits no node".to_owned()),
        };
        let text = format!("a report from {source} {result}; it says {facts}");
        let facts = json!({"nodes": nodes, "source": source});
        let evidence = self.app.evidence();
        evidence.points(About::Stranger, cause, source, &text, facts);
    }

    async fn process(&self, introspection: Introspection, body: Vec<u8>) -> Result<Received> {
        let actor = agent();
        let kind = TaskKind::IntrospectionProcess;
        let payload = json!({"introspection_id": introspection.id});
        let task = self
            .app
            .tasks()
            .new_task(&actor, kind, Some(introspection.node_id), payload);
        let size = body.len();
        let now = self.app.clock().now();
        self.app
            .store()
            .receive_report(introspection.id, body, task, now)
            .await
            .map_err(|error| match error {
                Error::Conflict(_) => refused(),
                other => other,
            })?;
        tracing::info!(node = introspection.node_uuid, size, "report received");
        metrics::counter!("assay_reports_total").increment(1);
        self.app.announce(kind).await;
        Ok(Received::ByNode(introspection.node_uuid))
    }

    /// Finds out whose report it is. Of an unknown machine, discovery takes it.
    async fn look_up(
        &self,
        machine: &Machine,
        body: Vec<u8>,
        boot: Option<DiscoveryBoot>,
        source: Option<&str>,
    ) -> Result<Received> {
        let mut offer = Offer::new(machine, body, boot, source);
        for attempt in 0..ATTEMPTS {
            let found = lookup::find(self.app, machine).await?;
            if let Answer::One(node) = &found.answer {
                // Somebody else has just enrolled this very machine from this very report.
                if attempt > 0 && node.state != Some(IntrospectionState::Waiting) {
                    return Ok(Received::ByNode(node.node_uuid.clone()));
                }
                let introspection = self.awaited(node.node_id, machine, source).await?;
                return self.process(introspection, offer.into_body()).await;
            }
            let in_part = !self.app.settings().discovery.enabled;
            if let Some(rival) = running_rival(&found, in_part) {
                self.refuse_rival(rival, machine, source).await;
                return Err(uniform());
            }
            if !self.app.settings().discovery.enabled {
                let (several, nodes) = match &found.answer {
                    Answer::Ambiguous(nodes) => (true, lookup::shown_all(nodes)),
                    _ => (false, lookup::shown_all(&found.others)),
                };
                tracing::warn!(several, %nodes, "a report fits no node, or several");
                self.note_lookup(machine, &found.answer, source);
                return Err(uniform());
            }
            match self.app.discovery().take(&mut offer, found).await? {
                Taken::Done(received) => return Ok(received),
                Taken::LookAgain => {}
            }
        }
        Err(Error::Unavailable {
            message: "the nodes change too often at the moment".to_owned(),
            retry_after: 1,
        })
    }

    /// The node's introspection, when it awaits a report without a nonce.
    async fn awaited(
        &self,
        node_id: i64,
        machine: &Machine,
        source: Option<&str>,
    ) -> Result<Introspection> {
        let current = self.app.store().current_introspection(node_id).await?;
        let waiting = current.filter(|it| it.state == IntrospectionState::Waiting);
        let introspection = waiting.ok_or_else(refused)?;
        if introspection.nonce_hash.is_some() {
            self.is_claimant(&introspection, machine, source).await?;
            return Err(refused());
        }
        Ok(introspection)
    }
}

/// Whether a nonce is one with which a report may come, for the first time or again.
fn is_open(given: &Given) -> bool {
    use IntrospectionState as S;
    match given {
        Given::Introspection(found) => {
            matches!(found.state, S::Waiting | S::Processing | S::Finished)
        }
        Given::Discovery(_) => true,
    }
}

fn refused() -> Error {
    Error::Forbidden(NOT_ON_INTROSPECTION.to_owned())
}

fn uniform() -> Error {
    Error::LookupFailed(NO_SINGLE_NODE.to_owned())
}

/// Who asks for what a report needs.
pub(crate) fn agent() -> Actor {
    Actor {
        name: "agent".to_owned(),
        role: Role::Observer,
        dialect: Dialect::Inspector,
        request_id: String::new(),
    }
}
