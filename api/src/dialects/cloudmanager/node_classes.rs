//! Node classes: list, count, create, get, update, delete.

use assay_app::App;
use rocket::serde::json::Json;
use rocket::{State, delete, get, post, put};
use utoipa::IntoParams;

use crate::guards::{Caller, JsonBody};
use crate::query::Query;
use crate::reply::{Answer, Nothing, Reply};

use super::filter::node_class_filters;
use super::node_class_wire::{
    NewNodeClassBody, NodeClassList, NodeClassPatchBody, NodeClassWire, OneNodeClass,
};
use super::node_wire::Count;
use super::page::{self, page};

/// Filters of node classes. Each takes `value` or `op:value` with the operators eq, ne, gt, ge, lt,
/// le, like, in:a,b, nin:a,b, null:true|false.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[allow(dead_code, reason = "describes parameters that are read by name")]
struct NodeClassFilters {
    /// Key
    id: Option<String>,
    /// Name
    name: Option<String>,
}

/// Lists node classes with their types, by key.
#[utoipa::path(
    tag = "node classes",
    params(
        NodeClassFilters,
        ("offset" = Option<i64>, Query, description = "How many to skip", minimum = 0),
        ("limit" = Option<i64>, Query, description = "How many at most; all when absent", minimum = 0),
    ),
    responses((status = 200, description = "The classes", body = NodeClassList)),
)]
#[get("/v1/node-classes")]
pub(crate) async fn list_node_classes(
    app: &State<App>,
    caller: Caller,
    query: Query<'_>,
) -> Answer<NodeClassList> {
    let filters = node_class_filters(&query, &page::NAMES)?;
    let classes = app.node_classes();
    let found = classes.list(&caller.0, filters, page(&query)?).await?;
    Ok(Json(NodeClassList {
        node_classes: found.into_iter().map(NodeClassWire::from).collect(),
    }))
}

/// Counts node classes.
#[utoipa::path(
    tag = "node classes",
    params(NodeClassFilters),
    responses((status = 200, description = "How many pass the filters", body = Count)),
)]
#[get("/v1/node-classes/count")]
pub(crate) async fn count_node_classes(
    app: &State<App>,
    caller: Caller,
    query: Query<'_>,
) -> Answer<Count> {
    let filters = node_class_filters(&query, &[])?;
    let count = app.node_classes().count(&caller.0, filters).await?;
    Ok(Json(Count { count }))
}

/// Creates a node class with types of the given names.
#[utoipa::path(
    tag = "node classes",
    request_body = NewNodeClassBody,
    responses(
        (status = 200, description = "The new class", body = OneNodeClass),
        (status = 409, description = "The name is taken"),
    ),
)]
#[post("/v1/node-classes", data = "<body>")]
pub(crate) async fn create_node_class(
    app: &State<App>,
    caller: Caller,
    body: JsonBody<NewNodeClassBody>,
) -> Answer<OneNodeClass> {
    let new = body.0.node_class;
    let classes = app.node_classes();
    let created = classes
        .create(&caller.0, &new.name, &new.node_types)
        .await?;
    Ok(Json(OneNodeClass {
        node_class: created.into(),
    }))
}

/// Shows a node class with its types.
#[utoipa::path(
    tag = "node classes",
    params(("class_id" = i64, Path, description = "Key of the class")),
    responses(
        (status = 200, description = "The class", body = OneNodeClass),
        (status = 404, description = "The class cannot be found"),
    ),
)]
#[get("/v1/node-classes/<class_id>")]
pub(crate) async fn get_node_class(
    app: &State<App>,
    caller: Caller,
    class_id: i64,
) -> Answer<OneNodeClass> {
    let found = app.node_classes().get(&caller.0, class_id).await?;
    Ok(Json(OneNodeClass {
        node_class: found.into(),
    }))
}

/// Changes a node class; what is not given stays.
#[utoipa::path(
    tag = "node classes",
    params(("class_id" = i64, Path, description = "Key of the class")),
    request_body = NodeClassPatchBody,
    responses(
        (status = 200, description = "The changed class", body = OneNodeClass),
        (status = 404, description = "The class cannot be found"),
        (status = 409, description = "The name is taken, or a type that is to go is a node's"),
    ),
)]
#[put("/v1/node-classes/<class_id>", data = "<body>")]
pub(crate) async fn update_node_class(
    app: &State<App>,
    caller: Caller,
    class_id: i64,
    body: JsonBody<NodeClassPatchBody>,
) -> Answer<OneNodeClass> {
    let patch = body.0.node_class;
    let classes = app.node_classes();
    let changed = classes
        .update(&caller.0, class_id, patch.name, patch.node_types)
        .await?;
    Ok(Json(OneNodeClass {
        node_class: changed.into(),
    }))
}

/// Deletes a node class with its types.
#[utoipa::path(
    tag = "node classes",
    params(("class_id" = i64, Path, description = "Key of the class")),
    responses(
        (status = 204, description = "Deleted"),
        (status = 404, description = "The class cannot be found"),
        (status = 409, description = "It is the default class, or the class of nodes, up to ten of which are named"),
    ),
)]
#[delete("/v1/node-classes/<class_id>")]
pub(crate) async fn delete_node_class(
    app: &State<App>,
    caller: Caller,
    class_id: i64,
) -> Reply<Nothing> {
    app.node_classes().delete(&caller.0, class_id).await?;
    Ok(Nothing)
}
