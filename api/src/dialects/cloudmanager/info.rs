//! What this installation is. Assay has no licence to show.

use rocket::get;
use rocket::serde::json::Json;
use serde::Serialize;
use utoipa::ToSchema;

use crate::guards::Caller;

/// What this installation is.
#[derive(Serialize, ToSchema)]
pub(super) struct InfoBody {
    /// Its facts. `license` is never there: Assay is free software without a licence key.
    info: Info,
}

/// Facts of this installation.
#[derive(Serialize, ToSchema)]
pub(super) struct Info {
    /// Assay's version.
    #[schema(example = "0.1.0")]
    version: &'static str,
}

/// Shows Assay's version. The optional key `license` is never there: Assay needs no licence, so
/// that there is none of which anything could be told.
#[utoipa::path(
    tag = "info",
    responses((status = 200, description = "The version, and no licence", body = InfoBody)),
)]
#[get("/v1/info")]
pub(crate) fn get_info(_caller: Caller) -> Json<InfoBody> {
    Json(InfoBody {
        info: Info {
            version: env!("CARGO_PKG_VERSION"),
        },
    })
}
