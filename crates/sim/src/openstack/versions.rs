//! The documents with which services say which versions they speak.

use hyper::StatusCode;
use serde_json::{Value, json};

use super::answer::{Answer, Handled, Refusal};
use super::request::{Call, Service};

/// What each of them says of itself.
const SIMULATOR: &str = "This is Assay's simulator of OpenStack, no cloud: nothing runs in it.";

/// All addresses below one, for whoever looks there first.
pub(super) fn index(base: &str) -> Answer {
    let link = |service: &Service| {
        (
            service.name().to_owned(),
            json!(format!("{base}/{}", service.name())),
        )
    };
    let services: serde_json::Map<String, Value> = Service::ALL.iter().map(link).collect();
    Answer::ok(json!({
        "simulator": SIMULATOR,
        "auth_url": format!("{base}/identity/v3"),
        "services": services,
    }))
}

/// The document of a service, or of its one version.
pub(super) fn document(call: &Call) -> Handled {
    if call.method != hyper::Method::GET && call.method != hyper::Method::HEAD {
        return Err(Refusal::no_resource());
    }
    let version = version(call);
    let whole = match (call.service, call.is_versioned) {
        (Service::Simulator, _) => return Err(Refusal::no_resource()),
        (Service::Identity | Service::Compute, true) => {
            json!({"version": version, "simulator": SIMULATOR})
        }
        (Service::Identity, false) => {
            json!({"versions": {"values": [version]}, "simulator": SIMULATOR})
        }
        _ => json!({"versions": [version], "simulator": SIMULATOR}),
    };
    let offers_choice = matches!(
        call.service,
        Service::Identity | Service::Volume | Service::Image
    );
    let status = if offers_choice && !call.is_versioned {
        StatusCode::MULTIPLE_CHOICES
    } else {
        StatusCode::OK
    };
    Ok(Answer::with_status(status, whole))
}

fn version(call: &Call) -> Value {
    let (id, path, status, updated) = match call.service {
        Service::Identity => ("v3.14", "identity/v3/", "stable", "2020-04-07T00:00:00Z"),
        Service::Compute => ("v2.1", "compute/v2.1/", "CURRENT", "2013-07-23T11:33:21Z"),
        Service::Volume => ("v3.0", "volume/v3/", "CURRENT", "2022-08-31T00:00:00Z"),
        Service::Image => ("v2.9", "image/v2/", "CURRENT", "2020-08-01T00:00:00Z"),
        Service::Placement | Service::Simulator => ("v1.0", "placement/", "CURRENT", ""),
    };
    let mut version = json!({
        "id": id,
        "status": status,
        "updated": updated,
        "links": [{"rel": "self", "href": format!("{}/{path}", call.base)}],
    });
    if call.service == Service::Identity {
        version["media-types"] = json!([{
            "base": "application/json",
            "type": "application/vnd.openstack.identity-v3+json",
        }]);
    }
    if let Some((major, least, largest)) = call.service.microversions() {
        version["min_version"] = json!(format!("{major}.{least}"));
        let name = match call.service {
            Service::Placement => "max_version",
            _ => "version",
        };
        version[name] = json!(format!("{major}.{largest}"));
    }
    version
}
