//! A request as the services see it: whose it is, where it goes, in which microversion.

use hyper::http::request::Parts;
use hyper::{HeaderMap, Method};
use serde_json::Value;

use super::answer::Refusal;

/// The services behind one address, each below a path of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Service {
    Identity,
    Compute,
    Placement,
    Volume,
    Image,
    /// The simulator's own control, no part of OpenStack.
    Simulator,
}

impl Service {
    /// All of them.
    pub(super) const ALL: [Self; 6] = [
        Self::Identity,
        Self::Compute,
        Self::Placement,
        Self::Volume,
        Self::Image,
        Self::Simulator,
    ];

    /// The first segment of its paths, and its name in operations.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Compute => "compute",
            Self::Placement => "placement",
            Self::Volume => "volume",
            Self::Image => "image",
            Self::Simulator => "simulator",
        }
    }

    /// The least and the largest microversion: major, least minor, largest minor. Identity and image have none.
    pub(super) fn microversions(self) -> Option<(u16, u16, u16)> {
        match self {
            Self::Compute => Some((2, 1, 95)),
            Self::Placement => Some((1, 0, 39)),
            Self::Volume => Some((3, 0, 70)),
            _ => None,
        }
    }

    /// The segment that follows the service's name in the paths of its resources.
    fn version_segment(self) -> Option<&'static str> {
        match self {
            Self::Identity | Self::Volume => Some("v3"),
            Self::Compute => Some("v2.1"),
            Self::Image => Some("v2"),
            Self::Placement | Self::Simulator => None,
        }
    }
}

/// Words of the APIs; every other segment of a path is somebody's name or id.
const WORDS: [&str; 43] = [
    "v3",
    "v2.1",
    "v2",
    "auth",
    "tokens",
    "servers",
    "detail",
    "action",
    "metadata",
    "migrations",
    "os-volume_attachments",
    "os-interface",
    "os-keypairs",
    "os-services",
    "os-hypervisors",
    "os-aggregates",
    "os-availability-zone",
    "os-server-groups",
    "os-migrations",
    "flavors",
    "os-extra_specs",
    "statistics",
    "enable",
    "disable",
    "disable-log-reason",
    "force-down",
    "resource_providers",
    "inventories",
    "usages",
    "allocations",
    "allocation_candidates",
    "aggregates",
    "traits",
    "volumes",
    "images",
    "types",
    "faults",
    "failures",
    "hosts",
    "state",
    "projects",
    "domains",
    "config",
];

/// One request.
#[derive(Debug)]
pub(super) struct Call {
    pub(super) service: Service,
    pub(super) method: Method,
    /// The segments below service and version; empty for the service's or the version's own document.
    pub(super) path: Vec<String>,
    /// Whether the version's segment was there.
    pub(super) is_versioned: bool,
    pub(super) query: Vec<(String, String)>,
    /// Null when there is none.
    pub(super) body: Value,
    pub(super) token: Option<String>,
    pub(super) subject_token: Option<String>,
    /// The microversion's minor number.
    pub(super) minor: u16,
    /// Scheme, address and port of the simulator.
    pub(super) base: String,
}

impl Call {
    /// Reads a request; the error is its answer, with the service that gives it.
    pub(super) fn read(
        parts: &Parts,
        body: &[u8],
        base: String,
    ) -> Result<Self, (Service, Refusal)> {
        let all: Vec<String> = reqwest::Url::parse(&format!("{base}{}", parts.uri.path()))
            .ok()
            .and_then(|url| Some(url.path_segments()?.map(str::to_owned).collect()))
            .unwrap_or_default();
        let all: Vec<String> = all.into_iter().filter(|part| !part.is_empty()).collect();
        let first = all.first().map(String::as_str);
        let service = Service::ALL
            .into_iter()
            .find(|service| first == Some(service.name()))
            .ok_or((Service::Identity, Refusal::no_resource()))?;
        let mut path = all.into_iter().skip(1).peekable();
        let is_versioned = path
            .next_if(|part| service.version_segment() == Some(part))
            .is_some();
        let refuse = |refusal| (service, refusal);
        let minor = minor(service, &parts.headers).map_err(refuse)?;
        let body = if body.is_empty() {
            Value::Null
        } else {
            let malformed = |_| refuse(Refusal::bad("Malformed request body"));
            serde_json::from_slice(body).map_err(malformed)?
        };
        let query = reqwest::Url::parse(&format!("{base}/?{}", parts.uri.query().unwrap_or("")));
        let query = query.map(|url| url.query_pairs().into_owned().collect());
        Ok(Self {
            service,
            method: parts.method.clone(),
            path: path.collect(),
            is_versioned,
            query: query.unwrap_or_default(),
            body,
            token: header(&parts.headers, "x-auth-token"),
            subject_token: header(&parts.headers, "x-subject-token"),
            minor,
            base,
        })
    }

    /// The path as something to match on.
    pub(super) fn segments(&self) -> Vec<&str> {
        self.path.iter().map(String::as_str).collect()
    }

