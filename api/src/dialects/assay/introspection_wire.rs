//! Introspections with their phases, and reports, as JSON.

use assay_app::{HistoryEntry, IntrospectionDetail};
use assay_domain::{Introspection, Phase, PhaseStamp, Report};
use serde::Serialize;
use utoipa::ToSchema;

use super::diagnosis_wire::{DiagnosisWire, StuckPhaseWire};
use super::iso;

/// One introspection of a node.
#[derive(Serialize, ToSchema)]
#[schema(as = Introspection)]
pub(super) struct IntrospectionWire {
    /// Key.
    #[schema(example = 1)]
    id: i64,
    /// The node's UUID.
    #[schema(example = "5b1c6b5e-9d5e-4b9e-8f0b-1c2d3e4f5a6b")]
    node_uuid: String,
    /// enrolling, starting, waiting, processing, reapplying, aborting, finished or error.
    #[schema(value_type = String, example = "waiting")]
    state: &'static str,
    /// Whether it has ended.
    finished: bool,
    /// Why it ended badly.
    error: Option<String>,
    /// When it was asked for, UTC.
    #[schema(example = "2024-01-02T03:04:05.000000Z")]
    started_at: String,
    /// When it ended, UTC.
    finished_at: Option<String>,
    /// When it times out, UTC.
    deadline: String,
    /// Whether Assay set boot device and power.
    manage_boot: bool,
    /// Whether the machine stays on at the end.
    keep_power: bool,
    /// Who asked.
    #[schema(example = "admin")]
    requested_by: String,
}

impl From<Introspection> for IntrospectionWire {
    fn from(introspection: Introspection) -> Self {
        let Introspection {
            id,
            node_id: _,
            node_uuid,
            state,
            error,
            started_at,
            finished_at,
            deadline,
            manage_boot,
            keep_power,
            nonce_hash: _,
            requested_by,
        } = introspection;
        Self {
            id,
            node_uuid,
            state: state.as_str(),
            finished: state.is_final(),
            error,
            started_at: iso(started_at),
            finished_at: finished_at.map(iso),
            deadline: iso(deadline),
            manage_boot,
            keep_power,
            requested_by,
        }
    }
}

/// A phase that was reached.
#[derive(Serialize, ToSchema)]
#[schema(as = PhaseStamp)]
pub(super) struct PhaseWire {
    /// power, boot_script, kernel, initramfs, agent, collectors, callback, hooks or rules.
    #[schema(value_type = String, example = "kernel")]
    phase: &'static str,
    /// When, UTC.
    #[schema(example = "2024-01-02T03:04:05.000000Z")]
    at: String,
}

impl From<PhaseStamp> for PhaseWire {
    fn from(stamp: PhaseStamp) -> Self {
        let PhaseStamp { phase, at } = stamp;
        Self {
            phase: phase.as_str(),
            at: iso(at),
        }
    }
}

/// An introspection with the phases that its machine has passed.
#[derive(Serialize, ToSchema)]
#[schema(as = IntrospectionDetail)]
pub(super) struct DetailWire {
    /// The introspection.
    introspection: IntrospectionWire,
    /// The phases that were reached, in order.
    phases: Vec<PhaseWire>,
    /// The first phase that has not come.
    #[schema(value_type = Option<String>, example = "agent")]
    missing: Option<&'static str>,
    /// What it means when that phase does not come.
    #[schema(value_type = Option<String>)]
    missing_reason: Option<&'static str>,
    /// Where it is stuck now, if a phase is past its limit.
    stuck: Option<StuckPhaseWire>,
    /// Why it was stuck or failed, as found last.
    diagnosis: Option<DiagnosisWire>,
}

impl From<IntrospectionDetail> for DetailWire {
    fn from(detail: IntrospectionDetail) -> Self {
        let IntrospectionDetail {
            introspection,
            phases,
            missing,
            stuck,
            diagnosis,
        } = detail;
        Self {
            introspection: introspection.into(),
            phases: phases.into_iter().map(PhaseWire::from).collect(),
            missing: missing.map(Phase::as_str),
            missing_reason: missing.map(Phase::missing_reason),
            stuck: stuck.map(StuckPhaseWire::from),
            diagnosis: diagnosis.map(DiagnosisWire::from),
        }
    }
}

/// An introspection of a node's history, with what came of it.
#[derive(Serialize, ToSchema)]
#[schema(as = HistoryEntry)]
pub(super) struct HistoryEntryWire {
    /// The introspection.
    #[serde(flatten)]
    introspection: IntrospectionWire,
    /// The phases that were reached, in order.
    phases: Vec<PhaseWire>,
    /// The keys of its reports that are still stored.
    reports: Vec<i64>,
    /// The most likely cause of its being stuck or of its failure, as found last.
    #[schema(example = "unknown_mac")]
    cause: Option<String>,
}

impl From<HistoryEntry> for HistoryEntryWire {
    fn from(entry: HistoryEntry) -> Self {
        let HistoryEntry {
            introspection,
            phases,
            reports,
            cause,
        } = entry;
        Self {
            introspection: introspection.into(),
            phases: phases.into_iter().map(PhaseWire::from).collect(),
            reports,
            cause,
        }
    }
}

/// A page of introspections.
#[derive(Serialize, ToSchema)]
pub(super) struct IntrospectionHistory {
    /// The introspections, newest first.
    pub(super) introspections: Vec<HistoryEntryWire>,
}

/// A stored report, without its data.
#[derive(Serialize, ToSchema)]
#[schema(as = Report)]
pub(super) struct ReportWire {
    /// Key.
    #[schema(example = 1)]
    id: i64,
    /// The introspection that it belongs to.
    introspection_id: i64,
    /// When it arrived, UTC.
    received_at: String,
    /// Size as it arrived, in bytes.
    #[schema(example = 22528)]
    size: i64,
}

impl From<Report> for ReportWire {
    fn from(report: Report) -> Self {
        let Report {
            id,
            introspection_id,
            node_id: _,
            received_at,
            size,
            data: _,
        } = report;
        Self {
            id,
            introspection_id,
            received_at: iso(received_at),
            size,
        }
    }
}

/// A page of reports.
#[derive(Serialize, ToSchema)]
pub(super) struct ReportList {
    /// The reports, newest first.
    pub(super) reports: Vec<ReportWire>,
}
