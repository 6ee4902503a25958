//! From a request to its answer: who asks, what for, and what comes of it.

use std::sync::Arc;
use std::time::SystemTime;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hyper::header::{AUTHORIZATION, HeaderName, IF_MATCH};
use hyper::http::request::Parts;
use hyper::{Method, StatusCode};
use serde_json::{Map, Value, json};

use super::answer::{Answer, object};
use super::documents::{self, RESET, ROOT, SESSIONS, SYSTEM};
use super::{Faults, ResetSeen, ResetType, Scope, Shared, accounts, log};
use crate::machine::Power;

/// A path without the slash at its end, which means the same.
pub(super) fn normal(path: &str) -> &str {
    path.trim_end_matches('/')
}

/// What kinds of request this is.
pub(super) fn scopes(method: &Method, path: &str) -> Vec<Scope> {
    let mut scopes = vec![if matches!(*method, Method::GET | Method::HEAD) {
        Scope::Reads
    } else {
        Scope::Writes
    }];
    if *method == Method::POST {
        scopes.extend(match path {
            RESET => Some(Scope::Resets),
            SESSIONS => Some(Scope::Logins),
            _ => None,
        });
    }
    scopes
}

/// Answers one request.
pub(super) fn answer(shared: &Arc<Shared>, request: &Parts, body: &[u8]) -> Answer {
    let path = normal(request.uri.path());
    let faults = shared.faults.borrow().clone();
    if let (&Method::POST, SESSIONS) = (&request.method, path) {
        return log_in(shared, &faults, body);
    }
    let reads = matches!(request.method, Method::GET | Method::HEAD);
    if path == "/redfish" && reads {
        return Answer::resource(json!({ "v1": format!("{ROOT}/") }));
    }
    let Some(below) = path
        .strip_prefix(ROOT)
        .filter(|rest| rest.is_empty() || rest.starts_with('/'))
    else {
        return Answer::not_found(path);
    };
    let segments: Vec<&str> = below
        .split('/')
        .filter(|segment| !segment.is_empty())
        .collect();
    let open_to_all = reads && matches!(segments.as_slice(), [] | ["odata"]);
    if !open_to_all && !is_admitted(shared, &faults, request) {
        return Answer::unauthorized();
    }
    match (&request.method, segments.as_slice()) {
        (&Method::POST, _) if path == RESET => reset(shared, &faults, body),
        (&Method::POST, _) if path == log::CLEAR => {
            shared.log.lock().clear();
            Answer::empty()
        }
        (&Method::PATCH, ["Systems", "1"]) => patch_system(shared, &faults, request, body),
        (&Method::DELETE, ["SessionService", "Sessions", id]) => log_out(shared, id, path),
        (&Method::GET | &Method::HEAD, segments) => {
            documents::document(shared, segments, request.uri.query())
                .map_or_else(|| Answer::not_found(path), Answer::resource)
        }
        (_, segments) => refuse_method(shared, path, segments),
    }
}

fn refuse_method(shared: &Shared, path: &str, segments: &[&str]) -> Answer {
    match segments {
        ["Systems", "1"] => Answer::not_allowed("GET, HEAD, PATCH"),
        ["SessionService", "Sessions"] => Answer::not_allowed("GET, HEAD, POST"),
        ["SessionService", "Sessions", _] => Answer::not_allowed("GET, HEAD, DELETE"),
        _ if path == RESET || path == log::CLEAR => Answer::not_allowed("POST"),
        _ if documents::document(shared, segments, None).is_some() => {
            Answer::not_allowed("GET, HEAD")
        }
        _ => Answer::not_found(path),
    }
}

/// Whether the request carries a session's token or the right name and password.
fn is_admitted(shared: &Shared, faults: &Faults, request: &Parts) -> bool {
    const TOKEN: HeaderName = HeaderName::from_static("x-auth-token");
    if let Some(token) = request.headers.get(TOKEN) {
        return token.to_str().is_ok_and(|token| {
            shared
                .access
                .lock()
                .admits(token, faults.drop_session_after)
        });
    }
    let Some(login) = request.headers.get(AUTHORIZATION) else {
        return false;
    };
    let login = login
        .to_str()
        .ok()
        .and_then(|value| value.strip_prefix("Basic "));
    let login = login.and_then(|coded| BASE64_STANDARD.decode(coded.trim()).ok());
    let login = login.and_then(|bytes| String::from_utf8(bytes).ok());
    let (name, password) = login
        .as_deref()
        .and_then(|text| text.split_once(':'))
        .unwrap_or_default();
    is_right(shared, faults, name, password)
}

fn is_right(shared: &Shared, faults: &Faults, name: &str, password: &str) -> bool {
    let right = !faults.refuse_credentials
        && name == shared.options.username
        && password == shared.options.password;
    let accepted = shared
        .access
        .lock()
        .judge(right, faults.lock_after, faults.lock_for);
    if !accepted {
        shared.counters.lock().failed_logins += 1;
    }
    accepted
}

