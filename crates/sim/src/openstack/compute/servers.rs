//! Nova: servers read, deleted, and what hangs on them.

use std::ops::Bound;

use hyper::{Method, StatusCode};
use serde_json::{Map, Value, json};

use super::wire;
use crate::openstack::answer::{Answer, Handled, Refusal};
use crate::openstack::cloud::{Cloud, Instance, Moment, Scope, Token};
use crate::openstack::request::Call;

/// All statuses that a server can have here.
const STATUSES: [&str; 15] = [
    "ACTIVE",
    "BUILD",
    "DELETED",
    "ERROR",
    "HARD_REBOOT",
    "MIGRATING",
    "PAUSED",
    "REBOOT",
    "REBUILD",
    "RESIZE",
    "REVERT_RESIZE",
    "SHUTOFF",
    "SUSPENDED",
    "UNKNOWN",
    "VERIFY_RESIZE",
];

/// What servers are asked for by.
struct Filter<'a> {
    /// None is all.
    project: Option<&'a str>,
    host: Option<&'a str>,
    statuses: Vec<String>,
    call: &'a Call,
}

impl<'a> Filter<'a> {
    fn read(call: &'a Call, token: &'a Token) -> Result<Self, Refusal> {
        let statuses = call.query.iter().filter(|(key, _)| key == "status");
        let statuses: Vec<String> = statuses
            .map(|(_, status)| status.to_ascii_uppercase())
            .collect();
        let unknown = statuses.iter().find(|it| !STATUSES.contains(&it.as_str()));
        if let Some(unknown) = unknown.filter(|_| call.minor >= 38) {
            return Err(Refusal::bad(format!("Invalid status value: {unknown}")));
        }
        let of_all = call.is_asked("all_tenants");
        let own = match &token.scope {
            Scope::Project(id) => Some(id.as_str()),
            _ => None,
        };
        let named = call
            .parameter("project_id")
            .or_else(|| call.parameter("tenant_id"));
        let host = call.parameter("host").or_else(|| call.parameter("node"));
        Ok(Self {
            project: named.filter(|_| of_all).or(own.filter(|_| !of_all)),
            host,
            statuses,
            call,
        })
    }

    fn takes(&self, cloud: &Cloud, instance: &Instance) -> bool {
        let is = |name: &str, value: &str| self.call.parameter(name).is_none_or(|it| it == value);
        let home = instance.host.map(|host| cloud.hosts[host].name.as_str());
        let task = instance.task_state.map_or("", |task| task.name());
        let zone = || instance.host.map_or("", |host| cloud.zone(host));
        let has_name = |pattern: &str| is_named(&instance.name, pattern);
        self.project.is_none_or(|id| id == instance.project_id)
            && self.host.is_none_or(|host| home == Some(host))
            && (self.statuses.is_empty() || self.statuses.iter().any(|it| it == instance.status()))
            && self.call.parameter("name").is_none_or(has_name)
            && is("uuid", &instance.id)
            && is("vm_state", instance.vm_state.name())
            && is("task_state", task)
            && is("flavor", &cloud.flavors[instance.flavor].id)
            && is("image", instance.image_id.as_deref().unwrap_or_default())
            && (self.call.parameter("availability_zone").is_none()
                || is("availability_zone", zone()))
            && !self.call.is_asked("deleted")
    }
}

/// Whether a name fits a pattern: of Nova's regular expressions `^` and `$` are known, at the ends.
fn is_named(name: &str, pattern: &str) -> bool {
    let (from_start, pattern) = match pattern.strip_prefix('^') {
        Some(rest) => (true, rest),
        None => (false, pattern),
    };
    let (to_end, pattern) = match pattern.strip_suffix('$') {
        Some(rest) => (true, rest),
        None => (false, pattern),
    };
    match (from_start, to_end) {
        (true, true) => name == pattern,
        (true, false) => name.starts_with(pattern),
        (false, true) => name.ends_with(pattern),
        (false, false) => name.contains(pattern),
    }
}

