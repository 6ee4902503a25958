//! The catalog: where each of Assay's APIs is, in Keystone's JSON.

use assay_app::{App, IdentitySettings, stable_id};
use rocket::serde::json::Json;
use rocket::{State, get};
use serde::Serialize;
use utoipa::ToSchema;

use crate::guards::Caller;
use crate::link::Base;

/// Type, name and path of each service. The type of the introspection API is that of OpenStack's
/// service types authority; the types of the last two are Assay's own.
const SERVICES: [(&str, &str, &str); 4] = [
    ("identity", "assay-identity", "/v3"),
    ("baremetal-introspection", "assay-inspector", ""),
    ("cloudmanager", "assay-cloudmanager", "/v1"),
    ("assay", "assay", "/assay/v1"),
];

const INTERFACES: [&str; 3] = ["public", "internal", "admin"];

/// A service.
#[derive(Serialize, ToSchema)]
pub(super) struct Service {
    /// Where it is.
    endpoints: Vec<Endpoint>,
    /// Id.
    id: String,
    /// Type, by which clients look for it.
    #[schema(value_type = String, example = "baremetal-introspection")]
    r#type: &'static str,
    /// Name.
    #[schema(value_type = String, example = "assay-inspector")]
    name: &'static str,
}

/// An address of a service.
#[derive(Serialize, ToSchema)]
pub(super) struct Endpoint {
    /// Id.
    id: String,
    /// public, internal or admin.
    #[schema(value_type = String, example = "public")]
    interface: &'static str,
    /// Region.
    #[schema(example = "RegionOne")]
    region_id: String,
    /// Region.
    #[schema(example = "RegionOne")]
    region: String,
    /// The address.
    #[schema(example = "http://192.0.2.10:5050")]
    url: String,
}

/// The catalog by itself.
#[derive(Serialize, ToSchema)]
pub(super) struct CatalogAnswer {
    /// The services.
    catalog: Vec<Service>,
    /// Where it is.
    links: CatalogLinks,
}

/// Where the catalog is.
#[derive(Serialize, ToSchema)]
pub(super) struct CatalogLinks {
    /// This address.
    #[serde(rename = "self")]
    this: String,
}

/// All services under the address that the caller, or the configuration, gives to Assay.
pub(super) fn catalog(base: &Base, settings: &IdentitySettings) -> Vec<Service> {
    SERVICES
        .iter()
        .map(|(kind, name, path)| Service {
            endpoints: endpoints(kind, &base.link(path), &settings.region),
            id: stable_id(&["service", kind]),
            r#type: kind,
            name,
        })
        .collect()
}

fn endpoints(kind: &str, url: &str, region: &str) -> Vec<Endpoint> {
    INTERFACES
        .iter()
        .map(|interface| Endpoint {
            id: stable_id(&["endpoint", kind, interface, region]),
            interface,
            region_id: region.to_owned(),
            region: region.to_owned(),
            url: url.to_owned(),
        })
        .collect()
}

/// Shows the catalog: where each of Assay's APIs is.
#[utoipa::path(
    tag = "identity",
    responses((status = 200, description = "The services", body = CatalogAnswer)),
)]
#[get("/v3/auth/catalog")]
pub(crate) fn show_catalog(app: &State<App>, _caller: Caller, base: Base) -> Json<CatalogAnswer> {
    Json(CatalogAnswer {
        catalog: catalog(&base, &app.settings().identity),
        links: CatalogLinks {
            this: base.link("/v3/auth/catalog"),
        },
    })
}
