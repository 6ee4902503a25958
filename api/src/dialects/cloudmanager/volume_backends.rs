//! Volume groups of storage hosts, as they are now.

use assay_app::App;
use rocket::serde::json::Json;
use rocket::{State, get};
use utoipa::IntoParams;

use crate::guards::Caller;
use crate::query::Query;
use crate::reply::Answer;

use super::filter::volume_backend_filters;
use super::page::{self, page};
use super::volume_wire::VolumeBackendWire;

/// Filters of volume backends. Each takes `value` or `op:value` with the operators eq, ne, gt, ge, lt,
/// le, like, in:a,b, nin:a,b, null:true|false.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "describes parameters that are read by name")]
struct VolumeBackendFilters {
    /// Name of the backend
    volume_backend_name: Option<String>,
    /// Host: name of its node, or its UUID
    host: Option<String>,
    /// Name of the volume group
    vg_name: Option<String>,
}

/// Lists the volume backends that are configured, in that order, as their hosts have them now. Hosts of
/// backends that are not asked for are not asked; when one that is does not answer, there is no list.
#[utoipa::path(
    tag = "volumes",
    params(
        VolumeBackendFilters,
        ("offset" = Option<i64>, Query, description = "How many to skip", minimum = 0),
        ("limit" = Option<i64>, Query, description = "How many at most; all when absent", minimum = 0),
    ),
    responses(
        (status = 200, description = "The backends", body = Vec<VolumeBackendWire>),
        (status = 409, description = "A host, which is named, cannot be reached as configured, or has no such volume group"),
        (status = 422, description = "A host, which is named, lacks LVM"),
        (status = 503, description = "A host, which is named, does not answer"),
    ),
)]
#[get("/v1/volume-backends")]
pub(crate) async fn list_volume_backends(
    app: &State<App>,
    caller: Caller,
    query: Query<'_>,
) -> Answer<Vec<VolumeBackendWire>> {
    let filters = volume_backend_filters(&query, &page::NAMES)?;
    let volumes = app.volumes();
    let found = volumes.backends(&caller.0, &filters, page(&query)?).await?;
    Ok(Json(found.into_iter().map(Into::into).collect()))
}