/// The servers of a page, the youngest first.
pub(super) fn list(cloud: &Cloud, call: &Call, token: &Token, is_full: bool) -> Handled {
    let filter = Filter::read(call, token)?;
    let (limit, marker) = call.page()?;
    let ascends = call.parameter("sort_dir") == Some("asc");
    if call
        .parameter("sort_key")
        .is_some_and(|key| key != "created_at")
    {
        return Err(Refusal::bad(
            "This simulator sorts servers by created_at alone.",
        ));
    }
    let after = match marker {
        None => None,
        Some(id) => {
            let missing = |_| Refusal::bad(format!("marker [{id}] not found"));
            Some(cloud.instance(id).map_err(missing)?.number)
        }
    };
    let from = |bound: Option<u64>| bound.map_or(Bound::Unbounded, Bound::Excluded);
    let range = if ascends {
        (from(after), Bound::Unbounded)
    } else {
        (Bound::Unbounded, from(after))
    };
    let all = cloud.instances.range(range).map(|(_, instance)| instance);
    let fitting = |instance: &&Instance| filter.takes(cloud, instance);
    let page: Vec<&Instance> = if ascends {
        all.filter(fitting).take(limit).collect()
    } else {
        all.rev().filter(fitting).take(limit).collect()
    };
    let show = |instance: &&Instance| {
        if is_full {
            wire::full(cloud, call, instance)
        } else {
            wire::brief(call, instance)
        }
    };
    let mut body = json!({"servers": page.iter().map(show).collect::<Vec<_>>()});
    if let Some(last) = page.last().filter(|_| page.len() == limit) {
        let path = if is_full {
            "/compute/v2.1/servers/detail"
        } else {
            "/compute/v2.1/servers"
        };
        body["servers_links"] = call.next_page(path, &last.id);
    }
    Ok(Answer::ok(body))
}

pub(super) fn show(cloud: &Cloud, call: &Call, id: &str) -> Handled {
    let instance = cloud.instance(id)?;
    Ok(Answer::ok(
        json!({"server": wire::full(cloud, call, instance)}),
    ))
}

pub(super) fn delete(cloud: &mut Cloud, id: &str, now: Moment) -> Handled {
    cloud.delete(id, now)?;
    Ok(Answer::empty(StatusCode::NO_CONTENT))
}

/// Reads metadata: all of its values are text.
pub(super) fn texts(
    members: &Map<String, Value>,
) -> Result<impl Iterator<Item = (String, String)> + '_, Refusal> {
    if members.values().all(Value::is_string) {
        let pair =
            |(key, value): (&String, &Value)| Some((key.clone(), value.as_str()?.to_owned()));
        Ok(members.iter().filter_map(pair))
    } else {
        Err(Refusal::bad(
            "Invalid input for field/attribute metadata: values are strings",
        ))
    }
}

pub(super) fn metadata(cloud: &mut Cloud, call: &Call, id: &str, now: Moment) -> Handled {
    let number = cloud.instance(id)?.number;
    let missing = || Refusal::not_found("Metadata item was not found");
    let path = call.segments();
    let key = path.get(3).copied();
    let gone = || Refusal::not_found(format!("Instance {id} could not be found."));
    let instance = cloud.instances.get_mut(&number).ok_or_else(gone)?;
    match (&call.method, key) {
        (&Method::GET, None) => {}
        (&Method::GET, Some(key)) => {
            let value = instance.metadata.get(key).ok_or_else(missing)?;
            return Ok(Answer::ok(json!({"meta": {key: value}})));
        }
        (&Method::POST, None) => {
            instance.metadata.extend(texts(call.object("metadata")?)?);
        }
        (&Method::PUT, None) => {
            instance.metadata = texts(call.object("metadata")?)?.collect();
        }
        (&Method::PUT, Some(key)) => {
            let mut meta = texts(call.object("meta")?)?;
            let fitting = meta.next().filter(|(name, _)| name == key);
            let (key, value) =
                fitting.ok_or_else(|| Refusal::bad("Request body and URI mismatch"))?;
            let body = json!({"meta": {&key: &value}});
            instance.metadata.insert(key, value);
            instance.updated = now;
            return Ok(Answer::ok(body));
        }
        (&Method::DELETE, Some(key)) => {
            instance.metadata.remove(key).ok_or_else(missing)?;
            instance.updated = now;
            return Ok(Answer::empty(StatusCode::NO_CONTENT));
        }
        _ => return Err(Refusal::no_resource()),
    }
    Ok(Answer::ok(json!({"metadata": instance.metadata})))
}
