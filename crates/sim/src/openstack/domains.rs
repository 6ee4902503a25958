//! Keystone v3: domains, and their configurations in its database.

use hyper::{Method, StatusCode};
use serde_json::{Value, json};

use super::answer::{Answer, Handled, Refusal};
use super::cloud::{Cloud, Domain};
use super::request::Call;

/// The groups of options that a domain may have of its own.
const GROUPS: [&str; 2] = ["identity", "ldap"];
/// Options that are kept and never shown.
const SENSITIVE: [&str; 1] = ["password"];

pub(super) fn answer(cloud: &mut Cloud, call: &Call) -> Handled {
    let path = call.segments();
    let (place, rest) = match path.as_slice() {
        ["domains"] if call.method == Method::GET => {
            let all: Vec<Value> = cloud.domains.iter().map(shown).collect();
            return Ok(Answer::ok(json!({"domains": all, "links": {}})));
        }
        ["domains", id, rest @ ..] => {
            let place = cloud.domains.iter().position(|domain| domain.id == *id);
            let missing = || Refusal::not_found(format!("Could not find domain: {id}."));
            (place.ok_or_else(missing)?, rest)
        }
        _ => return Err(Refusal::no_resource()),
    };
    let domain = &mut cloud.domains[place];
    match (&call.method, rest) {
        (&Method::GET, []) => Ok(Answer::ok(json!({"domain": shown(domain)}))),
        (&Method::GET, ["config"]) if domain.config.is_null() => Err(Refusal::not_found(
            "Could not find domain configuration or option.",
        )),
        (&Method::GET, ["config"]) => Ok(Answer::ok(config(domain))),
        (&Method::PUT, ["config"]) => {
            let asked = call.object("config")?;
            check(asked)?;
            let is_new = domain.config.is_null();
            domain.config = Value::Object(asked.clone());
            let status = if is_new {
                StatusCode::CREATED
            } else {
                StatusCode::OK
            };
            Ok(Answer::with_status(status, config(domain)))
        }
        (&Method::DELETE, ["config"]) => {
            domain.config = Value::Null;
            Ok(Answer::empty(StatusCode::NO_CONTENT))
        }
        _ => Err(Refusal::no_resource()),
    }
}

fn check(asked: &serde_json::Map<String, Value>) -> Result<(), Refusal> {
    for (group, options) in asked {
        let refuse = |what: String| {
            Refusal::forbidden(format!("Invalid domain specific configuration: {what}."))
        };
        if !GROUPS.contains(&group.as_str()) {
            return Err(refuse(format!("Group {group} is not supported")));
        }
        if !options.is_object() {
            return Err(refuse(format!("The value of group {group} specified")));
        }
    }
    Ok(())
}

fn shown(domain: &Domain) -> Value {
    json!({"id": domain.id, "name": domain.name, "enabled": true, "description": ""})
}

/// A configuration without what is sensitive in it.
fn config(domain: &Domain) -> Value {
    let mut shown = domain.config.clone();
    for options in shown
        .as_object_mut()
        .into_iter()
        .flat_map(|it| it.values_mut())
    {
        if let Some(options) = options.as_object_mut() {
            options.retain(|option, _| !SENSITIVE.contains(&option.as_str()));
        }
    }
    json!({ "config": shown })
}
