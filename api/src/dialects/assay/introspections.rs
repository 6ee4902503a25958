//! Introspections in depth: phases, history, every stored report.

use assay_app::App;
use assay_domain::ReportKind;
use rocket::serde::json::Json;
use rocket::{State, get};

use crate::guards::Caller;
use crate::query::Query;
use crate::reply::{Answer, Reply, StoredJson};

use super::introspection_wire::{
    DetailWire, HistoryEntryWire, IntrospectionHistory, ReportList, ReportWire,
};
use super::page::page;

/// Shows the newest introspection of a node with the phases that its machine has passed.
#[utoipa::path(
    tag = "introspections",
    params(("node" = String, Path, description = "UUID or name of the node")),
    responses(
        (status = 200, description = "The introspection", body = DetailWire),
        (status = 404, description = "The node cannot be found, or was never introspected"),
    ),
)]
#[get("/assay/v1/nodes/<node>/introspection")]
pub(crate) async fn show_introspection(
    app: &State<App>,
    caller: Caller,
    node: &str,
) -> Answer<DetailWire> {
    let detail = app.introspections().detail(&caller.0, node).await?;
    Ok(Json(detail.into()))
}

/// Lists all introspections of a node, newest first, with their phases, reports and causes.
#[utoipa::path(
    tag = "introspections",
    params(
        ("node" = String, Path, description = "UUID or name of the node"),
        ("offset" = Option<i64>, Query, description = "How many to skip", minimum = 0),
        ("limit" = Option<i64>, Query, description = "How many at most", minimum = 0),
    ),
    responses(
        (status = 200, description = "A page of introspections", body = IntrospectionHistory),
        (status = 404, description = "The node cannot be found"),
    ),
)]
#[get("/assay/v1/nodes/<node>/introspections")]
pub(crate) async fn list_introspection_history(
    app: &State<App>,
    caller: Caller,
    query: Query<'_>,
    node: &str,
) -> Answer<IntrospectionHistory> {
    let page = page(&query, app.settings().api_max_limit)?;
    let found = app.introspections().history(&caller.0, node, page).await?;
    Ok(Json(IntrospectionHistory {
        introspections: found.into_iter().map(HistoryEntryWire::from).collect(),
    }))
}

/// Lists all stored reports of a node, newest first, without their data.
#[utoipa::path(
    tag = "introspections",
    params(
        ("node" = String, Path, description = "UUID or name of the node"),
        ("offset" = Option<i64>, Query, description = "How many to skip", minimum = 0),
        ("limit" = Option<i64>, Query, description = "How many at most", minimum = 0),
    ),
    responses(
        (status = 200, description = "A page of reports", body = ReportList),
        (status = 404, description = "The node cannot be found"),
    ),
)]
#[get("/assay/v1/nodes/<node>/reports")]
pub(crate) async fn list_reports(
    app: &State<App>,
    caller: Caller,
    query: Query<'_>,
    node: &str,
) -> Answer<ReportList> {
    let page = page(&query, app.settings().api_max_limit)?;
    let found = app.introspections().reports(&caller.0, node, page).await?;
    Ok(Json(ReportList {
        reports: found.into_iter().map(ReportWire::from).collect(),
    }))
}

/// Shows one stored report after the hooks.
#[utoipa::path(
    tag = "introspections",
    params(
        ("node" = String, Path, description = "UUID or name of the node"),
        ("report" = i64, Path, description = "Key of the report"),
    ),
    responses(
        (status = 200, description = "The processed data", body = Object),
        (status = 404, description = "The node or the report cannot be found, or it was not processed"),
    ),
)]
#[get("/assay/v1/nodes/<node>/reports/<report>")]
pub(crate) async fn get_report(
    app: &State<App>,
    caller: Caller,
    node: &str,
    report: i64,
) -> Reply<StoredJson> {
    one(app, caller, node, report, ReportKind::Processed).await
}

/// Shows one stored report as the machine sent it.
#[utoipa::path(
    tag = "introspections",
    params(
        ("node" = String, Path, description = "UUID or name of the node"),
        ("report" = i64, Path, description = "Key of the report"),
    ),
    responses(
        (status = 200, description = "The report as it arrived", body = Object),
        (status = 404, description = "The node or the report cannot be found"),
    ),
)]
#[get("/assay/v1/nodes/<node>/reports/<report>/raw")]
pub(crate) async fn get_raw_report(
    app: &State<App>,
    caller: Caller,
    node: &str,
    report: i64,
) -> Reply<StoredJson> {
    one(app, caller, node, report, ReportKind::Raw).await
}

async fn one(
    app: &App,
    caller: Caller,
    node: &str,
    id: i64,
    kind: ReportKind,
) -> Reply<StoredJson> {
    let data = app
        .introspections()
        .report(&caller.0, node, id, kind)
        .await?;
    Ok(StoredJson(data))
}
