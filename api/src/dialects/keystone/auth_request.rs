//! What a client sends to get a token, in Keystone's JSON.

use assay_app::{Naming, Proof, ScopeWanted};
use assay_domain::{Error, Result, Secret};
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

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
    /// What the token is to be for: `{"project": {"name": …, "domain": {"id": …}}}`,
    /// `{"project": {"id": …}}`, `{"system": {"all": true}}` or `"unscoped"`. Without it a password
    /// gets a token for the one project, and a token gets one with its own scope.
    #[schema(value_type = Option<Object>)]
    scope: Option<Value>,
}

/// Who asks, and how it is proved.
#[derive(Deserialize, ToSchema)]
pub(super) struct IdentityRequest {
    /// `password` or `token`.
    #[schema(example = json!(["password"]))]
    methods: Vec<String>,
    /// Name and password.
    password: Option<PasswordMethod>,
    /// Another token.
    token: Option<TokenMethod>,
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
    /// The domain of a user who is given by name.
    domain: Option<DomainRef>,
}

/// A token of Assay.
#[derive(Deserialize, ToSchema)]
pub(super) struct TokenMethod {
    /// The token.
    #[schema(format = Password)]
    id: String,
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

/// A project by id, or by name and domain.
#[derive(Deserialize)]
struct ProjectRef {
    id: Option<String>,
    name: Option<String>,
    domain: Option<DomainRef>,
}

impl From<DomainRef> for Naming {
    fn from(domain: DomainRef) -> Self {
        let DomainRef { id, name } = domain;
        Self { id, name }
    }
}

impl AuthRequest {
    /// What proves who asks, and the scope that is asked for.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] for another method, [`Error::Invalid`] for a missing part.
    pub(super) fn into_parts(self) -> Result<(Proof, ScopeWanted)> {
        let Auth { identity, scope } = self.auth;
        let scope = read_scope(scope)?;
        let IdentityRequest {
            methods,
            password,
            token,
        } = identity;
        let methods: Vec<&str> = methods.iter().map(String::as_str).collect();
        let proof = match methods.as_slice() {
            ["password"] => {
                let method = password.ok_or_else(|| missing("auth.identity.password"))?;
                method.user.into_proof()?
            }
            ["token"] => {
                let method = token.ok_or_else(|| missing("auth.identity.token"))?;
                Proof::Token(Secret::new(method.id))
            }
            _ => {
                return Err(Error::Unauthenticated(
                    "the authentication methods are password and token, one of them".to_owned(),
                ));
            }
        };
        Ok((proof, scope))
    }
}

impl PasswordUser {
    fn into_proof(self) -> Result<Proof> {
        let Self {
            name,
            id,
            password,
            domain,
        } = self;
        let user = id
            .or(name)
            .ok_or_else(|| missing("auth.identity.password.user.name"))?;
        Ok(Proof::Password {
            user,
            domain: domain.map(Naming::from),
            password: Secret::new(password),
        })
    }
}

fn missing(what: &str) -> Error {
    Error::invalid(format!("{what} is missing"))
}

fn read_scope(scope: Option<Value>) -> Result<ScopeWanted> {
    match scope {
        None | Some(Value::Null) => Ok(ScopeWanted::Usual),
        Some(Value::String(text)) if text == "unscoped" => Ok(ScopeWanted::Unscoped),
        Some(Value::Object(scope)) if scope.len() == 1 => read_scope_object(scope),
        Some(_) => Err(bad_scope()),
    }
}

fn read_scope_object(scope: Map<String, Value>) -> Result<ScopeWanted> {
    let Some((kind, value)) = scope.into_iter().next() else {
        return Err(bad_scope());
    };
    match kind.as_str() {
        "unscoped" => Ok(ScopeWanted::Unscoped),
        "system" if value.get("all") == Some(&Value::Bool(true)) => Ok(ScopeWanted::System),
        "project" => {
            let ProjectRef { id, name, domain } =
                serde_json::from_value(value).map_err(|_| bad_scope())?;
            Ok(ScopeWanted::Project {
                project: Naming { id, name },
                domain: domain.map(Naming::from),
            })
        }
        "domain" | "OS-TRUST:trust" => Ok(ScopeWanted::Elsewhere),
        _ => Err(bad_scope()),
    }
}

fn bad_scope() -> Error {
    Error::invalid(
        "auth.scope: expected one of {\"project\": {…}}, {\"system\": {\"all\": true}} and \"unscoped\"",
    )
}

#[cfg(test)]
mod tests {
    use assay_app::{Naming, Proof, ScopeWanted};
    use assay_domain::Error;
    use serde_json::{Value, json};

