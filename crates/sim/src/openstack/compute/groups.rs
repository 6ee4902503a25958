//! Nova: server groups.

use hyper::{Method, StatusCode};
use serde_json::{Value, json};

use crate::openstack::answer::{Answer, Handled, Refusal};
use crate::openstack::cloud::{Cloud, Group, Scope, Token};
use crate::openstack::request::Call;

const POLICIES: [&str; 4] = [
    "affinity",
    "anti-affinity",
    "soft-affinity",
    "soft-anti-affinity",
];

pub(super) fn answer(cloud: &mut Cloud, call: &Call, token: &Token) -> Handled {
    match (&call.method, call.segments().as_slice()) {
        (&Method::GET, ["os-server-groups"]) => list(cloud, call, token),
        (&Method::POST, ["os-server-groups"]) => create(cloud, call, token),
        (&Method::GET, ["os-server-groups", id]) => {
            let group = cloud.groups.iter().find(|group| group.id == *id);
            let group = group.ok_or_else(|| missing(id))?;
            Ok(Answer::ok(
                json!({"server_group": shown(cloud, call, group)}),
            ))
        }
        (&Method::DELETE, ["os-server-groups", id]) => {
            let place = cloud.groups.iter().position(|group| group.id == *id);
            cloud.groups.remove(place.ok_or_else(|| missing(id))?);
            for instance in cloud.instances.values_mut() {
                instance.group.take_if(|group| group == id);
            }
            Ok(Answer::empty(StatusCode::NO_CONTENT))
        }
        _ => Err(Refusal::no_resource()),
    }
}

fn missing(id: &str) -> Refusal {
    Refusal::not_found(format!("Instance group {id} could not be found."))
}

fn shown(cloud: &Cloud, call: &Call, group: &Group) -> Value {
    let members = group.members.iter();
    let members = members.filter_map(|number| cloud.instances.get(number));
    let members: Vec<&str> = members.map(|instance| instance.id.as_str()).collect();
    let mut shown = json!({"id": group.id, "name": group.name, "members": members});
    if call.minor >= 13 {
        shown["project_id"] = json!(group.project_id);
        shown["user_id"] = json!(group.user_id);
    }
    if call.minor >= 64 {
        let rules = match group.max_server_per_host {
            Some(most) => json!({"max_server_per_host": most}),
            None => json!({}),
        };
        shown["policy"] = json!(group.policy);
        shown["rules"] = rules;
    } else {
        shown["policies"] = json!([group.policy]);
        shown["metadata"] = json!({});
    }
    shown
}

fn list(cloud: &Cloud, call: &Call, token: &Token) -> Handled {
    let of_all = call.is_asked("all_projects");
    let is_mine =
        |group: &&Group| of_all || token.scope == Scope::Project(group.project_id.clone());
    let number = |name: &str, usual: usize| match call.parameter(name) {
        None => Ok(usual),
        Some(text) => text
            .parse()
            .map_err(|_| Refusal::bad(format!("Invalid input for query parameters {name}."))),
    };
    let (offset, (limit, _)) = (number("offset", 0)?, call.page()?);
    let page = cloud.groups.iter().filter(is_mine).skip(offset).take(limit);
    let page: Vec<Value> = page.map(|group| shown(cloud, call, group)).collect();
    Ok(Answer::ok(json!({ "server_groups": page })))
}

fn create(cloud: &mut Cloud, call: &Call, token: &Token) -> Handled {
    let asked = call.object("server_group")?;
    let text = |name: &str| asked.get(name).and_then(Value::as_str);
    let name = text("name").ok_or_else(|| Refusal::bad("'name' is a required property"))?;
    let policy = if call.minor >= 64 {
        text("policy")
    } else {
        asked
            .get("policies")
            .and_then(|policies| policies[0].as_str())
    };
    let policy = policy.filter(|policy| POLICIES.contains(policy));
    let policy = policy.ok_or_else(|| Refusal::bad("The policy is none that there is."))?;
    let most = asked
        .get("rules")
        .map(|rules| &rules["max_server_per_host"]);
    let most = most.filter(|most| !most.is_null()).map(|most| {
        let good = most.as_u64().filter(|most| *most > 0);
        good.filter(|_| policy == "anti-affinity")
            .ok_or_else(|| Refusal::bad("Only anti-affinity has the rule max_server_per_host."))
    });
    let id = cloud.add_group(name, policy, most.transpose()?.unwrap_or(1));
    if let (Some(group), Scope::Project(project)) = (cloud.groups.last_mut(), &token.scope) {
        group.project_id.clone_from(project);
    }
    let group = cloud.groups.last().ok_or_else(|| missing(&id))?;
    Ok(Answer::ok(
        json!({"server_group": shown(cloud, call, group)}),
    ))
}
