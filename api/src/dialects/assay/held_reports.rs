//! Reports of machines that fit no node for certain: what speaks for and against, and the decision.

use assay_app::{App, Decision};
use assay_domain::{Error, HeldReport, HeldState, Result};
use rocket::serde::json::Json;
use rocket::{State, get, post};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::guards::{Caller, JsonBody};
use crate::query::Query;
use crate::reply::{Answer, Reply, StoredJson};

use super::iso;
use super::page::page_with;

/// A held report, without its data.
#[derive(Serialize, ToSchema)]
#[schema(as = HeldReport)]
pub(super) struct HeldReportWire {
    /// UUID.
    #[schema(example = "0b8c0e9e-6f53-4b5f-8d0e-4c1c7d3a2f10")]
    uuid: String,
    /// held, assigned, enrolled or discarded.
    #[schema(value_type = String, example = "held")]
    state: &'static str,
    /// Why it is held.
    reason: String,
    /// What the machine says of itself.
    #[schema(value_type = Object)]
    facts: Value,
    /// The nodes that it may be: `node_uuid`, `score`, and `evidence` for and against.
    #[schema(value_type = Vec<Object>)]
    candidates: Value,
    /// Address that it came from.
    #[schema(example = "192.0.2.71")]
    source: Option<String>,
    /// When the machine's first report arrived, UTC.
    #[schema(example = "2024-01-02T03:04:05.000000Z")]
    received_at: String,
    /// When its last one arrived, which is the one that is kept, UTC.
    last_at: String,
    /// How many reports the machine has sent.
    #[schema(example = 1)]
    count: i64,
    /// Size as it arrived, in bytes.
    #[schema(example = 22528)]
    size: i64,
    /// Who decided.
    decided_by: Option<String>,
    /// When, UTC.
    decided_at: Option<String>,
    /// UUID of the node that it went to.
    node_uuid: Option<String>,
}

impl From<HeldReport> for HeldReportWire {
    fn from(report: HeldReport) -> Self {
        let HeldReport {
            id: _,
            uuid,
            state,
            reason,
            facts,
            candidates,
            source,
            received_at,
            last_at,
            count,
            size,
            decided_by,
            decided_at,
            node_uuid,
        } = report;
        Self {
            uuid,
            state: state.as_str(),
            reason,
            facts,
            candidates,
            source,
            received_at: iso(received_at),
            last_at: iso(last_at),
            count,
            size,
            decided_by,
            decided_at: decided_at.map(iso),
            node_uuid,
        }
    }
}

/// A page of held reports.
#[derive(Serialize, ToSchema)]
pub(super) struct HeldReportPage {
    /// The held reports, newest first.
    held_reports: Vec<HeldReportWire>,
}

/// What is to become of a held report: exactly one of the three.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DecisionWire {
    /// UUID or name of the node that it is of; it is processed for that node.
    #[schema(example = "rack1-07")]
    node: Option<String>,
    /// Its machine becomes a new node.
    enroll: Option<EnrollWire>,
    /// True: nobody wants it.
    discard: Option<bool>,
}

/// The new node of a held report.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct EnrollWire {
    /// Its name; a rule may give one when absent.
    #[schema(example = "rack1-08")]
    name: Option<String>,
}

impl DecisionWire {
    fn decision(self) -> Result<Decision> {
        match (self.node, self.enroll, self.discard) {
            (Some(node), None, None | Some(false)) => Ok(Decision::Node(node)),
            (None, Some(EnrollWire { name }), None | Some(false)) => Ok(Decision::Enroll { name }),
            (None, None, Some(true)) => Ok(Decision::Discard),
            _ => Err(Error::invalid(
                "a decision is exactly one of node, enroll and discard (true)",
            )),
        }
    }
}

/// Lists held reports, newest first.
#[utoipa::path(
    tag = "held reports",
    params(
        ("state" = Option<String>, Query, description = "held, assigned, enrolled or discarded; all when absent"),
        ("offset" = Option<i64>, Query, description = "How many to skip", minimum = 0),
        ("limit" = Option<i64>, Query, description = "How many at most", minimum = 0),
    ),
    responses((status = 200, description = "A page of held reports", body = HeldReportPage)),
)]
#[get("/assay/v1/held-reports")]
pub(crate) async fn list_held_reports(
    app: &State<App>,
    caller: Caller,
    query: Query<'_>,
) -> Answer<HeldReportPage> {
    let page = page_with(&query, app.settings().api_max_limit, &["state"])?;
    let state = query.get("state").map(str::parse::<HeldState>);
    let held = app.held_reports();
    let found = held.list(&caller.0, state.transpose()?, page).await?;
    Ok(Json(HeldReportPage {
        held_reports: found.into_iter().map(HeldReportWire::from).collect(),
    }))
}

/// Shows a held report with the nodes that it may be and the evidence.
#[utoipa::path(
    tag = "held reports",
    params(("report" = String, Path, description = "UUID of the held report")),
    responses(
        (status = 200, description = "The held report", body = HeldReportWire),
        (status = 404, description = "The held report cannot be found"),
    ),
)]
#[get("/assay/v1/held-reports/<report>")]
pub(crate) async fn show_held_report(
    app: &State<App>,
    caller: Caller,
    report: &str,
) -> Answer<HeldReportWire> {
    let found = app.held_reports().get(&caller.0, report).await?;
    Ok(Json(found.into()))
}

/// Shows the data of a held report as the machine sent it.
#[utoipa::path(
    tag = "held reports",
    params(("report" = String, Path, description = "UUID of the held report")),
    responses(
        (status = 200, description = "The report as it arrived", body = Object),
        (status = 404, description = "The held report cannot be found"),
    ),
)]
#[get("/assay/v1/held-reports/<report>/data")]
pub(crate) async fn get_held_report_data(
    app: &State<App>,
    caller: Caller,
    report: &str,
) -> Reply<StoredJson> {
    Ok(StoredJson(
        app.held_reports().data(&caller.0, report).await?,
    ))
}

/// Decides what becomes of a held report: it is given to a node, enrolled as a new one, or thrown
/// away. A report is decided once.
#[utoipa::path(
    tag = "held reports",
    params(("report" = String, Path, description = "UUID of the held report")),
    request_body = DecisionWire,
    responses(
        (status = 200, description = "The decided report", body = HeldReportWire),
        (status = 404, description = "The held report or the node cannot be found"),
        (status = 409, description = "It has been decided, the node is being introspected, or the name is taken"),
    ),
)]
#[post("/assay/v1/held-reports/<report>/decision", data = "<body>")]
pub(crate) async fn decide_held_report(
    app: &State<App>,
    caller: Caller,
    report: &str,
    body: JsonBody<DecisionWire>,
) -> Answer<HeldReportWire> {
    let decision = body.0.decision()?;
    let held = app.held_reports();
    let decided = held.decide(&caller.0, report, decision).await?;
    Ok(Json(decided.into()))
}
