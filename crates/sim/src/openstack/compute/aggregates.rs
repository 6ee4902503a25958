//! Nova: host aggregates.

use std::collections::{BTreeMap, BTreeSet};

use hyper::{Method, StatusCode};
use serde_json::{Map, Value, json};

use crate::openstack::answer::{Answer, Handled, Refusal};
use crate::openstack::cloud::clock::micros;
use crate::openstack::cloud::{Aggregate, Cloud, Moment};
use crate::openstack::request::Call;

pub(super) fn answer(cloud: &mut Cloud, call: &Call, now: Moment) -> Handled {
    match (&call.method, call.segments().as_slice()) {
        (&Method::GET, ["os-aggregates"]) => {
            let all = cloud.aggregates.values().map(|it| shown(call, it));
            Ok(Answer::ok(json!({"aggregates": all.collect::<Vec<_>>()})))
        }
        (&Method::POST, ["os-aggregates"]) => create(cloud, call, now),
        (method, ["os-aggregates", id, rest @ ..]) => {
            let missing = || Refusal::not_found(format!("Aggregate {id} could not be found."));
            let id: u64 = id.parse().map_err(|_| missing())?;
            if !cloud.aggregates.contains_key(&id) {
                return Err(missing());
            }
            match (method, rest) {
                (&Method::GET, []) => {}
                (&Method::PUT, []) => update(cloud, call, id, now)?,
                (&Method::POST, ["action"]) => act(cloud, call, id, now)?,
                (&Method::DELETE, []) => return delete(cloud, id),
                _ => return Err(Refusal::no_resource()),
            }
            let aggregate = cloud.aggregates.get(&id).ok_or_else(missing)?;
            Ok(Answer::ok(json!({"aggregate": shown(call, aggregate)})))
        }
        _ => Err(Refusal::no_resource()),
    }
}

fn shown(call: &Call, aggregate: &Aggregate) -> Value {
    let mut shown = json!({
        "id": aggregate.id,
        "name": aggregate.name,
        "availability_zone": aggregate.zone(),
        "hosts": aggregate.hosts,
        "metadata": aggregate.metadata,
        "created_at": micros(aggregate.created),
        "updated_at": aggregate.updated.map(micros),
        "deleted": false,
        "deleted_at": null,
    });
    if call.minor >= 41 {
        shown["uuid"] = json!(aggregate.uuid);
    }
    shown
}

fn name(members: &Map<String, Value>) -> Result<Option<&str>, Refusal> {
    match members.get("name") {
        None => Ok(None),
        Some(Value::String(name)) if !name.trim().is_empty() => Ok(Some(name)),
        Some(_) => Err(Refusal::bad("Invalid input for field/attribute name.")),
    }
}

fn create(cloud: &mut Cloud, call: &Call, now: Moment) -> Handled {
    let asked = call.object("aggregate")?;
    let name = name(asked)?.ok_or_else(|| Refusal::bad("'name' is a required property"))?;
    check_name(cloud, name, None)?;
    let zone = asked.get("availability_zone").and_then(Value::as_str);
    let metadata: BTreeMap<String, String> = zone
        .map(|zone| ("availability_zone".to_owned(), zone.to_owned()))
        .into_iter()
        .collect();
    let id = cloud.add_aggregate(name, BTreeSet::new(), metadata, now);
    let made = cloud.aggregates.get(&id).map(|it| shown(call, it));
    let mut made = made.unwrap_or_default();
    // As in Nova, the answer to a creation has neither.
    if let Value::Object(made) = &mut made {
        made.shift_remove("hosts");
        made.shift_remove("metadata");
    }
    Ok(Answer::ok(json!({ "aggregate": made })))
}

fn check_name(cloud: &Cloud, name: &str, own: Option<u64>) -> Result<(), Refusal> {
    let mut others = cloud.aggregates.values().filter(|it| Some(it.id) != own);
    if others.any(|it| it.name == name) {
        return Err(Refusal::conflict(format!(
            "Aggregate {name} already exists."
        )));
    }
    Ok(())
}

fn update(cloud: &mut Cloud, call: &Call, id: u64, now: Moment) -> Result<(), Refusal> {
    let asked = call.object("aggregate")?;
    let name = name(asked)?;
    if let Some(name) = name {
        check_name(cloud, name, Some(id))?;
    }
    let Some(aggregate) = cloud.aggregates.get_mut(&id) else {
        return Ok(());
    };
    aggregate.updated = Some(now);
    if let Some(name) = name {
        name.clone_into(&mut aggregate.name);
    }
    if let Some(zone) = asked.get("availability_zone") {
        set(aggregate, "availability_zone", zone)?;
    }
    Ok(())
}

/// Null takes a key away.
fn set(aggregate: &mut Aggregate, key: &str, value: &Value) -> Result<(), Refusal> {
    match value {
        Value::Null => drop(aggregate.metadata.remove(key)),
        Value::String(value) => drop(aggregate.metadata.insert(key.to_owned(), value.clone())),
        _ => {
            return Err(Refusal::bad(format!(
                "Invalid input for field/attribute {key}."
            )));
        }
    }
    Ok(())
}

fn act(cloud: &mut Cloud, call: &Call, id: u64, now: Moment) -> Result<(), Refusal> {
    let action = call.body.as_object().and_then(|body| body.iter().next());
    let (action, asked) = action.ok_or_else(|| Refusal::bad("An action is needed."))?;
    let host = asked["host"].as_str();
    if action != "set_metadata" {
        let name = host.ok_or_else(|| Refusal::bad("'host' is a required property"))?;
        let missing = || Refusal::not_found(format!("Compute host {name} could not be found."));
        cloud.host_place(name).ok_or_else(missing)?;
    }
    let Some(aggregate) = cloud.aggregates.get_mut(&id) else {
        return Ok(());
    };
    match (action.as_str(), host) {
        ("add_host", Some(host)) => {
            if !aggregate.hosts.insert(host.to_owned()) {
                return Err(Refusal::conflict(format!(
                    "Aggregate {id} already has host {host}."
                )));
            }
        }
        ("remove_host", Some(host)) => {
            if !aggregate.hosts.remove(host) {
                return Err(Refusal::not_found(format!(
                    "Aggregate {id} has no host {host}."
                )));
            }
        }
        ("set_metadata", _) => {
            let metadata = asked["metadata"].as_object();
            let metadata =
                metadata.ok_or_else(|| Refusal::bad("'metadata' is a required property"))?;
            for (key, value) in metadata {
                set(aggregate, key, value)?;
            }
        }
        _ => return Err(Refusal::bad(format!("There is no action {action}."))),
    }
    aggregate.updated = Some(now);
    Ok(())
}

fn delete(cloud: &mut Cloud, id: u64) -> Handled {
    if cloud
        .aggregates
        .get(&id)
        .is_some_and(|it| !it.hosts.is_empty())
    {
        return Err(Refusal::bad(format!(
            "Cannot remove aggregate {id}: it still has hosts."
        )));
    }
    cloud.aggregates.remove(&id);
    Ok(Answer::empty(StatusCode::OK))
}
