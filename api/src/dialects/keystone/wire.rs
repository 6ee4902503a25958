//! Keystone's JSON: what a client sends to get a token, and what a token looks like.

use assay_domain::{Error, Result, Role, Secret, Timestamp};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

/// The one domain that there is.
const DOMAIN: &str = "default";

/// A request for a token.
#[derive(Deserialize, ToSchema)]
pub(super) struct AuthRequest {
    /// Who asks, and for what.
    auth: Auth,
}

/// Who asks, and for what.
#[derive(Deserialize, ToSchema)]
pub(super) struct Auth {
    /// Who asks.
    identity: IdentityRequest,
    /// Nothing, or `unscoped`: there are no projects here.
    #[schema(value_type = Option<Object>)]
    scope: Option<Value>,
}

/// Who asks, and how it is proved.
#[derive(Deserialize, ToSchema)]
pub(super) struct IdentityRequest {
    /// `password`, the one method there is.
    #[schema(example = json!(["password"]))]
    methods: Vec<String>,
    /// Name and password.
    password: Option<PasswordMethod>,
}

/// Name and password.
#[derive(Deserialize, ToSchema)]
pub(super) struct PasswordMethod {
    /// The user.
    user: PasswordUser,
}

/// A user who proves to be one by a password.
#[derive(Deserialize, ToSchema)]
pub(super) struct PasswordUser {
    /// Name.
    #[schema(example = "admin")]
    name: Option<String>,
    /// Id; the same as the name here.
    id: Option<String>,
    /// Password.
    #[schema(format = Password)]
    password: String,
    /// The domain by `id` or `name`: `default` is the one there is.
    domain: Option<DomainRef>,
}

/// A domain by id or name.
#[derive(Deserialize, ToSchema)]
pub(super) struct DomainRef {
    /// Id.
    #[schema(example = "default")]
    id: Option<String>,
    /// Name.
    name: Option<String>,
}

impl AuthRequest {
    /// Name and password.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] for another method or domain, [`Error::Invalid`] for a scope or
    /// a missing part.
    pub(super) fn into_credentials(self) -> Result<(String, Secret)> {
        let Auth { identity, scope } = self.auth;
        if !is_unscoped(scope.as_ref()) {
            return Err(Error::invalid(
                "auth.scope: only unscoped tokens are issued, there are no projects",
            ));
        }
        if identity.methods != ["password"] {
            return Err(Error::Unauthenticated(
                "the only authentication method is password".to_owned(),
            ));
        }
        let PasswordUser {
            name,
            id,
            password,
            domain,
        } = identity
            .password
            .ok_or_else(|| Error::invalid("auth.identity.password is missing"))?
            .user;
        if !domain.is_none_or(|domain| domain.is_default()) {
            return Err(Error::Unauthenticated(
                "the credentials are missing, wrong or expired".to_owned(),
            ));
        }
        let name = name
            .or(id)
            .ok_or_else(|| Error::invalid("auth.identity.password.user.name is missing"))?;
        Ok((name, Secret::new(password)))
    }
}

impl DomainRef {
    fn is_default(&self) -> bool {
        [&self.id, &self.name]
            .into_iter()
            .flatten()
            .all(|given| given.eq_ignore_ascii_case(DOMAIN))
    }
}

fn is_unscoped(scope: Option<&Value>) -> bool {
    match scope {
        None | Some(Value::Null) => true,
        Some(Value::String(text)) => text == "unscoped",
        Some(Value::Object(scope)) => scope.is_empty() || scope.contains_key("unscoped"),
        Some(_) => false,
    }
}

/// A token's description; the token itself is in the header X-Subject-Token.
#[derive(Serialize, ToSchema)]
pub(super) struct TokenAnswer {
    /// The description.
    token: Token,
}

