//! Rows of the tables of evidence and of diagnoses.

use assay_domain::{Cause, Confidence, Diagnosis, Evidence, Finding};
use chrono::NaiveDateTime;
use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use crate::convert::{from_json, parse, to_json, utc};
use crate::fault::{Fault, Outcome};
use crate::schema::{introspection_diagnoses, introspection_evidence, stray_evidence};

/// Evidence of one introspection as it is stored.
#[derive(Queryable, Selectable, Insertable, Serialize, Deserialize)]
#[diesel(table_name = introspection_evidence)]
pub(crate) struct EvidenceRow {
    pub(crate) id: i64,
    pub(crate) introspection_id: i64,
    pub(crate) kind: String,
    pub(crate) subject: String,
    pub(crate) detail: String,
    pub(crate) first_at: NaiveDateTime,
    pub(crate) last_at: NaiveDateTime,
    pub(crate) count: i64,
}

impl TryFrom<EvidenceRow> for Evidence {
    type Error = Fault;

    fn try_from(row: EvidenceRow) -> Outcome<Self> {
        Ok(Self {
            kind: parse(&row.kind)?,
            subject: row.subject,
            detail: from_json(&row.detail)?,
            first_at: utc(row.first_at),
            last_at: utc(row.last_at),
            count: row.count,
        })
    }
}

/// Evidence that belongs to no introspection as it is stored.
#[derive(Queryable, Selectable, Insertable, Serialize, Deserialize)]
#[diesel(table_name = stray_evidence)]
pub(crate) struct StrayRow {
    pub(crate) id: i64,
    pub(crate) kind: String,
    pub(crate) subject: String,
    pub(crate) detail: String,
    pub(crate) first_at: NaiveDateTime,
    pub(crate) last_at: NaiveDateTime,
    pub(crate) count: i64,
}

impl TryFrom<StrayRow> for Evidence {
    type Error = Fault;

    fn try_from(row: StrayRow) -> Outcome<Self> {
        Ok(Self {
            kind: parse(&row.kind)?,
            subject: row.subject,
            detail: from_json(&row.detail)?,
            first_at: utc(row.first_at),
            last_at: utc(row.last_at),
            count: row.count,
        })
    }
}

/// A diagnosis as it is stored.
#[derive(Queryable, Selectable, Insertable, Serialize, Deserialize)]
#[diesel(table_name = introspection_diagnoses)]
pub(crate) struct DiagnosisRow {
    pub(crate) id: i64,
    pub(crate) introspection_id: i64,
    pub(crate) phase: String,
    pub(crate) since: NaiveDateTime,
    pub(crate) asked_at: NaiveDateTime,
    pub(crate) made_at: Option<NaiveDateTime>,
    pub(crate) cause: Option<String>,
    pub(crate) findings: String,
}

/// A finding as JSON.
#[derive(Serialize, Deserialize)]
struct StoredFinding {
    cause: String,
    confidence: Confidence,
    evidence: Vec<String>,
}

/// Findings as they are stored.
pub(crate) fn findings_text(findings: &[Finding]) -> Outcome<String> {
    let stored: Vec<StoredFinding> = findings
        .iter()
        .map(|finding| StoredFinding {
            cause: finding.cause.as_str().to_owned(),
            confidence: finding.confidence,
            evidence: finding.evidence.clone(),
        })
        .collect();
    to_json(&stored)
}

fn findings(text: &str) -> Outcome<Vec<Finding>> {
    let stored: Vec<StoredFinding> = from_json(text)?;
    stored
        .into_iter()
        .map(|finding| {
            Ok(Finding {
                cause: parse::<Cause>(&finding.cause)?,
                confidence: finding.confidence,
                evidence: finding.evidence,
            })
        })
        .collect()
}

impl TryFrom<DiagnosisRow> for Diagnosis {
    type Error = Fault;

    fn try_from(row: DiagnosisRow) -> Outcome<Self> {
        Ok(Self {
            introspection_id: row.introspection_id,
            phase: parse(&row.phase)?,
            since: utc(row.since),
            asked_at: utc(row.asked_at),
            made_at: row.made_at.map(utc),
            findings: findings(&row.findings)?,
        })
    }
}
