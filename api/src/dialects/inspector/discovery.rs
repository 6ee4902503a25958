//! Discovery: which versions there are, and what is under /v1.

use rocket::get;
use rocket::serde::json::Json;

use crate::link::Base;

use super::version;
use super::wire::{ApiResource, ApiResourceList, ApiVersion, ApiVersionList, Link};

const RESOURCES: [&str; 3] = ["introspection", "continue", "rules"];

/// Lists the versions of the API. Needs no token.
#[utoipa::path(
    tag = "discovery",
    security(()),
    responses((status = 200, description = "The versions", body = ApiVersionList)),
)]
#[get("/")]
pub(crate) fn list_api_versions(base: Base) -> Json<ApiVersionList> {
    Json(ApiVersionList {
        versions: vec![ApiVersion {
            id: version::CURRENT.to_string(),
            links: Link::to_self(base.link("/v1")),
            status: "CURRENT",
        }],
    })
}

/// Lists the resources of version 1. Needs no token.
#[utoipa::path(
    tag = "discovery",
    security(()),
    responses((status = 200, description = "The resources", body = ApiResourceList)),
)]
#[get("/v1")]
pub(crate) fn list_api_resources(base: Base) -> Json<ApiResourceList> {
    Json(ApiResourceList {
        resources: RESOURCES
            .into_iter()
            .map(|name| ApiResource {
                links: Link::to_self(base.link(&format!("/v1/{name}"))),
                name,
            })
            .collect(),
    })
}
