//! Dry runs: what rules would do to stored reports, changing nothing.

use assay_app::{App, DryRunRequest, ResultFilter, RuleDraft};
use assay_domain::{DryRunReports, Error, Result};
use rocket::http::Status as HttpStatus;
use rocket::serde::json::Json;
use rocket::{State, delete, get, post};
use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::guards::{Caller, JsonBody};
use crate::query::Query;
use crate::reply::{Answer, Nothing, Reply, with_status};

use super::dry_run_wire::{DryRunList, DryRunResultList, DryRunResultWire, DryRunWire};
use super::page::{page, page_with};
use super::rule_trace_wire::{DryRunAnswer, TraceWire};

/// A rule to try, in the shape of /v1/rules.
#[derive(Deserialize, ToSchema)]
pub(crate) struct TriedRule {
    /// Any text that no other rule of the run has; made when absent.
    uuid: Option<String>,
    /// For people.
    description: Option<String>,
    /// What must hold, all of it: `op`, `field`, and optionally `multiple`, `invert`.
    #[serde(default)]
    #[schema(value_type = Option<Vec<Object>>)]
    conditions: Value,
    /// What is done then, in order: `action` and its parameters.
    #[serde(default)]
    #[schema(value_type = Vec<Object>)]
    actions: Value,
    /// Only for nodes of this inspection scope.
    scope: Option<String>,
}

impl From<TriedRule> for RuleDraft {
    fn from(rule: TriedRule) -> Self {
        let TriedRule {
            uuid,
            description,
            conditions,
            actions,
            scope,
        } = rule;
        Self {
            uuid,
            description,
            conditions,
            actions,
            scope,
        }
    }
}

/// What to try on what.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DryRunBody {
    /// The rules; the stored ones when absent.
    rules: Option<Vec<TriedRule>>,
    /// UUID or name of the one node whose report is looked at; many reports when absent.
    #[schema(example = "rack1-07")]
    node: Option<String>,
    /// With a node: the key of its report; the newest one when absent.
    report: Option<i64>,
    /// Without a node: newest (the newest report of each node, default) or all.
    #[schema(example = "newest")]
    reports: Option<String>,
    /// Without a node: only nodes of this inspection scope.
    scope: Option<String>,
}

/// Tries rules on stored reports: processes them as they would be processed now, and keeps nothing.
///
/// With a node the answer is the whole trace, at once. Without one, a task looks at the reports of
/// all nodes; this needs the role operator, because it takes a worker's processors for a while.
#[utoipa::path(
    tag = "rules",
    request_body = DryRunBody,
    responses(
        (status = 200, description = "What became of the one report", body = TraceWire),
        (status = 202, description = "The run that was begun", body = DryRunWire),
        (status = 404, description = "The node or the report cannot be found"),
    ),
)]
#[post("/assay/v1/rules/dry-run", data = "<body>")]
pub(crate) async fn try_rules(
    app: &State<App>,
    caller: Caller,
    body: JsonBody<DryRunBody>,
) -> Reply<(HttpStatus, Json<DryRunAnswer>)> {
    let DryRunBody {
        rules,
        node,
        report,
        reports,
        scope,
    } = body.0;
    let rules = rules.map(|rules| rules.into_iter().map(RuleDraft::from).collect());
    let runs = app.dry_runs();
    if let Some(node) = node {
        if reports.is_some() || scope.is_some() {
            let text = "reports and scope choose among many nodes; leave them out with node";
            return Err(Error::invalid(text).into());
        }
        let trace = runs.trace(&caller.0, &node, report, rules).await?;
        let answer = DryRunAnswer::Trace(trace.into());
        return Ok(with_status(HttpStatus::Ok, answer));
    }
    if report.is_some() {
        return Err(Error::invalid("report needs a node").into());
    }
    let request = DryRunRequest {
        rules,
        reports: which(reports.as_deref())?,
        scope,
    };
    let run = runs.start(&caller.0, request).await?;
    let answer = DryRunAnswer::Run(Box::new(run.into()));
    Ok(with_status(HttpStatus::Accepted, answer))
}

fn which(reports: Option<&str>) -> Result<DryRunReports> {
    reports.map_or(Ok(DryRunReports::default()), str::parse)
}

