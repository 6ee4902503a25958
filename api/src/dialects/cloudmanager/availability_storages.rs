//! Availability storages: list, count, create, get, update, delete.

use assay_app::App;
use rocket::serde::json::Json;
use rocket::{State, delete, get, post, put};
use utoipa::IntoParams;

use crate::guards::{Caller, JsonBody};
use crate::query::Query;
use crate::reply::{Answer, Nothing, Reply};

use super::availability_storage_wire::{
    AvailabilityStorageList, AvailabilityStoragePatchBody, AvailabilityStorageWire,
    NewAvailabilityStorageBody, OneAvailabilityStorage,
};
use super::filter::storage_filters;
use super::node_wire::Count;
use super::page::{self, page};

/// Filters of availability storages. Each takes `value` or `op:value` with the operators eq, ne, gt,
/// ge, lt, le, like, in:a,b, nin:a,b, null:true|false.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "describes parameters that are read by name")]
struct StorageFilters {
    /// Key
    availability_storage_id: Option<String>,
    /// Key as well: the document has both names
    id: Option<String>,
    /// Name
    name: Option<String>,
}

/// Lists availability storages with their nodes, by key.
#[utoipa::path(
    tag = "availability storages",
    params(
        StorageFilters,
        ("offset" = Option<i64>, Query, description = "How many to skip", minimum = 0),
        ("limit" = Option<i64>, Query, description = "How many at most; all when absent", minimum = 0),
    ),
    responses((status = 200, description = "The storages", body = AvailabilityStorageList)),
)]
#[get("/v1/availability-storages")]
pub(crate) async fn list_availability_storages(
    app: &State<App>,
    caller: Caller,
    query: Query<'_>,
) -> Answer<AvailabilityStorageList> {
    let filters = storage_filters(&query, &page::NAMES)?;
    let storages = app.availability_storages();
    let found = storages.list(&caller.0, filters, page(&query)?).await?;
    Ok(Json(AvailabilityStorageList {
        availability_storages: found
            .into_iter()
            .map(AvailabilityStorageWire::from)
            .collect(),
    }))
}

/// Counts availability storages.
#[utoipa::path(
    tag = "availability storages",
    params(StorageFilters),
    responses((status = 200, description = "How many pass the filters", body = Count)),
)]
#[get("/v1/availability-storages/count")]
pub(crate) async fn count_availability_storages(
    app: &State<App>,
    caller: Caller,
    query: Query<'_>,
) -> Answer<Count> {
    let filters = storage_filters(&query, &[])?;
    let count = app
        .availability_storages()
        .count(&caller.0, filters)
        .await?;
    Ok(Json(Count { count }))
}

/// Creates an availability storage.
#[utoipa::path(
    tag = "availability storages",
    request_body = NewAvailabilityStorageBody,
    responses(
        (status = 200, description = "The new storage", body = OneAvailabilityStorage),
        (status = 409, description = "The name is taken"),
    ),
)]
#[post("/v1/availability-storages", data = "<body>")]
pub(crate) async fn create_availability_storage(
    app: &State<App>,
    caller: Caller,
    body: JsonBody<NewAvailabilityStorageBody>,
) -> Answer<OneAvailabilityStorage> {
    let new = body.0.availability_storage.into();
    let created = app.availability_storages().create(&caller.0, new).await?;
    Ok(Json(OneAvailabilityStorage {
        availability_storage: created.into(),
    }))
}

/// Shows an availability storage with its nodes.
#[utoipa::path(
    tag = "availability storages",
    params(("availability_storage_id" = i64, Path, description = "Key of the storage")),
    responses(
        (status = 200, description = "The storage", body = OneAvailabilityStorage),
        (status = 404, description = "The storage cannot be found"),
    ),
)]
#[get("/v1/availability-storages/<availability_storage_id>")]
pub(crate) async fn get_availability_storage(
    app: &State<App>,
    caller: Caller,
    availability_storage_id: i64,
) -> Answer<OneAvailabilityStorage> {
    let storages = app.availability_storages();
    let found = storages.get(&caller.0, availability_storage_id).await?;
    Ok(Json(OneAvailabilityStorage {
        availability_storage: found.into(),
    }))
}

/// Changes an availability storage; what is not given stays.
#[utoipa::path(
    tag = "availability storages",
    params(("availability_storage_id" = i64, Path, description = "Key of the storage")),
    request_body = AvailabilityStoragePatchBody,
    responses(
        (status = 200, description = "The changed storage", body = OneAvailabilityStorage),
        (status = 404, description = "The storage cannot be found"),
        (status = 409, description = "The name is taken"),
    ),
)]
#[put("/v1/availability-storages/<availability_storage_id>", data = "<body>")]
pub(crate) async fn update_availability_storage(
    app: &State<App>,
    caller: Caller,
    availability_storage_id: i64,
    body: JsonBody<AvailabilityStoragePatchBody>,
) -> Answer<OneAvailabilityStorage> {
    let patch = body.0.availability_storage.into();
    let changed = app
        .availability_storages()
        .update(&caller.0, availability_storage_id, patch)
        .await?;
    Ok(Json(OneAvailabilityStorage {
        availability_storage: changed.into(),
    }))
}

/// Deletes an availability storage.
#[utoipa::path(
    tag = "availability storages",
    params(("availability_storage_id" = i64, Path, description = "Key of the storage")),
    responses(
        (status = 204, description = "Deleted"),
        (status = 404, description = "The storage cannot be found"),
        (status = 409, description = "It is assigned to nodes, up to ten of which are named"),
    ),
)]
#[delete("/v1/availability-storages/<availability_storage_id>")]
pub(crate) async fn delete_availability_storage(
    app: &State<App>,
    caller: Caller,
    availability_storage_id: i64,
) -> Reply<Nothing> {
    let storages = app.availability_storages();
    storages.delete(&caller.0, availability_storage_id).await?;
    Ok(Nothing)
}
