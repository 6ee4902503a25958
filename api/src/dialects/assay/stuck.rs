//! Which introspections do not come further, and why.

use assay_app::App;
use assay_domain::{Cause, Phase};
use rocket::serde::json::Json;
use rocket::{State, get};

use crate::guards::Caller;
use crate::query::Query;
use crate::reply::Answer;

use super::diagnosis_wire::{CauseList, CauseWire, DiagnosisWithEvidence, StuckList, StuckWire};
use super::page::{page, page_with};

/// Lists the introspections that are past the limit of the phase that they wait for, those that have
/// waited longest first, each with its causes.
#[utoipa::path(
    tag = "diagnosis",
    params(
        ("phase" = Option<String>, Query, description = "Only those that wait for this phase", example = "boot_script"),
        ("cause" = Option<String>, Query, description = "Only those with this most likely cause", example = "unknown_mac"),
        ("offset" = Option<i64>, Query, description = "How many to skip", minimum = 0),
        ("limit" = Option<i64>, Query, description = "How many at most", minimum = 0),
    ),
    responses((status = 200, description = "A page of stuck introspections", body = StuckList)),
)]
#[get("/assay/v1/stuck")]
pub(crate) async fn list_stuck_introspections(
    app: &State<App>,
    caller: Caller,
    query: Query<'_>,
) -> Answer<StuckList> {
    let page = page_with(&query, app.settings().api_max_limit, &["phase", "cause"])?;
    let phase = query.parsed::<Phase>("phase")?;
    let cause = query.parsed::<Cause>("cause")?;
    let found = app.diagnoses().stuck(&caller.0, phase, cause, page).await?;
    Ok(Json(StuckList {
        stuck: found.into_iter().map(StuckWire::from).collect(),
    }))
}

/// Lists all known causes of an introspection that hangs or fails, with what to do about each.
#[utoipa::path(
    tag = "diagnosis",
    params(
        ("offset" = Option<i64>, Query, description = "How many to skip", minimum = 0),
        ("limit" = Option<i64>, Query, description = "How many at most", minimum = 0),
    ),
    responses((status = 200, description = "The catalogue", body = CauseList)),
)]
#[get("/assay/v1/causes")]
pub(crate) fn list_causes(
    app: &State<App>,
    _caller: Caller,
    query: Query<'_>,
) -> Answer<CauseList> {
    let page = page(&query, app.settings().api_max_limit)?;
    let size = |number: i64| usize::try_from(number).unwrap_or(usize::MAX);
    let all = Cause::ALL.iter().copied().skip(size(page.offset));
    Ok(Json(CauseList {
        causes: all.take(size(page.limit)).map(CauseWire::from).collect(),
    }))
}

/// Shows why an introspection of a node was stuck or failed, and all that was seen of it.
#[utoipa::path(
    tag = "diagnosis",
    params(
        ("node" = String, Path, description = "UUID or name of the node"),
        ("introspection" = i64, Path, description = "Key of the introspection"),
    ),
    responses(
        (status = 200, description = "The diagnosis", body = DiagnosisWithEvidence),
        (status = 404, description = "The node or the introspection cannot be found"),
    ),
)]
#[get("/assay/v1/nodes/<node>/introspections/<introspection>/diagnosis")]
pub(crate) async fn show_diagnosis(
    app: &State<App>,
    caller: Caller,
    node: &str,
    introspection: i64,
) -> Answer<DiagnosisWithEvidence> {
    let diagnoses = app.diagnoses();
    let found = diagnoses.of_introspection(&caller.0, node, introspection);
    let (diagnosis, evidence) = found.await?;
    Ok(Json(DiagnosisWithEvidence {
        diagnosis: diagnosis.map(Into::into),
        evidence: evidence.into_iter().map(Into::into).collect(),
    }))
}