fn log_in(shared: &Shared, faults: &Faults, body: &[u8]) -> Answer {
    let login = match object(body) {
        Ok(login) => login,
        Err(answer) => return answer,
    };
    let field = |name: &str| login.get(name).and_then(Value::as_str);
    let (Some(name), Some(password)) = (field("UserName"), field("Password")) else {
        let message = "The properties UserName and Password are required.";
        return Answer::error(StatusCode::BAD_REQUEST, "PropertyMissing", message);
    };
    if !is_right(shared, faults, name, password) {
        let message = "The name or the password is wrong, or the account is locked.";
        return Answer::error(
            StatusCode::UNAUTHORIZED,
            "ResourceAtUriUnauthorized",
            message,
        );
    }
    let (session, open) = {
        let mut access = shared.access.lock();
        let session = if faults.session_table_full {
            None
        } else {
            access.open()
        };
        (session, access.open_sessions())
    };
    let mut counters = shared.counters.lock();
    let Some(session) = session else {
        counters.refused_sessions += 1;
        let message = "The session establishment failed due to the number of simultaneous sessions exceeding the limit.";
        return Answer::error(
            StatusCode::SERVICE_UNAVAILABLE,
            "SessionLimitExceeded",
            message,
        );
    };
    counters.logins += 1;
    counters.most_sessions = counters.most_sessions.max(open);
    let document = accounts::session_document(session.id, name);
    Answer::created(document, format!("{SESSIONS}/{}", session.id))
        .with(HeaderName::from_static("x-auth-token"), session.token)
}

fn log_out(shared: &Shared, id: &str, path: &str) -> Answer {
    match id.parse() {
        Ok(id) if shared.access.lock().close(id) => Answer::empty(),
        _ => Answer::not_found(path),
    }
}

fn patch_system(shared: &Shared, faults: &Faults, request: &Parts, body: &[u8]) -> Answer {
    let current = documents::document(shared, &["Systems", "1"], None);
    let current =
        current.map(|system| Answer::resource(system).without(&faults.missing_properties));
    if let (Some(wanted), Some(current)) = (
        request.headers.get(IF_MATCH),
        current.and_then(|answer| answer.etag()),
    ) && wanted != "*"
        && wanted.as_bytes() != current.as_bytes()
    {
        let message = "The ETag supplied did not match the current ETag of the resource.";
        return Answer::error(
            StatusCode::PRECONDITION_FAILED,
            "PreconditionFailed",
            message,
        );
    }
    match object(body).and_then(|changes| apply(shared, faults, &changes)) {
        Ok(()) => documents::document(shared, &["Systems", "1"], None)
            .map_or_else(|| Answer::not_found(SYSTEM), Answer::resource),
        Err(answer) => answer,
    }
}

/// Applies the properties of a PATCH as a whole or not at all.
fn apply(shared: &Shared, faults: &Faults, changes: &Map<String, Value>) -> Result<(), Answer> {
    let mut current = shared.boot.lock();
    let (mut boot, mut light) = (*current, None);
    for (property, value) in changes {
        match (property.as_str(), value) {
            ("Boot", Value::Object(changes)) => boot.patch(changes)?,
            ("LocationIndicatorActive", Value::Bool(is_lit)) => light = Some(*is_lit),
            ("Boot" | "LocationIndicatorActive", _) => {
                let message = format!("The property {property} has a value of another type.");
                return Err(Answer::error(
                    StatusCode::BAD_REQUEST,
                    "PropertyValueTypeError",
                    message,
                ));
            }
            _ => {
                let message = format!("The property {property} is read-only or unknown.");
                return Err(Answer::error(
                    StatusCode::BAD_REQUEST,
                    "PropertyNotWritable",
                    message,
                ));
            }
        }
    }
    if !faults.forget_boot_override {
        *current = boot;
    }
    if let Some(is_lit) = light {
        *shared.light.lock() = is_lit;
    }
    Ok(())
}

fn reset(shared: &Shared, faults: &Faults, body: &[u8]) -> Answer {
    let kind = match object(body).map(|mut parameters| parameters.remove("ResetType")) {
        Err(answer) => return answer,
        Ok(None) => {
            let message = "The action Reset requires the parameter ResetType to be present in the request body.";
            return Answer::error(StatusCode::BAD_REQUEST, "ActionParameterMissing", message);
        }
        Ok(Some(kind)) => kind,
    };
    let Ok(kind) = serde_json::from_value::<ResetType>(kind.clone()) else {
        let message = format!(
            "The value {kind} for the parameter ResetType is not in the list of acceptable values."
        );
        return Answer::error(
            StatusCode::BAD_REQUEST,
            "ActionParameterValueNotInList",
            message,
        );
    };
    let conflict = faults.conflict_on_same_state && kind.is_idle(shared.machine.power());
    shared.counters.lock().resets.push(ResetSeen {
        kind,
        at: SystemTime::now(),
        accepted: !conflict,
    });
    if conflict {
        let message = match shared.machine.power() {
            Power::On => "The system is already on.",
            Power::Off => "The system is already off.",
        };
        return Answer::error(StatusCode::CONFLICT, "ResourceInUse", message);
    }
    if !faults.ignore_resets {
        shared.power.order(kind, faults.state_change_delay);
    }
    Answer::empty()
}
