//! Diagnoses, causes and evidence as JSON.

use assay_app::StuckPhase;
use assay_domain::{Cause, CauseFacts, Diagnosis, Evidence, Finding, Phase, Stuck};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use super::iso;

/// A cause that was concluded.
#[derive(Serialize, ToSchema)]
#[schema(as = Finding)]
pub(super) struct FindingWire {
    /// Its key, as in the catalogue of causes.
    #[schema(value_type = String, example = "unknown_mac")]
    cause: &'static str,
    /// certain, likely or possible.
    #[schema(value_type = String, example = "likely")]
    confidence: &'static str,
    /// What is wrong.
    #[schema(value_type = String)]
    text: &'static str,
    /// What to do about it.
    #[schema(value_type = String)]
    advice: &'static str,
    /// What was seen, one line each.
    evidence: Vec<String>,
}

impl From<Finding> for FindingWire {
    fn from(finding: Finding) -> Self {
        let Finding {
            cause,
            confidence,
            evidence,
        } = finding;
        let facts = cause.facts();
        Self {
            cause: facts.key,
            confidence: confidence.as_str(),
            text: facts.text,
            advice: facts.advice,
            evidence,
        }
    }
}

/// A phase that is past its limit.
#[derive(Serialize, ToSchema)]
#[schema(as = StuckPhase)]
pub(super) struct StuckPhaseWire {
    /// The phase that does not come.
    #[schema(value_type = String, example = "boot_script")]
    phase: &'static str,
    /// Since when it is waited for, UTC.
    since: String,
    /// How long it may take, in seconds.
    #[schema(example = 900.0)]
    limit: f64,
    /// When the causes were found, UTC.
    made_at: Option<String>,
    /// The causes, the most likely one first.
    causes: Vec<FindingWire>,
}

impl From<StuckPhase> for StuckPhaseWire {
    fn from(stuck: StuckPhase) -> Self {
        let StuckPhase {
            phase,
            since,
            limit,
            made_at,
            findings,
        } = stuck;
        Self {
            phase: phase.as_str(),
            since: iso(since),
            limit: limit.as_secs_f64(),
            made_at: made_at.map(iso),
            causes: findings.into_iter().map(FindingWire::from).collect(),
        }
    }
}

/// What was concluded about an introspection.
#[derive(Serialize, ToSchema)]
#[schema(as = Diagnosis)]
pub(super) struct DiagnosisWire {
    /// The phase that did not come.
    #[schema(value_type = String, example = "boot_script")]
    phase: &'static str,
    /// Since when it was waited for, UTC.
    since: String,
    /// When the causes were found, UTC; none while they are looked for.
    made_at: Option<String>,
    /// The causes, the most likely one first.
    causes: Vec<FindingWire>,
}

impl From<Diagnosis> for DiagnosisWire {
    fn from(diagnosis: Diagnosis) -> Self {
        let Diagnosis {
            introspection_id: _,
            phase,
            since,
            asked_at: _,
            made_at,
            findings,
        } = diagnosis;
        Self {
            phase: phase.as_str(),
            since: iso(since),
            made_at: made_at.map(iso),
            causes: findings.into_iter().map(FindingWire::from).collect(),
        }
    }
}

/// Something that was seen.
#[derive(Serialize, ToSchema)]
#[schema(as = Evidence)]
pub(super) struct EvidenceWire {
    /// A cause that it points at by itself, or `booted_again`, `console_offset`.
    #[schema(value_type = String, example = "report_malformed")]
    kind: &'static str,
    /// What tells it from others of its kind.
    subject: String,
    /// All that was seen; `text` is for people.
    #[schema(value_type = Object)]
    detail: Value,
    /// When it was seen first, UTC.
    first_at: String,
    /// When it was seen last, UTC.
    last_at: String,
    /// How often.
    count: i64,
}

impl From<Evidence> for EvidenceWire {
    fn from(evidence: Evidence) -> Self {
        let Evidence {
            kind,
            subject,
            detail,
            first_at,
            last_at,
            count,
        } = evidence;
        Self {
            kind: kind.as_str(),
            subject,
            detail,
            first_at: iso(first_at),
            last_at: iso(last_at),
            count,
        }
    }
}

/// The diagnosis of an introspection with all that was seen of it.
#[derive(Serialize, ToSchema)]
pub(super) struct DiagnosisWithEvidence {
    /// The newest diagnosis, if one was made.
    pub(super) diagnosis: Option<DiagnosisWire>,
    /// All evidence, at most 20 pieces of a kind, in the order in which it was seen first.
    pub(super) evidence: Vec<EvidenceWire>,
}

/// An introspection that is stuck.
#[derive(Serialize, ToSchema)]
#[schema(as = Stuck)]
pub(super) struct StuckWire {
    /// The node's UUID.
    node_uuid: String,
    /// The node's name.
    node_name: Option<String>,
    /// Key of the introspection.
    introspection_id: i64,
    /// The key of the most likely cause; none while it is looked for.
    #[schema(value_type = Option<String>, example = "no_boot_request")]
    cause: Option<&'static str>,
    /// What is known.
    diagnosis: DiagnosisWire,
}

impl From<Stuck> for StuckWire {
    fn from(stuck: Stuck) -> Self {
        let Stuck {
            node_id: _,
            node_uuid,
            node_name,
            diagnosis,
        } = stuck;
        let first = diagnosis.findings.first();
        Self {
            node_uuid,
            node_name,
            introspection_id: diagnosis.introspection_id,
            cause: first.map(|finding| finding.cause.as_str()),
            diagnosis: diagnosis.into(),
        }
    }
}

/// A page of stuck introspections.
#[derive(Serialize, ToSchema)]
pub(super) struct StuckList {
    /// Those that have waited longest first.
    pub(super) stuck: Vec<StuckWire>,
}

/// An entry of the catalogue of causes.
#[derive(Serialize, ToSchema)]
#[schema(as = Cause)]
pub(super) struct CauseWire {
    /// Its key, which never changes.
    #[schema(value_type = String, example = "kernel_panic")]
    cause: &'static str,
    /// The phases that do not come because of it.
    #[schema(value_type = Vec<String>)]
    phases: Vec<&'static str>,
    /// What is wrong.
    #[schema(value_type = String)]
    text: &'static str,
    /// What to do about it.
    #[schema(value_type = String)]
    advice: &'static str,
}

impl From<Cause> for CauseWire {
    fn from(cause: Cause) -> Self {
        let CauseFacts {
            key,
            phases,
            text,
            advice,
        } = cause.facts();
        Self {
            cause: key,
            phases: phases.iter().copied().map(Phase::as_str).collect(),
            text,
            advice,
        }
    }
}

/// The catalogue of causes.
#[derive(Serialize, ToSchema)]
pub(super) struct CauseList {
    /// The causes on this page, in the order of the phases that they keep from coming.
    pub(super) causes: Vec<CauseWire>,
}
