//! Nova: its services, and the availability zones that their hosts are in.

use std::collections::BTreeMap;

use hyper::{Method, StatusCode};
use serde_json::{Map, Value, json};

use crate::openstack::answer::{Answer, Handled, Refusal};
use crate::openstack::cloud::clock::micros;
use crate::openstack::cloud::{Cloud, Moment};
use crate::openstack::request::Call;

/// The services that are not on hypervisors.
const OTHERS: [&str; 2] = ["nova-conductor", "nova-scheduler"];
/// Where they are.
const CONTROLLER: &str = "controller";
/// What the numbers and ids of the others begin after and with.
const OTHERS_FROM: usize = 1_000_000;

pub(super) fn answer(cloud: &mut Cloud, call: &Call, now: Moment) -> Handled {
    match (&call.method, call.segments().as_slice()) {
        (&Method::GET, ["os-services"]) => Ok(list(cloud, call, now)),
        (&Method::PUT, ["os-services", word]) if call.minor < 53 => old(cloud, call, word, now),
        (&Method::PUT, ["os-services", id]) => {
            let place = cloud.hosts.iter().position(|host| host.service_uuid == *id);
            let missing = || Refusal::not_found(format!("Service {id} could not be found."));
            let place = place.ok_or_else(missing)?;
            let body = call.body.as_object();
            change(
                cloud,
                place,
                body.ok_or_else(|| Refusal::bad("A body is needed."))?,
            )?;
            Ok(Answer::ok(
                json!({"service": compute(cloud, call, place, now)}),
            ))
        }
        (&Method::DELETE, ["os-services", _]) => Err(Refusal::bad(
            "This simulator does not delete compute services.",
        )),
        _ => Err(Refusal::no_resource()),
    }
}

fn list(cloud: &Cloud, call: &Call, now: Moment) -> Answer {
    let binary = call.parameter("binary");
    let host = call.parameter("host");
    let takes = |kind: &str, name: &str| {
        binary.is_none_or(|wanted| wanted == kind) && host.is_none_or(|wanted| wanted == name)
    };
    let others = OTHERS.iter().enumerate();
    let others = others.filter(|(_, kind)| takes(kind, CONTROLLER));
    let mut all: Vec<Value> = others
        .map(|(at, kind)| other(call, at, kind, now))
        .collect();
    let hosts = cloud.hosts.iter().enumerate();
    let hosts = hosts.filter(|(_, host)| takes("nova-compute", &host.name));
    all.extend(hosts.map(|(place, _)| compute(cloud, call, place, now)));
    Answer::ok(json!({ "services": all }))
}

fn other(call: &Call, at: usize, kind: &str, now: Moment) -> Value {
    let number = OTHERS_FROM + at;
    let id = if call.minor < 53 {
        json!(number)
    } else {
        json!(format!("00000000-0000-4000-8000-{number:012}"))
    };
    let mut shown = json!({
        "id": id,
        "binary": kind,
        "host": CONTROLLER,
        "zone": "internal",
        "status": "enabled",
        "state": "up",
        "disabled_reason": null,
        "updated_at": micros(now),
    });
    if call.minor >= 11 {
        shown["forced_down"] = json!(false);
    }
    shown
}

/// The compute service of a host.
fn compute(cloud: &Cloud, call: &Call, place: usize, now: Moment) -> Value {
    let host = &cloud.hosts[place];
    let id = if call.minor < 53 {
        json!(host.number)
    } else {
        json!(host.service_uuid)
    };
    let mut shown = json!({
        "id": id,
        "binary": "nova-compute",
        "host": host.name,
        "zone": cloud.zone(place),
        "status": if host.is_disabled { "disabled" } else { "enabled" },
        "state": if cloud.is_up(place, now) { "up" } else { "down" },
        "disabled_reason": host.disabled_reason,
        "updated_at": micros(host.reported(now)),
    });
    if call.minor >= 11 {
        shown["forced_down"] = json!(host.forced_down);
    }
    shown
}

