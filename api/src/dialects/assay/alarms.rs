//! Alarms: what an operator has to look at, and that it was seen.

use assay_app::App;
use assay_domain::Alarm;
use rocket::serde::json::Json;
use rocket::{State, get, post};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::guards::Caller;
use crate::query::Query;
use crate::reply::Answer;

use super::iso;
use super::page::page_with;

/// An alarm.
#[derive(Serialize, ToSchema)]
#[schema(as = Alarm)]
pub(super) struct AlarmWire {
    /// Key.
    #[schema(example = 1)]
    id: i64,
    /// second_claimant, discovery_full, mac_conflict, ambiguous_report or host_silent.
    #[schema(value_type = String, example = "second_claimant")]
    kind: &'static str,
    /// With what: one alarm of a kind and subject is open at a time.
    #[schema(example = "52:54:00:00:00:01")]
    subject: String,
    /// Key of the node that it is about.
    node_id: Option<i64>,
    /// In words.
    text: String,
    /// What it was told from.
    #[schema(value_type = Object)]
    evidence: Value,
    /// When it was raised, UTC.
    #[schema(example = "2024-01-02T03:04:05.000000Z")]
    first_at: String,
    /// When it happened last, UTC.
    last_at: String,
    /// How often it happened.
    #[schema(example = 1)]
    count: i64,
    /// Whether nobody has acknowledged it.
    open: bool,
    /// Who has seen it.
    acknowledged_by: Option<String>,
    /// When, UTC.
    acknowledged_at: Option<String>,
}

impl From<Alarm> for AlarmWire {
    fn from(alarm: Alarm) -> Self {
        let Alarm {
            id,
            kind,
            subject,
            node_id,
            text,
            evidence,
            first_at,
            last_at,
            count,
            acknowledged_by,
            acknowledged_at,
        } = alarm;
        Self {
            id,
            kind: kind.as_str(),
            subject,
            node_id,
            text,
            evidence,
            first_at: iso(first_at),
            last_at: iso(last_at),
            count,
            open: acknowledged_at.is_none(),
            acknowledged_by,
            acknowledged_at: acknowledged_at.map(iso),
        }
    }
}

/// A page of alarms.
#[derive(Serialize, ToSchema)]
pub(super) struct AlarmPage {
    /// The alarms, newest first.
    alarms: Vec<AlarmWire>,
}

/// Lists alarms, newest first.
#[utoipa::path(
    tag = "alarms",
    params(
        ("open" = Option<bool>, Query, description = "Only those that nobody has acknowledged (true), or only those that somebody has (false)"),
        ("offset" = Option<i64>, Query, description = "How many to skip", minimum = 0),
        ("limit" = Option<i64>, Query, description = "How many at most", minimum = 0),
    ),
    responses((status = 200, description = "A page of alarms", body = AlarmPage)),
)]
#[get("/assay/v1/alarms")]
pub(crate) async fn list_alarms(
    app: &State<App>,
    caller: Caller,
    query: Query<'_>,
) -> Answer<AlarmPage> {
    let page = page_with(&query, app.settings().api_max_limit, &["open"])?;
    let open = query.flag("open")?;
    let alarms = app.alarms().list(&caller.0, open, page).await?;
    Ok(Json(AlarmPage {
        alarms: alarms.into_iter().map(AlarmWire::from).collect(),
    }))
}

/// Shows an alarm.
#[utoipa::path(
    tag = "alarms",
    params(("alarm" = i64, Path, description = "Key of the alarm")),
    responses(
        (status = 200, description = "The alarm", body = AlarmWire),
        (status = 404, description = "The alarm cannot be found"),
    ),
)]
#[get("/assay/v1/alarms/<alarm>")]
pub(crate) async fn show_alarm(app: &State<App>, caller: Caller, alarm: i64) -> Answer<AlarmWire> {
    let found = app.alarms().get(&caller.0, alarm).await?;
    Ok(Json(found.into()))
}

/// Says that an alarm was seen; who said so first is kept.
#[utoipa::path(
    tag = "alarms",
    params(("alarm" = i64, Path, description = "Key of the alarm")),
    responses(
        (status = 200, description = "The alarm", body = AlarmWire),
        (status = 404, description = "The alarm cannot be found"),
    ),
)]
#[post("/assay/v1/alarms/<alarm>/acknowledge")]
pub(crate) async fn acknowledge_alarm(
    app: &State<App>,
    caller: Caller,
    alarm: i64,
) -> Answer<AlarmWire> {
    let found = app.alarms().acknowledge(&caller.0, alarm).await?;
    Ok(Json(found.into()))
}
