//! Nova: `POST /servers/{id}/action`.

use hyper::StatusCode;
use serde_json::{Value, json};

use super::wire;
use crate::openstack::answer::{Answer, Handled, Refusal};
use crate::openstack::cloud::{Cloud, LiveOrder, Moment, Verb, VmState};
use crate::openstack::request::Call;

pub(super) fn answer(cloud: &mut Cloud, call: &Call, id: &str, now: Moment) -> Handled {
    let body = call.body.as_object();
    let action = body
        .filter(|body| body.len() == 1)
        .and_then(|body| body.iter().next());
    let (action, asked) = action.ok_or_else(|| Refusal::bad("Exactly one action is needed."))?;
    cloud.instance(id)?;
    if let Some(verb) = verb(action, asked)? {
        cloud.act(id, verb, now)?;
        if verb == Verb::Rebuild {
            let shown = wire::full(cloud, call, cloud.instance(id)?);
            return Ok(Answer::with_status(
                StatusCode::ACCEPTED,
                json!({ "server": shown }),
            ));
        }
        return Ok(Answer::accepted());
    }
    match action.as_str() {
        "os-migrateLive" => {
            let host = live_order(call, asked)?;
            let order = LiveOrder {
                host,
                minor: call.minor,
            };
            cloud.live_migrate(id, order, now)?;
        }
        "migrate" => {
            let host = asked["host"].as_str();
            if host.is_some() && call.minor < 56 {
                return Err(Refusal::bad("A host can be named since 2.56."));
            }
            cloud.cold_migrate(id, host, now)?;
        }
        "confirmResize" => {
            cloud.settle(id, true, now)?;
            return Ok(Answer::empty(StatusCode::NO_CONTENT));
        }
        "revertResize" => cloud.settle(id, false, now)?,
        "evacuate" => return evacuate(cloud, call, (id, asked), now),
        "os-resetState" => {
            let state = match asked["state"].as_str() {
                Some("active") => VmState::Active,
                Some("error") => VmState::Error,
                _ => return Err(Refusal::bad("'state' is 'active' or 'error'.")),
            };
            cloud.reset_state(id, state, now)?;
        }
        _ => return Err(Refusal::bad(format!("There is no such action: {action}"))),
    }
    Ok(Answer::accepted())
}

/// Actions that leave the server where it is.
fn verb(action: &str, asked: &Value) -> Result<Option<Verb>, Refusal> {
    Ok(Some(match action {
        "os-start" => Verb::Start,
        "os-stop" => Verb::Stop,
        "pause" => Verb::Pause,
        "unpause" => Verb::Unpause,
        "suspend" => Verb::Suspend,
        "resume" => Verb::Resume,
        "rebuild" => {
            let image = asked["imageRef"].as_str();
            image.ok_or_else(|| Refusal::bad("'imageRef' is a required property"))?;
            Verb::Rebuild
        }
        "reboot" => match asked["type"]
            .as_str()
            .map(str::to_ascii_uppercase)
            .as_deref()
        {
            Some("SOFT") => Verb::RebootSoft,
            Some("HARD") => Verb::RebootHard,
            _ => return Err(Refusal::bad("'type' is 'SOFT' or 'HARD'.")),
        },
        _ => return Ok(None),
    }))
}

/// What each microversion wants to have said, and the host.
fn live_order<'a>(call: &Call, asked: &'a Value) -> Result<Option<&'a str>, Refusal> {
    let members = asked.as_object();
    let members = members.ok_or_else(|| Refusal::bad("'host' is a required property"))?;
    let needs = |name: &str| {
        let missing = || Refusal::bad(format!("'{name}' is a required property"));
        members.get(name).ok_or_else(missing)
    };
    let block = needs("block_migration")?;
    let is_good = block.is_boolean() || block == "auto" && call.minor >= 25;
    if !is_good {
        return Err(Refusal::bad(
            "Invalid input for field/attribute block_migration.",
        ));
    }
    if call.minor < 25 {
        needs("disk_over_commit")?;
    }
    let mut known = vec!["host", "block_migration"];
    known.extend((call.minor < 25).then_some("disk_over_commit"));
    known.extend((30..68).contains(&call.minor).then_some("force"));
    only(members, &known)?;
    match needs("host")? {
        Value::Null => Ok(None),
        Value::String(host) => Ok(Some(host)),
        _ => Err(Refusal::bad("Invalid input for field/attribute host.")),
    }
}

/// Refuses what a microversion does not know.
fn only(members: &serde_json::Map<String, Value>, known: &[&str]) -> Result<(), Refusal> {
    match members.keys().find(|name| !known.contains(&name.as_str())) {
        None => Ok(()),
        Some(name) => Err(Refusal::bad(format!(
            "Additional properties are not allowed ('{name}' was unexpected)"
        ))),
    }
}

/// As in Nova the answer is 200, although the work is still to be done.
fn evacuate(cloud: &mut Cloud, call: &Call, (id, asked): (&str, &Value), now: Moment) -> Handled {
    let members = asked.as_object();
    let members = members.ok_or_else(|| Refusal::bad("'evacuate' is an object"))?;
    let mut known = vec!["host", "adminPass"];
    known.extend((call.minor < 14).then_some("onSharedStorage"));
    known.extend((29..68).contains(&call.minor).then_some("force"));
    only(members, &known)?;
    if call.minor < 14 && !members.contains_key("onSharedStorage") {
        return Err(Refusal::bad("'onSharedStorage' is a required property"));
    }
    let host = members.get("host").and_then(Value::as_str);
    cloud.evacuate(id, host, call.minor, now)?;
    if call.minor < 14 {
        let password = cloud.id();
        return Ok(Answer::ok(json!({ "adminPass": password })));
    }
    Ok(Answer::empty(StatusCode::OK))
}
