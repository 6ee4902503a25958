//! Keystone v3: tokens and the catalog.

use chrono::SecondsFormat;
use hyper::{Method, StatusCode};
use serde_json::{Value, json};

use super::answer::{Answer, Handled, Refusal};
use super::cloud::{Cloud, Moment, Scope, Token};
use super::domains;
use super::request::Call;

/// The roles of the one user.
const ROLES: [&str; 4] = ["admin", "manager", "member", "reader"];

pub(super) fn answer(cloud: &mut Cloud, call: &Call, now: Moment) -> Handled {
    match (&call.method, call.segments().as_slice()) {
        (&Method::POST, ["auth", "tokens"]) => log_in(cloud, call, now),
        (&Method::GET | &Method::HEAD, ["auth", "tokens"]) => {
            cloud.token(call.token.as_deref(), now)?;
            let subject = call.subject_token.as_deref();
            let token = cloud.token(subject, now);
            let token = token.map_err(|_| Refusal::not_found("Could not find token."))?;
            let body = document(cloud, token, &call.base);
            Ok(Answer::ok(body).with("x-subject-token", subject.unwrap_or_default()))
        }
        (&Method::DELETE, ["auth", "tokens"]) => {
            cloud.token(call.token.as_deref(), now)?;
            let gone = call
                .subject_token
                .as_deref()
                .and_then(|id| cloud.tokens.remove(id));
            gone.map(|_| Answer::empty(StatusCode::NO_CONTENT))
                .ok_or_else(|| Refusal::not_found("Could not find token."))
        }
        (&Method::GET, ["projects"]) => {
            cloud.token(call.token.as_deref(), now)?;
            let wanted = |name: &str| call.parameter("name").is_none_or(|wanted| wanted == name);
            let found = cloud
                .projects
                .iter()
                .filter(|project| wanted(&project.name));
            let projects: Vec<Value> = found.map(|it| project(&it.id, &it.name)).collect();
            Ok(Answer::ok(json!({"projects": projects, "links": {}})))
        }
        (&Method::GET, ["projects", id]) => {
            cloud.token(call.token.as_deref(), now)?;
            let found = cloud.projects.iter().find(|project| project.id == *id);
            let found = found.ok_or_else(Refusal::no_resource)?;
            Ok(Answer::ok(
                json!({"project": project(&found.id, &found.name)}),
            ))
        }
        (_, ["domains", ..]) => {
            cloud.token(call.token.as_deref(), now)?;
            domains::answer(cloud, call)
        }
        _ => Err(Refusal::no_resource()),
    }
}

fn project(id: &str, name: &str) -> Value {
    json!({"id": id, "name": name, "domain_id": "default", "enabled": true})
}

fn log_in(cloud: &mut Cloud, call: &Call, now: Moment) -> Handled {
    let auth = &call.body["auth"];
    let methods = auth["identity"]["methods"].as_array();
    let methods = methods.ok_or_else(|| Refusal::bad("'identity' is a required property"))?;
    let known = |method: &Value| cloud.login_methods.iter().any(|it| method == it.as_str());
    if !methods.iter().all(known) {
        return Ok(unsupported(cloud));
    }
    let scope = scope(cloud, &auth["scope"])?;
    let id = match methods.iter().filter_map(Value::as_str).collect::<Vec<_>>()[..] {
        ["password"] => {
            let user = &auth["identity"]["password"]["user"];
            let name = user["id"].as_str().or_else(|| {
                let is_default = is_default_domain(&user["domain"]);
                user["name"].as_str().filter(|_| is_default)
            });
            let password = user["password"].as_str().unwrap_or_default();
            if !name.is_some_and(|name| cloud.is_user(name, password)) {
                return Err(Refusal::unauthorized());
            }
            cloud.log_in(scope, "password", None, now)
        }
        ["token"] => {
            let old = auth["identity"]["token"]["id"].as_str();
            // As in Keystone, a token that was got for a token lives no longer than that.
            let expires = cloud.token(old, now)?.expires;
            cloud.log_in(scope, "token", Some(expires), now)
        }
        _ => return Err(Refusal::unauthorized()),
    };
    let token = cloud.token(Some(&id), now)?;
    let body = document(cloud, token, &call.base);
    Ok(Answer::with_status(StatusCode::CREATED, body).with("x-subject-token", id))
}

