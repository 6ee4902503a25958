//! The resources about sessions and accounts as Redfish shows them.

use serde_json::{Value, json};

use super::Shared;
use super::documents::{ROOT, SESSIONS, collection, link};

pub(super) fn session_service(shared: &Shared) -> Value {
    json!({
        "@odata.id": format!("{ROOT}/SessionService"),
        "@odata.type": "#SessionService.v1_1_8.SessionService",
        "Id": "SessionService",
        "Name": "Session service",
        "ServiceEnabled": true,
        "SessionTimeout": shared.options.session_timeout.as_secs().clamp(30, 86_400),
        "Sessions": link(SESSIONS),
    })
}

pub(super) fn sessions(shared: &Shared) -> Value {
    let ids: Vec<String> = shared
        .access
        .lock()
        .ids()
        .iter()
        .map(u64::to_string)
        .collect();
    collection("Session", "SessionService/Sessions", &ids)
}

pub(super) fn session(shared: &Shared, id: &str) -> Option<Value> {
    let id = shared
        .access
        .lock()
        .ids()
        .into_iter()
        .find(|open| open.to_string() == id)?;
    Some(session_document(id, &shared.options.username))
}

/// One session; the same for its opener and for those who look.
pub(super) fn session_document(id: u64, user: &str) -> Value {
    json!({
        "@odata.id": format!("{SESSIONS}/{id}"),
        "@odata.type": "#Session.v1_5_0.Session",
        "Id": id.to_string(),
        "Name": format!("Session {id}"),
        "UserName": user,
    })
}

pub(super) fn account_service(shared: &Shared) -> Value {
    let faults = shared.faults.borrow();
    json!({
        "@odata.id": format!("{ROOT}/AccountService"),
        "@odata.type": "#AccountService.v1_12_0.AccountService",
        "Id": "AccountService",
        "Name": "Account service",
        "ServiceEnabled": true,
        "AccountLockoutThreshold": faults.lock_after.unwrap_or(0),
        "AccountLockoutDuration": faults.lock_for.as_secs(),
        "Accounts": link(&format!("{ROOT}/AccountService/Accounts")),
        "Roles": link(&format!("{ROOT}/AccountService/Roles")),
    })
}

pub(super) fn account(shared: &Shared) -> Value {
    json!({
        "@odata.id": format!("{ROOT}/AccountService/Accounts/1"),
        "@odata.type": "#ManagerAccount.v1_9_0.ManagerAccount",
        "Id": "1",
        "Name": "User account",
        "UserName": shared.options.username,
        "Password": null,
        "RoleId": "Administrator",
        "Enabled": true,
        "Locked": shared.access.lock().is_locked(),
        "AccountTypes": ["Redfish"],
        "Links": { "Role": link(&format!("{ROOT}/AccountService/Roles/Administrator")) },
    })
}

pub(super) fn role() -> Value {
    json!({
        "@odata.id": format!("{ROOT}/AccountService/Roles/Administrator"),
        "@odata.type": "#Role.v1_3_1.Role",
        "Id": "Administrator",
        "Name": "Administrator",
        "RoleId": "Administrator",
        "IsPredefined": true,
        "AssignedPrivileges": ["Login", "ConfigureManager", "ConfigureUsers", "ConfigureSelf", "ConfigureComponents"],
    })
}
