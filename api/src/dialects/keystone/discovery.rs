//! Discovery of the identity API.

use rocket::get;
use rocket::serde::json::Json;
use serde::Serialize;
use utoipa::ToSchema;

use crate::link::Base;

/// The version document.
#[derive(Serialize, ToSchema)]
pub(super) struct VersionAnswer {
    /// The one version.
    version: Version,
}

/// A version of the identity API.
#[derive(Serialize, ToSchema)]
pub(super) struct Version {
    /// Which version.
    #[schema(value_type = String, example = "v3.14")]
    id: &'static str,
    /// A link to it.
    #[schema(value_type = Vec<VersionLink>)]
    links: [VersionLink; 1],
    /// The forms of answers.
    #[serde(rename = "media-types")]
    #[schema(value_type = Vec<MediaType>)]
    media_types: [MediaType; 1],
    /// stable.
    #[schema(value_type = String, example = "stable")]
    status: &'static str,
    /// When the version was defined.
    #[schema(value_type = String, example = "2020-04-07T00:00:00Z")]
    updated: &'static str,
}

/// A form of answers.
#[derive(Serialize, ToSchema)]
pub(super) struct MediaType {
    /// What it is written in.
    #[schema(value_type = String, example = "application/json")]
    base: &'static str,
    /// What it is.
    #[schema(value_type = String, example = "application/vnd.openstack.identity-v3+json")]
    r#type: &'static str,
}

/// A link.
#[derive(Serialize, ToSchema)]
pub(super) struct VersionLink {
    /// Where.
    #[schema(example = "http://127.0.0.1:5050/v3/")]
    href: String,
    /// What.
    #[schema(value_type = String, example = "self")]
    rel: &'static str,
}

/// Shows the version of the identity API. Needs no token.
#[utoipa::path(
    tag = "identity",
    security(()),
    responses((status = 200, description = "The version", body = VersionAnswer)),
)]
#[get("/v3")]
pub(crate) fn show_identity_version(base: Base) -> Json<VersionAnswer> {
    Json(VersionAnswer {
        version: Version {
            id: "v3.14",
            links: [VersionLink {
                href: base.link("/v3/"),
                rel: "self",
            }],
            media_types: [MediaType {
                base: "application/json",
                r#type: "application/vnd.openstack.identity-v3+json",
            }],
            status: "stable",
            updated: "2020-04-07T00:00:00Z",
        },
    })
}
