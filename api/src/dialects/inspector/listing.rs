//! The list of all introspections, in pages.

use assay_app::App;
use assay_domain::{Actor, Error, Introspection, IntrospectionState, Result};
use rocket::serde::json::Json;
use rocket::{State, get};
use uuid::Uuid;

use crate::guards::Caller;
use crate::link::Base;
use crate::query::Query;
use crate::reply::Answer;

use super::version::Version;
use super::wire::{Status, StatusList};

/// Entries that a list shows to whoever asks below 1.8, where lists do not exist yet.
const LEAST: Version = Version(1, 8);

/// Lists the newest introspection of each node, newest first.
#[utoipa::path(
    tag = "introspection",
    params(
        ("marker" = Option<String>, Query, description = "UUID of the last node of the page before"),
        ("limit" = Option<i64>, Query, description = "Greatest number of entries; 0 or none means the configured maximum (1000)", minimum = 0),
        ("state" = Option<String>, Query, description = "Only these states, with commas between (from 1.18)", example = "starting,waiting"),
    ),
    responses((status = 200, description = "A page of statuses", body = StatusList)),
)]
#[get("/v1/introspection")]
pub(crate) async fn list_introspection_statuses(
    app: &State<App>,
    caller: Caller,
    version: Version,
    base: Base,
    query: Query<'_>,
) -> Answer<StatusList> {
    let limit = limit(&query, app.settings().api_max_limit)?;
    let marker = query.get("marker").map(marker).transpose()?;
    let found = match query.get("state").map(states).transpose()? {
        None => app.introspections().list(&caller.0, marker, limit).await?,
        Some(states) => in_states(app, &caller.0, marker, limit, &states).await?,
    };
    Ok(Json(StatusList {
        introspection: found
            .into_iter()
            .map(|one| Status::new(one, version.max(LEAST), &base))
            .collect(),
    }))
}

/// Walks through the pages until as many entries in these states are found.
async fn in_states(
    app: &App,
    actor: &Actor,
    mut marker: Option<String>,
    limit: i64,
    states: &[IntrospectionState],
) -> Result<Vec<Introspection>> {
    let wanted = usize::try_from(limit).unwrap_or(usize::MAX);
    let page_size = app.settings().api_max_limit;
    let mut found = Vec::new();
    loop {
        let page = app.introspections().list(actor, marker, page_size).await?;
        let is_last = i64::try_from(page.len()).is_ok_and(|length| length < page_size);
        marker = page.last().map(|last| last.node_uuid.clone());
        found.extend(page.into_iter().filter(|one| states.contains(&one.state)));
        if is_last || found.len() >= wanted {
            found.truncate(wanted);
            return Ok(found);
        }
    }
}

fn limit(query: &Query<'_>, maximum: i64) -> Result<i64> {
    match query.parsed::<i64>("limit")? {
        None | Some(0) => Ok(maximum),
        Some(limit) if limit < 0 => Err(Error::invalid("Bad request: Limit cannot be negative")),
        Some(limit) if limit > maximum => {
            Err(Error::invalid(format!("Bad request: Limit over {maximum}")))
        }
        Some(limit) => Ok(limit),
    }
}

fn marker(text: &str) -> Result<String> {
    Uuid::parse_str(text)
        .map(|uuid| uuid.to_string())
        .map_err(|_| Error::invalid("Bad request: Marker not UUID-like"))
}

fn states(text: &str) -> Result<Vec<IntrospectionState>> {
    text.split(',')
        .map(|name| {
            name.parse().map_err(|_| {
                Error::invalid(format!("Bad request: State(s) \"{name}\" are not valid"))
            })
        })
        .collect()
}