/// What a token stands for.
#[derive(Serialize, ToSchema)]
pub(super) struct Token {
    /// Ids for audits.
    audit_ids: [String; 1],
    /// When it ends, UTC.
    #[schema(example = "2024-01-02T04:04:05.000000Z")]
    expires_at: Option<String>,
    /// When it was issued, UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "2024-01-02T03:04:05.000000Z")]
    issued_at: Option<String>,
    /// How it was got.
    #[schema(value_type = Vec<String>, example = json!(["password"]))]
    methods: [&'static str; 1],
    /// What its holder may do: admin, operator or observer.
    #[schema(value_type = Vec<TokenRole>)]
    roles: [TokenRole; 1],
    /// Whose it is.
    user: TokenUser,
}

/// A role.
#[derive(Serialize, ToSchema)]
pub(super) struct TokenRole {
    /// Id.
    #[schema(value_type = String, example = "operator")]
    id: &'static str,
    /// Name.
    #[schema(value_type = String, example = "operator")]
    name: &'static str,
}

/// Whose token it is.
#[derive(Serialize, ToSchema)]
pub(super) struct TokenUser {
    /// The domain.
    domain: TokenDomain,
    /// Id.
    #[schema(example = "admin")]
    id: String,
    /// Name.
    #[schema(example = "admin")]
    name: String,
    /// Passwords do not expire.
    #[schema(value_type = Option<String>)]
    password_expires_at: Option<String>,
}

/// The domain of a user.
#[derive(Serialize, ToSchema)]
pub(super) struct TokenDomain {
    /// Id.
    #[schema(value_type = String, example = "default")]
    id: &'static str,
    /// Name.
    #[schema(value_type = String, example = "Default")]
    name: &'static str,
}

impl TokenAnswer {
    /// The description of a token of this user.
    pub(super) fn new(
        name: String,
        role: Role,
        issued_at: Option<Timestamp>,
        expires_at: Option<Timestamp>,
    ) -> Self {
        Self {
            token: Token {
                audit_ids: [BASE64_URL_SAFE_NO_PAD.encode(Uuid::new_v4().as_bytes())],
                expires_at: expires_at.map(iso),
                issued_at: issued_at.map(iso),
                methods: ["password"],
                roles: [TokenRole {
                    id: role.as_str(),
                    name: role.as_str(),
                }],
                user: TokenUser {
                    domain: TokenDomain {
                        id: DOMAIN,
                        name: "Default",
                    },
                    id: name.clone(),
                    name,
                    password_expires_at: None,
                },
            },
        }
    }
}

fn iso(time: Timestamp) -> String {
    time.format("%Y-%m-%dT%H:%M:%S%.6fZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::AuthRequest;

    fn read(json: &str) -> Result<(String, String), String> {
        let request: AuthRequest =
            serde_json::from_str(json).map_err(|problem| problem.to_string())?;
        let (name, password) = request
            .into_credentials()
            .map_err(|error| error.to_string())?;
        Ok((name, password.expose().to_owned()))
    }

    #[test]
    fn the_forms_that_clients_send_are_understood() {
        let plain = r#"{"auth": {"identity": {"methods": ["password"], "password":
            {"user": {"name": "admin", "password": "secret"}}}}}"#;
        let full = r#"{"auth": {"scope": {"unscoped": {}}, "identity": {"methods": ["password"],
            "password": {"user": {"name": "admin", "domain": {"name": "Default"}, "password": "secret"}}}}}"#;
        for json in [plain, full] {
            assert_eq!(read(json), Ok(("admin".to_owned(), "secret".to_owned())));
        }
    }

    #[test]
    fn scopes_methods_and_domains_that_do_not_exist_are_refused() {
        let scoped = r#"{"auth": {"scope": {"project": {"name": "p"}}, "identity": {"methods": ["password"],
            "password": {"user": {"name": "admin", "password": "secret"}}}}}"#;
        let token = r#"{"auth": {"identity": {"methods": ["token"], "token": {"id": "x"}}}}"#;
        let domain = r#"{"auth": {"identity": {"methods": ["password"], "password":
            {"user": {"name": "admin", "domain": {"id": "other"}, "password": "secret"}}}}}"#;
        for json in [scoped, token, domain] {
            assert!(read(json).is_err(), "{json}");
        }
    }
}
