//! The service catalog: where the services are that a token is good for (identity API v3).

use serde::Deserialize;

/// The services that a token is good for.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(transparent)]
pub struct Catalog {
    services: Vec<CatalogService>,
}

#[derive(Debug, Clone, Deserialize)]
struct CatalogService {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    endpoints: Vec<Endpoint>,
}

#[derive(Debug, Clone, Deserialize)]
struct Endpoint {
    interface: String,
    region: Option<String>,
    url: String,
}

impl Catalog {
    /// The URL of the first of these types of service that has this interface (`public`, `internal`
    /// or `admin`), in this region or in any.
    pub fn endpoint(&self, kinds: &[&str], interface: &str, region: Option<&str>) -> Option<&str> {
        let fits = |endpoint: &&Endpoint| {
            endpoint.interface == interface
                && region.is_none_or(|region| endpoint.region.as_deref() == Some(region))
        };
        kinds.iter().find_map(|kind| {
            let services = self.services.iter().filter(|known| known.kind == *kind);
            let mut endpoints = services.flat_map(|service| &service.endpoints);
            endpoints.find(fits).map(|endpoint| endpoint.url.as_str())
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Catalog;

    #[test]
    fn type_interface_and_region_choose() {
        let endpoint = |interface: &str, region: &str, url: &str| json!({"id": "e", "interface": interface, "region": region, "url": url});
        let catalog: Catalog = serde_json::from_value(json!([
            {"type": "compute", "name": "nova", "endpoints": [
                endpoint("internal", "one", "a"), endpoint("public", "one", "b"),
                endpoint("public", "two", "c"),
            ]},
            {"type": "key-manager"},
        ]))
        .unwrap();
        let kinds = ["block-storage", "compute"];
        assert_eq!(catalog.endpoint(&kinds, "public", None), Some("b"));
        assert_eq!(catalog.endpoint(&kinds, "public", Some("two")), Some("c"));
        assert_eq!(catalog.endpoint(&kinds, "internal", Some("two")), None);
        assert_eq!(catalog.endpoint(&["key-manager"], "public", None), None);
    }
}