    /// The first value of a query parameter.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        let found = self.query.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }

    /// Whether a query parameter is there and not false; no value at all is true, too.
    pub(super) fn is_asked(&self, name: &str) -> bool {
        self.parameter(name).is_some_and(|value| {
            !matches!(value.to_ascii_lowercase().as_str(), "0" | "false" | "no")
        })
    }

    /// The name of what is asked for, the same for all resources of a kind: `compute POST
    /// /servers/{id}/action os-migrateLive`.
    pub(super) fn operation(&self) -> String {
        let mut name = format!("{} {} ", self.service.name(), self.method);
        for part in &self.path {
            let is_word = WORDS.contains(&part.as_str());
            name.push('/');
            name.push_str(if is_word { part } else { "{id}" });
        }
        if self.path.is_empty() {
            name.push('/');
        }
        if self.path.last().is_some_and(|last| last == "action")
            && let Some((action, _)) = self.body.as_object().and_then(|body| body.iter().next())
        {
            name.push(' ');
            name.push_str(action);
        }
        name
    }

    /// An object in the body by its name.
    pub(super) fn object(&self, name: &str) -> Result<&serde_json::Map<String, Value>, Refusal> {
        self.body[name]
            .as_object()
            .ok_or_else(|| Refusal::bad(format!("'{name}' is a required property")))
    }

    /// How many a page may hold, 1,000 at most, and where it begins.
    pub(super) fn page(&self) -> Result<(usize, Option<&str>), Refusal> {
        let limit = match self.parameter("limit") {
            None => LARGEST_PAGE,
            Some(text) => text
                .parse::<usize>()
                .map_err(|_| {
                    Refusal::bad(format!("Invalid input for query parameters limit: {text}"))
                })?
                .min(LARGEST_PAGE),
        };
        Ok((limit, self.parameter("marker")))
    }

    /// The address of the page that begins after `marker`.
    pub(super) fn next_page(&self, path: &str, marker: &str) -> Value {
        let mut query: Vec<(&str, &str)> = self
            .query
            .iter()
            .map(|(key, value)| (key.as_str(), value.as_str()))
            .filter(|(key, _)| *key != "marker")
            .collect();
        query.push(("marker", marker));
        let href = reqwest::Url::parse_with_params(&format!("{}{path}", self.base), &query);
        let href = href.map_or_else(|_| path.to_owned(), |url| url.to_string());
        serde_json::json!([{"rel": "next", "href": href}])
    }
}

/// The most that Nova and Cinder put onto one page, as they come.
const LARGEST_PAGE: usize = 1000;

fn header(headers: &HeaderMap, name: &str) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}

/// The minor number that is asked for: the newer header has the service's type before it.
fn minor(service: Service, headers: &HeaderMap) -> Result<u16, Refusal> {
    let Some((major, least, largest)) = service.microversions() else {
        return Ok(0);
    };
    let wanted = headers
        .get_all("openstack-api-version")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|part| part.trim().split_once(' '))
        .find(|(kind, _)| *kind == service.name())
        .map(|(_, version)| version.trim().to_owned());
    let old = || match service {
        Service::Compute => header(headers, "x-openstack-nova-api-version"),
        _ => None,
    };
    let Some(wanted) = wanted.or_else(old) else {
        return Ok(least);
    };
    if wanted == "latest" {
        return Ok(largest);
    }
    let parts = wanted
        .split_once('.')
        .and_then(|(major, minor)| Some((major.parse::<u16>().ok()?, minor.parse::<u16>().ok()?)));
    match parts {
        Some((asked, minor)) if asked == major && (least..=largest).contains(&minor) => Ok(minor),
        Some((asked, minor)) => Err(Refusal::not_acceptable(format!(
            "Version {asked}.{minor} is not supported by the API. Minimum is {major}.{least} and maximum is \
             {major}.{largest}."
        ))),
        None => Err(Refusal::bad(format!(
            "API Version String '{wanted}' is of invalid format. Must be of format MajorNum.MinorNum."
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: &'static str, value: &'static str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(name, hyper::header::HeaderValue::from_static(value));
        headers
    }

    #[test]
    fn microversions_are_negotiated() {
        let new = |value| minor(Service::Compute, &headers("openstack-api-version", value));
        assert_eq!(new("compute 2.53"), Ok(53));
        assert_eq!(new("volume 3.1, compute 2.14"), Ok(14));
        assert_eq!(new("volume 3.1"), Ok(1), "without one it is the least");
        assert_eq!(new("compute latest"), Ok(95));
        assert_eq!(new("compute 2.96").unwrap_err().status.as_u16(), 406);
        assert_eq!(new("compute 3.1").unwrap_err().status.as_u16(), 406);
        assert_eq!(new("compute many").unwrap_err().status.as_u16(), 400);
        let old = headers("x-openstack-nova-api-version", "2.30");
        assert_eq!(minor(Service::Compute, &old), Ok(30));
        assert_eq!(minor(Service::Volume, &old), Ok(0));
    }
}
