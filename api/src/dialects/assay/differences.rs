//! What differs between two stored reports.

use assay_app::{App, DifferenceRequest, ReportDifferences};
use assay_domain::{Error, Report, ReportKind, Result};
use assay_inventory::difference::{Difference, Scope, VOLATILE, Volatile};
use rocket::serde::json::Json;
use rocket::{State, get};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::guards::Caller;
use crate::query::Query;
use crate::reply::Answer;

use super::iso;
use super::page::page_with;

/// One field that differs.
#[derive(Serialize, ToSchema)]
#[schema(as = Difference)]
pub(super) struct DifferenceWire {
    /// Where, as a JSON Pointer (RFC 6901) into the first report. What is added has the place that
    /// it would get there; a new entry of a list has `-`, the place behind the last one.
    #[schema(example = "/inventory/disks/0/size")]
    path: String,
    /// Which entry of a list it belongs to, by what identifies it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "serial=s4z9nx0t")]
    item: Option<String>,
    /// added, removed or changed.
    #[schema(value_type = String, example = "changed")]
    kind: &'static str,
    /// The value in the first report; absent when added.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    before: Option<Value>,
    /// The value in the second report; absent when removed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    after: Option<Value>,
}

impl From<Difference> for DifferenceWire {
    fn from(difference: Difference) -> Self {
        let Difference {
            path,
            item,
            kind,
            before,
            after,
        } = difference;
        Self {
            path,
            item,
            kind: kind.as_str(),
            before,
            after,
        }
    }
}

/// A report that was compared.
#[derive(Serialize, ToSchema)]
pub(super) struct ComparedReport {
    /// UUID of its node.
    node_uuid: String,
    /// Key.
    #[schema(example = 1)]
    id: i64,
    /// The introspection that it belongs to.
    introspection_id: i64,
    /// When it arrived, UTC.
    received_at: String,
}

impl From<(Report, String)> for ComparedReport {
    fn from((report, node_uuid): (Report, String)) -> Self {
        Self {
            node_uuid,
            id: report.id,
            introspection_id: report.introspection_id,
            received_at: iso(report.received_at),
        }
    }
}

/// A page of what differs between two reports.
#[derive(Serialize, ToSchema)]
pub(super) struct DifferenceList {
    /// The first report.
    first: ComparedReport,
    /// The second report.
    second: ComparedReport,
    /// How many differences there are in all.
    #[schema(example = 3)]
    total: usize,
    /// The differences, in the order of the first report.
    differences: Vec<DifferenceWire>,
}

impl From<ReportDifferences> for DifferenceList {
    fn from(found: ReportDifferences) -> Self {
        let ReportDifferences {
            first,
            second,
            total,
            differences,
        } = found;
        Self {
            first: first.into(),
            second: second.into(),
            total,
            differences: differences.into_iter().map(DifferenceWire::from).collect(),
        }
    }
}

/// Compares two stored reports, field by field.
///
/// Entries of lists are compared by what identifies them (interfaces by MAC address, PCI address or
/// name; disks by WWN, serial number, path or name; memory modules by slot; PCI devices by address;
/// processors by node and core), so that another order is no difference. Fields that change by
/// themselves, see `/assay/v1/volatile-fields`, are left out, and null counts like a missing field,
/// unless `all` is true.
#[utoipa::path(
    tag = "introspections",
    params(
        ("node" = String, Path, description = "UUID or name of the node"),
        ("report" = String, Path, description = "First report: its key, newest, or previous (the one before the newest)"),
        ("other" = String, Path, description = "Second report, likewise"),
        ("kind" = Option<String>, Query, description = "processed (default) or raw"),
        ("all" = Option<bool>, Query, description = "Also fields that change by themselves; false when absent"),
        ("other_node" = Option<String>, Query, description = "UUID or name of the second report's node; the same node when absent"),
        ("offset" = Option<i64>, Query, description = "How many differences to skip", minimum = 0),
        ("limit" = Option<i64>, Query, description = "How many at most", minimum = 0),
    ),
    responses(
        (status = 200, description = "A page of differences", body = DifferenceList),
        (status = 404, description = "A node or a report cannot be found, or was not processed"),
    ),
)]
#[get("/assay/v1/nodes/<node>/reports/<report>/differences/<other>")]
pub(crate) async fn compare_reports(
    app: &State<App>,
    caller: Caller,
    query: Query<'_>,
    node: &str,
    report: &str,
    other: &str,
) -> Answer<DifferenceList> {
    let known = ["kind", "all", "other_node"];
    let page = page_with(&query, app.settings().api_max_limit, &known)?;
    let scope = match query.flag("all")? {
        Some(true) => Scope::All,
        Some(false) | None => Scope::Lasting,
    };
    let request = DifferenceRequest {
        node: node.to_owned(),
        report: report.to_owned(),
        other_node: query.get("other_node").map(str::to_owned),
        other: other.to_owned(),
        kind: kind(query.get("kind"))?,
        scope,
        page,
    };
    let found = app.introspections().differences(&caller.0, request).await?;
    Ok(Json(found.into()))
}

fn kind(text: Option<&str>) -> Result<ReportKind> {
    match text {
        None | Some("processed") => Ok(ReportKind::Processed),
        Some("raw") => Ok(ReportKind::Raw),
        Some(other) => Err(Error::invalid(format!(
            "kind is raw or processed, not '{other}'"
        ))),
    }
}

/// A field that changes by itself.
#[derive(Serialize, ToSchema)]
pub(super) struct VolatileField {
    /// Its name, after the name of the object that it is in when that matters.
    #[schema(value_type = String, example = "cpu/frequency")]
    name: &'static str,
    /// Why it changes.
    #[schema(value_type = String)]
    why: &'static str,
}

/// The fields that change by themselves.
#[derive(Serialize, ToSchema)]
pub(super) struct VolatileFields {
    /// The fields.
    fields: Vec<VolatileField>,
}

/// Lists the fields that comparisons of reports leave out because they change by themselves.
#[utoipa::path(
    tag = "introspections",
    responses((status = 200, description = "The fields", body = VolatileFields)),
)]
#[get("/assay/v1/volatile-fields")]
pub(crate) fn list_volatile_fields(_caller: Caller) -> Json<VolatileFields> {
    let fields = VOLATILE.iter().map(|field| {
        let Volatile { name, why } = *field;
        VolatileField { name, why }
    });
    Json(VolatileFields {
        fields: fields.collect(),
    })
}
