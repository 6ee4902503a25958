//! The simulator's own control over HTTP, for whoever starts it by hand: `/simulator/…`, without a token.
//!
//! `GET state` shows what was counted, what must never happen and how the hosts are. `POST faults` and `POST
//! failures` add one, `DELETE` on either ends all. `PUT hosts/NAME` with `{"condition": …}` has a host die, lose
//! its power or come back. `DELETE tokens` has all tokens expire.

use hyper::{Method, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::answer::{Answer, Handled, Refusal};
use super::cloud::{Cloud, HostCondition, Moment};
use super::request::Call;

pub(super) fn answer(cloud: &mut Cloud, call: &Call, now: Moment) -> Handled {
    match (&call.method, call.segments().as_slice()) {
        (&Method::GET, ["state"]) => return Ok(state(cloud, now)),
        (&Method::POST, ["faults"]) => cloud.faults.calls.push(read(call)?),
        (&Method::DELETE, ["faults"]) => cloud.faults.calls.clear(),
        (&Method::POST, ["failures"]) => cloud.faults.actions.push(read(call)?),
        (&Method::DELETE, ["failures"]) => cloud.faults.actions.clear(),
        (&Method::DELETE, ["tokens"]) => cloud.tokens.clear(),
        (&Method::PUT, ["hosts", name]) => {
            let missing = || Refusal::not_found(format!("There is no host {name}."));
            let place = cloud.host_place(name).ok_or_else(missing)?;
            let condition = match call.body["condition"].as_str() {
                Some("well") => HostCondition::Well,
                Some("dead_but_running") => HostCondition::DeadButRunning,
                Some("powered_off") => HostCondition::PoweredOff,
                _ => {
                    return Err(Refusal::bad(
                        "'condition' is 'well', 'dead_but_running' or 'powered_off'.",
                    ));
                }
            };
            cloud.set_condition(place, condition, now);
        }
        _ => return Err(Refusal::no_resource()),
    }
    Ok(Answer::empty(StatusCode::NO_CONTENT))
}

fn read<T: DeserializeOwned>(call: &Call) -> Result<T, Refusal> {
    serde_json::from_value(call.body.clone()).map_err(|error| Refusal::bad(error.to_string()))
}

fn state(cloud: &Cloud, now: Moment) -> Answer {
    let condition = |condition: HostCondition| match condition {
        HostCondition::Well => "well",
        HostCondition::DeadButRunning => "dead_but_running",
        HostCondition::PoweredOff => "powered_off",
    };
    let host = |(place, host): (usize, &super::cloud::Host)| {
        json!({
            "name": host.name,
            "condition": condition(host.condition),
            "is_up": cloud.is_up(place, now),
            "instances": host.instances.len(),
        })
    };
    let hosts: Vec<Value> = cloud.hosts.iter().enumerate().map(host).collect();
    Answer::ok(json!({
        "counters": cloud.counters,
        "faults": cloud.faults.calls,
        "failures": cloud.faults.actions,
        "instances": cloud.instances.len(),
        "hosts": hosts,
    }))
}