/// The refusal of a method that Keystone is not configured with, which tells those that it is.
fn unsupported(cloud: &Cloud) -> Answer {
    let error = json!({
        "code": 401,
        "title": "Unauthorized",
        "message": "Attempted to authenticate with an unsupported method.",
        "identity": {"methods": cloud.login_methods},
    });
    Answer::with_status(StatusCode::UNAUTHORIZED, json!({ "error": error }))
}

fn is_default_domain(domain: &Value) -> bool {
    domain["id"] == "default" || domain["name"] == "Default"
}

/// What a token is wanted for.
fn scope(cloud: &Cloud, scope: &Value) -> Result<Scope, Refusal> {
    if scope.is_null() || scope == "unscoped" {
        return Ok(Scope::None);
    }
    if let Some(project) = scope["project"].as_object() {
        let wanted = |key: &str| project.get(key).and_then(Value::as_str);
        let is_default = project.get("domain").is_some_and(is_default_domain);
        let found = cloud.projects.iter().find(|it| {
            wanted("id") == Some(&it.id) || is_default && wanted("name") == Some(&it.name)
        });
        let found = found.ok_or_else(Refusal::unauthorized)?;
        return Ok(Scope::Project(found.id.clone()));
    }
    if is_default_domain(&scope["domain"]) {
        return Ok(Scope::Domain);
    }
    Err(Refusal::unauthorized())
}

fn document(cloud: &Cloud, token: &Token, base: &str) -> Value {
    let domain = json!({"id": "default", "name": "Default"});
    let time = |moment: Moment| moment.to_rfc3339_opts(SecondsFormat::Micros, true);
    let mut body = json!({
        "methods": [token.method],
        "user": {
            "id": cloud.user_id,
            "name": cloud.username(),
            "domain": domain,
            "password_expires_at": null,
        },
        "audit_ids": [token.audit_id],
        "issued_at": time(token.issued),
        "expires_at": time(token.expires),
    });
    let role = |name: &&str| json!({"id": format!("{name}-role"), "name": name});
    let roles: Vec<Value> = ROLES.iter().map(role).collect();
    let project_id = match &token.scope {
        Scope::None => return json!({ "token": body }),
        Scope::Domain => {
            body["domain"] = domain;
            None
        }
        Scope::Project(id) => {
            let found = cloud.projects.iter().find(|project| project.id == *id);
            let name = found.map(|project| project.name.as_str());
            body["project"] = json!({"id": id, "name": name, "domain": domain});
            body["is_domain"] = json!(false);
            Some(id.as_str())
        }
    };
    body["roles"] = json!(roles);
    body["catalog"] = catalog(project_id, base);
    json!({ "token": body })
}

/// Where the services are. Cinder has the project in its address, as it comes.
fn catalog(project_id: Option<&str>, base: &str) -> Value {
    let volume = match project_id {
        Some(id) => format!("volume/v3/{id}"),
        None => "volume/v3".to_owned(),
    };
    let services = [
        ("identity", "keystone", "identity".to_owned()),
        ("compute", "nova", "compute/v2.1".to_owned()),
        ("placement", "placement", "placement".to_owned()),
        ("volumev3", "cinderv3", volume.clone()),
        ("block-storage", "cinder", volume),
        ("image", "glance", "image".to_owned()),
    ];
    let entry = |(kind, name, path): (&str, &str, String)| {
        let endpoint = |interface: &str| {
            json!({
                "id": format!("{kind}-{interface}"),
                "interface": interface,
                "region": "RegionOne",
                "region_id": "RegionOne",
                "url": format!("{base}/{path}"),
            })
        };
        let endpoints = ["public", "internal", "admin"].map(endpoint);
        json!({"id": kind, "type": kind, "name": name, "endpoints": endpoints})
    };
    Value::Array(services.into_iter().map(entry).collect())
}
