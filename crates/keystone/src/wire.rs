//! The parts of Keystone's JSON that are sent and read (identity API v3).

use assay_domain::{Timestamp, TokenHolder, TokenScope};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::catalog::Catalog;
use crate::session::KeystoneConfig;

/// The body that asks for a token in a project: the one of this id, or the configured one.
pub(crate) fn login(config: &KeystoneConfig, project_id: Option<&str>) -> Value {
    let project = match project_id {
        Some(id) => json!({ "id": id }),
        None => json!({"name": config.project, "domain": {"name": config.project_domain}}),
    };
    json!({"auth": {
        "identity": {
            "methods": ["password"],
            "password": {"user": {
                "name": config.username,
                "domain": {"name": config.user_domain},
                "password": config.password.expose(),
            }},
        },
        "scope": {"project": project},
    }})
}

/// The answer to a login.
#[derive(Deserialize)]
pub(crate) struct LoginAnswer {
    pub(crate) token: OwnToken,
}

/// What there is to know of one's own token.
#[derive(Deserialize)]
pub(crate) struct OwnToken {
    pub(crate) issued_at: Option<Timestamp>,
    pub(crate) expires_at: Timestamp,
    #[serde(default)]
    pub(crate) catalog: Catalog,
}

/// The answer to a look-up.
#[derive(Deserialize)]
pub(crate) struct TokenAnswer {
    pub(crate) token: Token,
}

/// What a token stands for.
#[derive(Deserialize)]
pub(crate) struct Token {
    user: InDomain,
    #[serde(default)]
    roles: Vec<Named>,
    project: Option<InDomain>,
    domain: Option<Value>,
    system: Option<Map<String, Value>>,
    expires_at: Timestamp,
}

#[derive(Deserialize)]
struct Named {
    name: String,
}

/// A user or a project.
#[derive(Deserialize)]
struct InDomain {
    id: String,
    name: String,
    domain: Domain,
}

#[derive(Deserialize)]
struct Domain {
    id: String,
    name: String,
}

impl Token {
    /// In the words of the domain.
    pub(crate) fn into_holder(self) -> TokenHolder {
        let scope = self.scope();
        TokenHolder {
            user: self.user.name,
            user_domain: self.user.domain.name,
            scope,
            roles: self.roles.into_iter().map(|role| role.name).collect(),
            expires_at: self.expires_at,
        }
    }

    fn scope(&self) -> TokenScope {
        let whole_system = |system: &Map<String, Value>| system.get("all") == Some(&json!(true));
        match (&self.project, &self.system, &self.domain) {
            (Some(project), None, None) => TokenScope::Project {
                id: project.id.clone(),
                name: project.name.clone(),
                domain_id: project.domain.id.clone(),
                domain_name: project.domain.name.clone(),
            },
            (None, Some(system), None) if whole_system(system) => TokenScope::System,
            (None, None, None) => TokenScope::Unscoped,
            _ => TokenScope::Other,
        }
    }
}

/// An error's own words, which hold nothing that was sent.
pub(crate) fn complaint(body: &[u8]) -> String {
    let told = serde_json::from_slice::<Value>(body).ok();
    let message = told
        .as_ref()
        .and_then(|body| body.pointer("/error/message"))
        .and_then(Value::as_str);
    message.unwrap_or("no reason given").to_owned()
}