/// Status, reason and forced_down, each if it is there.
fn change(cloud: &mut Cloud, place: usize, body: &Map<String, Value>) -> Result<(), Refusal> {
    let status = body.get("status").and_then(Value::as_str);
    let reason = body.get("disabled_reason").and_then(Value::as_str);
    let forced_down = body.get("forced_down").and_then(Value::as_bool);
    let is_known =
        |key: &String| ["status", "disabled_reason", "forced_down"].contains(&key.as_str());
    if !body.keys().all(is_known) {
        return Err(Refusal::bad("Additional properties are not allowed."));
    }
    if status.is_none() && forced_down.is_none() {
        return Err(Refusal::bad(
            "No updates were requested. Fields 'status' or 'forced_down' should be specified.",
        ));
    }
    if reason.is_some() && status != Some("disabled") {
        return Err(Refusal::bad(
            "Specifying 'disabled_reason' when status is 'enabled' is invalid.",
        ));
    }
    let host = &mut cloud.hosts[place];
    match status {
        Some("enabled") => {
            host.is_disabled = false;
            host.disabled_reason = None;
        }
        Some("disabled") => {
            host.is_disabled = true;
            host.disabled_reason = reason.map(str::to_owned);
        }
        Some(_) => return Err(Refusal::bad("'status' is 'enabled' or 'disabled'.")),
        None => {}
    }
    if let Some(forced_down) = forced_down {
        host.forced_down = forced_down;
    }
    Ok(())
}

/// The actions of before 2.53, which name host and binary in their bodies.
fn old(cloud: &mut Cloud, call: &Call, word: &str, now: Moment) -> Handled {
    let name = call.body["host"].as_str();
    let name = name.ok_or_else(|| Refusal::bad("'host' is a required property"))?;
    if call.body["binary"] != "nova-compute" {
        return Err(Refusal::not_found("The service could not be found."));
    }
    let missing = || {
        Refusal::not_found(format!(
            "Could not find binary nova-compute on host {name}."
        ))
    };
    let place = cloud.host_place(name).ok_or_else(missing)?;
    let body = match word {
        "enable" => json!({"status": "enabled"}),
        "disable" => json!({"status": "disabled"}),
        "disable-log-reason" => {
            json!({"status": "disabled", "disabled_reason": call.body["disabled_reason"]})
        }
        "force-down" if call.minor >= 11 => json!({"forced_down": call.body["forced_down"]}),
        _ => return Err(Refusal::no_resource()),
    };
    change(cloud, place, body.as_object().unwrap_or(&Map::new()))?;
    let service = compute(cloud, call, place, now);
    Ok(Answer::with_status(
        StatusCode::OK,
        json!({ "service": service }),
    ))
}

/// Zones, with their hosts when those are asked for.
pub(super) fn zones(cloud: &Cloud, call: &Call, now: Moment) -> Handled {
    let with_hosts = match (&call.method, call.segments().as_slice()) {
        (&Method::GET, ["os-availability-zone"]) => false,
        (&Method::GET, ["os-availability-zone", "detail"]) => true,
        _ => return Err(Refusal::no_resource()),
    };
    let mut zones: BTreeMap<&str, Map<String, Value>> = BTreeMap::new();
    for (place, host) in cloud.hosts.iter().enumerate() {
        let service = json!({"nova-compute": {
            "active": !host.is_disabled,
            "available": cloud.is_up(place, now),
            "updated_at": micros(host.reported(now)),
        }});
        let zone = zones.entry(cloud.zone(place)).or_default();
        zone.insert(host.name.clone(), service);
    }
    let show = |(name, hosts): (&str, Map<String, Value>)| {
        json!({
            "zoneName": name,
            "zoneState": {"available": true},
            "hosts": if with_hosts { Value::Object(hosts) } else { Value::Null },
        })
    };
    let mut all: Vec<Value> = zones
        .into_iter()
        .map(|(name, hosts)| show((name, hosts)))
        .collect();
    if with_hosts {
        let service = json!({"active": true, "available": true, "updated_at": micros(now)});
        let of = |kind: &str| (kind.to_owned(), service.clone());
        let services: Map<String, Value> = OTHERS.into_iter().map(of).collect();
        let mut internal = Map::new();
        internal.insert(CONTROLLER.to_owned(), Value::Object(services));
        all.insert(0, show(("internal", internal)));
    }
    Ok(Answer::ok(json!({ "availabilityZoneInfo": all })))
}
