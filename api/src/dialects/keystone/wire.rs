//! What a token looks like in Keystone's JSON.

use assay_app::{IdentitySettings, Scope, TokenFacts};
use assay_domain::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::catalog::Service;

/// A token's description; the token itself is in the header X-Subject-Token.
#[derive(Serialize, ToSchema)]
pub(super) struct TokenAnswer {
    /// The description.
    token: Token,
}

/// What a token stands for.
#[derive(Serialize, ToSchema)]
pub(super) struct Token {
    /// The token's id for audits, and that of the token that it was got for.
    audit_ids: Vec<String>,
    /// Where each API is.
    #[serde(skip_serializing_if = "Option::is_none")]
    catalog: Option<Vec<Service>>,
    /// When it ends, UTC.
    #[schema(example = "2024-01-02T04:04:05.000000Z")]
    expires_at: String,
    /// Whether the project is a domain: never.
    #[serde(skip_serializing_if = "Option::is_none")]
    is_domain: Option<bool>,
    /// When it was issued, UTC.
    #[schema(example = "2024-01-02T03:04:05.000000Z")]
    issued_at: String,
    /// How it was got.
    #[schema(value_type = Vec<String>, example = json!(["password"]))]
    methods: Vec<&'static str>,
    /// The project that it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    project: Option<InDomain>,
    /// What its holder may do, by Keystone's names. A user's roles are the same in every scope.
    roles: Vec<TokenRole>,
    /// That it is for the whole system.
    #[serde(skip_serializing_if = "Option::is_none")]
    system: Option<WholeSystem>,
    /// Whose it is.
    user: TokenUser,
}

/// A role.
#[derive(Serialize, ToSchema)]
pub(super) struct TokenRole {
    /// Id; the same as the name here.
    #[schema(example = "member")]
    id: String,
    /// Name.
    #[schema(example = "member")]
    name: String,
}

/// Whose token it is.
#[derive(Serialize, ToSchema)]
pub(super) struct TokenUser {
    /// The domain.
    domain: TokenDomain,
    /// Id; the same as the name here.
    #[schema(example = "admin")]
    id: String,
    /// Name.
    #[schema(example = "admin")]
    name: String,
    /// Passwords do not expire.
    #[schema(value_type = Option<String>)]
    password_expires_at: Option<String>,
}

/// A project in its domain.
#[derive(Serialize, ToSchema)]
pub(super) struct InDomain {
    /// The domain.
    domain: TokenDomain,
    /// Id.
    id: String,
    /// Name.
    #[schema(example = "admin")]
    name: String,
}

/// A domain.
#[derive(Serialize, ToSchema)]
pub(super) struct TokenDomain {
    /// Id.
    #[schema(example = "default")]
    id: String,
    /// Name.
    #[schema(example = "Default")]
    name: String,
}

/// The scope of the whole system.
#[derive(Serialize, ToSchema)]
pub(super) struct WholeSystem {
    /// True.
    all: bool,
}

impl TokenAnswer {
    /// The description of a token, with the catalog or without.
    pub(super) fn new(
        facts: TokenFacts,
        settings: &IdentitySettings,
        catalog: Option<Vec<Service>>,
    ) -> Self {
        let TokenFacts {
            id,
            chain,
            user,
            role,
            scope,
            issued_at,
            expires_at,
        } = facts;
        let is_project = scope == Scope::Project;
        let methods = match chain {
            Some(_) => vec!["token", "password"],
            None => vec!["password"],
        };
        let shown = |name: &str| TokenRole {
            id: name.to_owned(),
            name: name.to_owned(),
        };
        Self {
            token: Token {
                audit_ids: [Some(id), chain].into_iter().flatten().collect(),
                catalog,
                expires_at: iso(expires_at),
                is_domain: is_project.then_some(false),
                issued_at: iso(issued_at),
                methods,
                project: is_project.then(|| InDomain {
                    domain: TokenDomain::new(settings),
                    id: settings.project_id(),
                    name: settings.project.clone(),
                }),
                roles: settings.roles.shown(role).into_iter().map(shown).collect(),
                system: (scope == Scope::System).then_some(WholeSystem { all: true }),
                user: TokenUser {
                    domain: TokenDomain::new(settings),
                    id: user.clone(),
                    name: user,
                    password_expires_at: None,
                },
            },
        }
    }
}

impl TokenDomain {
    fn new(settings: &IdentitySettings) -> Self {
        Self {
            id: settings.domain.clone(),
            name: settings.domain_name.clone(),
        }
    }
}

fn iso(time: Timestamp) -> String {
    time.format("%Y-%m-%dT%H:%M:%S%.6fZ").to_string()
}
