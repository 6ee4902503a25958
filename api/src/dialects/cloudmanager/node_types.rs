//! Types of a node class: list, create, update, delete.

use assay_app::App;
use rocket::serde::json::Json;
use rocket::{State, delete, get, post, put};

use crate::guards::{Caller, JsonBody};
use crate::query::Query;
use crate::reply::{Answer, Nothing, Reply};

use super::node_class_wire::{NodeTypeBody, NodeTypeList, NodeTypeWire, OneNodeType};

/// Lists the types of a node class, by key.
#[utoipa::path(
    tag = "node classes",
    params(("class_id" = i64, Path, description = "Key of the class")),
    responses(
        (status = 200, description = "The types", body = NodeTypeList),
        (status = 404, description = "The class cannot be found"),
    ),
)]
#[get("/v1/node-classes/<class_id>/types")]
pub(crate) async fn list_node_types(
    app: &State<App>,
    caller: Caller,
    query: Query<'_>,
    class_id: i64,
) -> Answer<NodeTypeList> {
    query.only(&[])?;
    let class = app.node_classes().get(&caller.0, class_id).await?;
    Ok(Json(NodeTypeList {
        node_types: class.types.into_iter().map(NodeTypeWire::from).collect(),
    }))
}

/// Adds a type to a node class.
#[utoipa::path(
    tag = "node classes",
    params(("class_id" = i64, Path, description = "Key of the class")),
    request_body = NodeTypeBody,
    responses(
        (status = 200, description = "The new type", body = OneNodeType),
        (status = 404, description = "The class cannot be found"),
        (status = 409, description = "The class has a type of that name"),
    ),
)]
#[post("/v1/node-classes/<class_id>/types", data = "<body>")]
pub(crate) async fn create_node_type(
    app: &State<App>,
    caller: Caller,
    class_id: i64,
    body: JsonBody<NodeTypeBody>,
) -> Answer<OneNodeType> {
    let name = body.0.node_type.name.unwrap_or_default();
    let classes = app.node_classes();
    let created = classes.create_type(&caller.0, class_id, &name).await?;
    Ok(Json(OneNodeType {
        node_type: created.into(),
    }))
}

/// Renames a type of a node class.
#[utoipa::path(
    tag = "node classes",
    params(
        ("class_id" = i64, Path, description = "Key of the class"),
        ("type_id" = i64, Path, description = "Key of the type"),
    ),
    request_body = NodeTypeBody,
    responses(
        (status = 200, description = "The changed type", body = OneNodeType),
        (status = 404, description = "The class, or a type of it, cannot be found"),
        (status = 409, description = "The class has a type of that name"),
    ),
)]
#[put("/v1/node-classes/<class_id>/types/<type_id>", data = "<body>")]
pub(crate) async fn update_node_type(
    app: &State<App>,
    caller: Caller,
    class_id: i64,
    type_id: i64,
    body: JsonBody<NodeTypeBody>,
) -> Answer<OneNodeType> {
    let name = body.0.node_type.name;
    let classes = app.node_classes();
    let changed = classes
        .update_type(&caller.0, class_id, type_id, name)
        .await?;
    Ok(Json(OneNodeType {
        node_type: changed.into(),
    }))
}

/// Deletes a type of a node class.
#[utoipa::path(
    tag = "node classes",
    params(
        ("class_id" = i64, Path, description = "Key of the class"),
        ("type_id" = i64, Path, description = "Key of the type"),
    ),
    responses(
        (status = 204, description = "Deleted"),
        (status = 404, description = "The class, or a type of it, cannot be found"),
        (status = 409, description = "It is the type of nodes, up to ten of which are named"),
    ),
)]
#[delete("/v1/node-classes/<class_id>/types/<type_id>")]
pub(crate) async fn delete_node_type(
    app: &State<App>,
    caller: Caller,
    class_id: i64,
    type_id: i64,
) -> Reply<Nothing> {
    let classes = app.node_classes();
    classes.delete_type(&caller.0, class_id, type_id).await?;
    Ok(Nothing)
}