    use super::AuthRequest;

    fn read(auth: Value) -> Result<(Proof, ScopeWanted), Error> {
        serde_json::from_value::<AuthRequest>(json!({"auth": auth}))
            .map_err(|problem| Error::invalid(problem.to_string()))?
            .into_parts()
    }

    fn with_scope(scope: Value) -> Result<ScopeWanted, Error> {
        let user = json!({"name": "admin", "domain": {"id": "default"}, "password": "secret"});
        let identity = json!({"methods": ["password"], "password": {"user": user}});
        read(json!({"identity": identity, "scope": scope})).map(|(_, scope)| scope)
    }

    #[test]
    fn a_password_and_a_token_are_proofs() {
        let user = json!({"name": "ann", "domain": {"name": "Default"}, "password": "secret"});
        let identity = json!({"methods": ["password"], "password": {"user": user}});
        let Ok((
            Proof::Password {
                user,
                domain,
                password,
            },
            scope,
        )) = read(json!({"identity": identity}))
        else {
            panic!("no password");
        };
        assert_eq!((user.as_str(), password.expose()), ("ann", "secret"));
        let named = Naming {
            id: None,
            name: Some("Default".to_owned()),
        };
        assert_eq!((domain, scope), (Some(named), ScopeWanted::Usual));

        let identity = json!({"methods": ["token"], "token": {"id": "abc"}});
        let Ok((Proof::Token(token), _)) = read(json!({"identity": identity})) else {
            panic!("no token");
        };
        assert_eq!(token.expose(), "abc");
    }

    #[test]
    fn the_scopes_that_clients_send_are_understood() {
        let project = json!({"project": {"name": "admin", "domain": {"id": "default"}}});
        assert!(matches!(
            with_scope(project),
            Ok(ScopeWanted::Project {
                domain: Some(_),
                ..
            })
        ));
        for (scope, expected) in [
            (json!(null), ScopeWanted::Usual),
            (json!("unscoped"), ScopeWanted::Unscoped),
            (json!({"unscoped": {}}), ScopeWanted::Unscoped),
            (json!({"system": {"all": true}}), ScopeWanted::System),
            (json!({"domain": {"id": "default"}}), ScopeWanted::Elsewhere),
            (
                json!({"OS-TRUST:trust": {"id": "x"}}),
                ScopeWanted::Elsewhere,
            ),
        ] {
            assert_eq!(with_scope(scope), Ok(expected));
        }
        for scope in [
            json!({}),
            json!("x"),
            json!([]),
            json!({"system": {}}),
            json!({"project": "admin"}),
            json!({"project": {}, "system": {"all": true}}),
            json!({"else": {}}),
        ] {
            assert!(
                matches!(with_scope(scope.clone()), Err(Error::Invalid(_))),
                "{scope}"
            );
        }
    }

    #[test]
    fn other_methods_and_missing_parts_are_refused() {
        for methods in [json!([]), json!(["totp"]), json!(["password", "totp"])] {
            let refused = read(json!({"identity": {"methods": methods}}));
            assert!(
                matches!(refused, Err(Error::Unauthenticated(_))),
                "{methods}"
            );
        }
        for identity in [
            json!({"methods": ["password"]}),
            json!({"methods": ["token"]}),
            json!({"methods": ["password"], "password": {"user": {"password": "x"}}}),
        ] {
            let refused = read(json!({"identity": identity}));
            assert!(matches!(refused, Err(Error::Invalid(_))), "{identity}");
        }
    }
}