/// Lists dry runs over many reports, newest first.
#[utoipa::path(
    tag = "rules",
    params(
        ("offset" = Option<i64>, Query, description = "How many to skip", minimum = 0),
        ("limit" = Option<i64>, Query, description = "How many at most", minimum = 0),
    ),
    responses((status = 200, description = "A page of runs", body = DryRunList)),
)]
#[get("/assay/v1/rules/dry-runs")]
pub(crate) async fn list_dry_runs(
    app: &State<App>,
    caller: Caller,
    query: Query<'_>,
) -> Answer<DryRunList> {
    let page = page(&query, app.settings().api_max_limit)?;
    let runs = app.dry_runs().list(&caller.0, page).await?;
    Ok(Json(DryRunList {
        dry_runs: runs.into_iter().map(DryRunWire::from).collect(),
    }))
}

/// Shows a dry run: how far it is, and how often each rule and each condition held.
#[utoipa::path(
    tag = "rules",
    params(("run" = String, Path, description = "UUID of the run")),
    responses(
        (status = 200, description = "The run", body = DryRunWire),
        (status = 404, description = "The run cannot be found"),
    ),
)]
#[get("/assay/v1/rules/dry-runs/<run>")]
pub(crate) async fn show_dry_run(
    app: &State<App>,
    caller: Caller,
    run: &str,
) -> Answer<DryRunWire> {
    let run = app.dry_runs().get(&caller.0, run).await?;
    Ok(Json(run.into()))
}

/// Lists what a dry run said of each report, in the order of the reports.
#[utoipa::path(
    tag = "rules",
    params(
        ("run" = String, Path, description = "UUID of the run"),
        ("rule" = Option<String>, Query, description = "Only reports for which this rule (by UUID) was in scope"),
        ("held" = Option<bool>, Query, description = "Only reports on which that rule held, or did not; without a rule: any rule, or none"),
        ("node" = Option<String>, Query, description = "Only reports of this node, by UUID or name"),
        ("offset" = Option<i64>, Query, description = "How many to skip", minimum = 0),
        ("limit" = Option<i64>, Query, description = "How many at most", minimum = 0),
    ),
    responses(
        (status = 200, description = "A page of results", body = DryRunResultList),
        (status = 404, description = "The run cannot be found"),
    ),
)]
#[get("/assay/v1/rules/dry-runs/<run>/results")]
pub(crate) async fn list_dry_run_results(
    app: &State<App>,
    caller: Caller,
    query: Query<'_>,
    run: &str,
) -> Answer<DryRunResultList> {
    let known = ["rule", "held", "node"];
    let page = page_with(&query, app.settings().api_max_limit, &known)?;
    let filter = ResultFilter {
        rule: query.get("rule").map(str::to_owned),
        held: query.flag("held")?,
        node: query.get("node").map(str::to_owned),
    };
    let runs = app.dry_runs();
    let results = runs.results(&caller.0, run, filter, page).await?;
    Ok(Json(DryRunResultList {
        results: results.into_iter().map(DryRunResultWire::from).collect(),
    }))
}

/// Stops a dry run; what it has found stays.
#[utoipa::path(
    tag = "rules",
    params(("run" = String, Path, description = "UUID of the run")),
    responses(
        (status = 202, description = "It stops within a second or two", body = DryRunWire),
        (status = 404, description = "The run cannot be found"),
        (status = 409, description = "It has ended"),
    ),
)]
#[post("/assay/v1/rules/dry-runs/<run>/cancel")]
pub(crate) async fn cancel_dry_run(
    app: &State<App>,
    caller: Caller,
    run: &str,
) -> Reply<(HttpStatus, Json<DryRunWire>)> {
    let run = app.dry_runs().cancel(&caller.0, run).await?;
    Ok(with_status(HttpStatus::Accepted, run.into()))
}

/// Deletes an ended dry run with its results.
#[utoipa::path(
    tag = "rules",
    params(("run" = String, Path, description = "UUID of the run")),
    responses(
        (status = 204, description = "Deleted"),
        (status = 404, description = "The run cannot be found"),
        (status = 409, description = "It has not ended"),
    ),
)]
#[delete("/assay/v1/rules/dry-runs/<run>")]
pub(crate) async fn delete_dry_run(app: &State<App>, caller: Caller, run: &str) -> Reply<Nothing> {
    app.dry_runs().delete(&caller.0, run).await?;
    Ok(Nothing)
}
