//! Domains of the cloud's users.

use assay_app::App;
use rocket::serde::json::Json;
use rocket::{State, get, post};
use serde::Serialize;
use utoipa::ToSchema;

use crate::guards::Caller;
use crate::reply::{Answer, Nothing, Reply};

/// Where the configurations of domains are.
#[derive(Serialize, ToSchema)]
pub(super) struct StoreOfDomains {
    /// `file` or `sql`.
    #[schema(example = "file")]
    store: &'static str,
}

/// Whether one-time passwords may be used.
#[derive(Serialize, ToSchema)]
pub(super) struct TotpAllowed {
    /// Whether users may log in with them.
    totp_allowed: bool,
}

/// Tells where Assay finds the configurations of the cloud's domains: `file` when it is given a folder of
/// them (`cloud.domains.folder`), else `sql`, the database of Keystone, which keeps what was loaded.
/// Keystone's API does not tell which of them Keystone itself reads
/// (`identity.domain_configurations_from_database`).
#[utoipa::path(
    tag = "domains",
    responses(
        (status = 200, description = "The store", body = StoreOfDomains),
        (status = 503, description = "No cloud is configured"),
    ),
)]
#[post("/v1/domains/actions/get-store")]
pub(crate) fn get_domain_store(app: &State<App>, caller: Caller) -> Answer<StoreOfDomains> {
    let store = app.domains().store(&caller.0)?;
    Ok(Json(StoreOfDomains {
        store: store.as_str(),
    }))
}

/// Loads the configuration of a domain into Keystone's database (`PUT /v3/domains/{id}/config`), in place
/// of what is there of it. It is read from the file `keystone.NAME.conf` of `cloud.domains.folder`, as
/// Keystone reads its own `domain_config_dir`; Keystone refuses options that cannot be of one domain.
/// For administrators.
#[utoipa::path(
    tag = "domains",
    params(("domain_id" = String, Path, description = "Id of the domain in Keystone")),
    responses(
        (status = 204, description = "Loaded"),
        (status = 404, description = "Keystone has no such domain, or there is no file of it"),
        (status = 409, description = "No folder is configured, the file cannot be read, or Keystone refused it"),
        (status = 503, description = "No cloud is configured, or it does not answer"),
    ),
)]
#[post("/v1/domains/<domain_id>/actions/configure")]
pub(crate) async fn configure_domain(
    app: &State<App>,
    caller: Caller,
    domain_id: &str,
) -> Reply<Nothing> {
    app.domains().configure(&caller.0, domain_id).await?;
    Ok(Nothing)
}

/// Tells whether users of the cloud may log in with one-time passwords: whether `totp` is among the
/// methods of Keystone's configuration (`auth.methods`). Keystone tells them to whoever tries a method
/// that it does not know, and so it is asked; no user is named.
#[utoipa::path(
    tag = "domains",
    responses(
        (status = 200, description = "Whether they may", body = TotpAllowed),
        (status = 503, description = "No cloud is configured, or it does not answer"),
    ),
)]
#[get("/v1/domains/totp-allowed")]
pub(crate) async fn is_totp_allowed(app: &State<App>, caller: Caller) -> Answer<TotpAllowed> {
    let totp_allowed = app.domains().is_totp_allowed(&caller.0).await?;
    Ok(Json(TotpAllowed { totp_allowed }))
}
