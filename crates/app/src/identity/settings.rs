//! Settings of identity: what Assay's own tokens show, and an external Keystone.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use assay_domain::{Error, Result, Role, Secret};
use serde::{Deserialize, Deserializer};
use sha2::{Digest, Sha256};

/// Which names Keystone's tokens give to Assay's roles. Case does not count, as in Keystone.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RoleNames {
    /// Names that mean admin; the first one is shown in Assay's own tokens.
    pub admin: Vec<String>,
    /// Names that mean operator.
    pub operator: Vec<String>,
    /// Names that mean observer.
    pub observer: Vec<String>,
}

impl Default for RoleNames {
    fn default() -> Self {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Self {
            admin: names(&["admin"]),
            operator: names(&["member", "baremetal_admin"]),
            observer: names(&["reader", "baremetal_observer"]),
        }
    }
}

impl RoleNames {
    /// The greatest role among these names; none when no name means one.
    pub fn greatest(&self, names: &[String]) -> Option<Role> {
        let means = |role: &Role| {
            let known = self.of(*role);
            names
                .iter()
                .any(|name| known.iter().any(|one| one.eq_ignore_ascii_case(name)))
        };
        [Role::Admin, Role::Operator, Role::Observer]
            .into_iter()
            .find(means)
    }

    /// What a token of Assay shows for a role: the name of that role and of those below it.
    pub fn shown(&self, role: Role) -> Vec<&str> {
        [Role::Admin, Role::Operator, Role::Observer]
            .into_iter()
            .filter(|one| *one <= role)
            .map(|one| self.of(one).first().map_or(one.as_str(), String::as_str))
            .collect()
    }

    fn of(&self, role: Role) -> &[String] {
        match role {
            Role::Admin => &self.admin,
            Role::Operator => &self.operator,
            Role::Observer => &self.observer,
        }
    }
}

/// Local users and the tokens that Assay issues to them.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct IdentitySettings {
    /// Whether Assay's own users can come in, by password or with a token of Assay.
    pub local_users: bool,
    /// The id of the one domain that tokens show.
    pub domain: String,
    /// The name of that domain.
    pub domain_name: String,
    /// The name of the one project that tokens are scoped to.
    pub project: String,
    /// The region of the catalog's endpoints.
    pub region: String,
    /// Names of roles, in own tokens and in Keystone's.
    pub roles: RoleNames,
}

impl Default for IdentitySettings {
    fn default() -> Self {
        Self {
            local_users: true,
            domain: "default".to_owned(),
            domain_name: "Default".to_owned(),
            project: "admin".to_owned(),
            region: "RegionOne".to_owned(),
            roles: RoleNames::default(),
        }
    }
}

impl IdentitySettings {
    /// The project's id: 32 hexadecimal digits that follow from its name, the same in all processes.
    pub fn project_id(&self) -> String {
        stable_id(&["project", &self.domain, &self.project])
    }
}

/// 32 hexadecimal digits that follow from the parts, in the form of Keystone's ids.
pub fn stable_id(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    let mut first = [0; 16];
    first.copy_from_slice(&hash.finalize()[..16]);
    format!("{:032x}", u128::from_be_bytes(first))
}

/// An external Keystone whose tokens are believed.
#[derive(Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct KeystoneSettings {
    /// The identity API, e.g. `https://keystone.example.org:5000/v3`.
    pub url: String,
    /// Where clients get tokens, as 401 replies say it; `url` when absent.
    pub www_authenticate_uri: Option<String>,
    /// The service user.
    pub username: String,
    /// The service user's password.
    #[serde(deserialize_with = "secret")]
    pub password: Option<Secret>,
    /// A file with that password.
    pub password_file: Option<PathBuf>,
    /// The name of the service user's domain.
    pub user_domain: String,
    /// The name of the project in which the service user may look tokens up.
    pub project: String,
    /// The name of that project's domain, and of the domain of `projects`.
    pub project_domain: String,
    /// Names (in `project_domain`) or ids of the projects whose tokens count, besides tokens for the
    /// whole system. Empty: those of every project.
    pub projects: Vec<String>,
    /// Authorities to believe in place of the system's, a PEM file.
    pub ca_file: Option<PathBuf>,
    /// How long one request to Keystone may take.
    #[serde(deserialize_with = "crate::settings::seconds")]
    pub timeout: Duration,
    /// How long an answer of Keystone is believed: a revoked token is refused within that time.
    #[serde(deserialize_with = "crate::settings::seconds")]
    pub cache_seconds: Duration,
}

impl Default for KeystoneSettings {
    fn default() -> Self {
        Self {
            url: String::new(),
            www_authenticate_uri: None,
            username: String::new(),
            password: None,
            password_file: None,
            user_domain: "Default".to_owned(),
            project: "service".to_owned(),
            project_domain: "Default".to_owned(),
            projects: ["admin", "baremetal", "service"].map(str::to_owned).into(),
            ca_file: None,
            timeout: Duration::from_secs(5),
            cache_seconds: Duration::from_secs(60),
        }
    }
}

impl fmt::Debug for KeystoneSettings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("KeystoneSettings")
            .field("url", &self.url)
            .field("username", &self.username)
            .finish_non_exhaustive()
    }
}

impl KeystoneSettings {
    /// The service user's password, from the setting or its file.
    ///
    /// # Errors
    /// [`Error::Invalid`] when both or neither is given, when the file cannot be read, and when URL
    /// or name are missing.
    pub fn service_password(&self) -> Result<Secret> {
        if self.url.is_empty() || self.username.is_empty() {
            return Err(Error::invalid("keystone: url and username are needed"));
        }
        match (&self.password, &self.password_file) {
            (Some(password), None) => Ok(password.clone()),
            (None, Some(file)) => {
                let text = std::fs::read_to_string(file).map_err(|error| {
                    Error::invalid(format!(
                        "keystone.password_file {}: {error}",
                        file.display()
                    ))
                })?;
                Ok(Secret::new(text.trim_end_matches(['\r', '\n'])))
            }
            _ => Err(Error::invalid(
                "keystone: either password or password_file is needed",
            )),
        }
    }

    /// Where clients get tokens.
    pub fn login_url(&self) -> &str {
        self.www_authenticate_uri.as_deref().unwrap_or(&self.url)
    }
}

/// A secret text. What is none is not repeated in the error.
fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Secret>, D::Error> {
    String::deserialize(deserializer)
        .map(|text| Some(Secret::new(text)))
        .map_err(|_| serde::de::Error::custom("expected a password in quotes"))
}

#[cfg(test)]
mod tests {
    use assay_domain::Role;

    use super::{IdentitySettings, KeystoneSettings, RoleNames};

    fn names(list: &[&str]) -> Vec<String> {
        list.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn the_greatest_role_wins_and_unknown_names_mean_none() {
        let roles = RoleNames::default();
        for (given, expected) in [
            (&["reader", "Member", "admin"][..], Some(Role::Admin)),
            (&["reader", "Member"], Some(Role::Operator)),
            (&["baremetal_admin"], Some(Role::Operator)),
            (&["baremetal_observer"], Some(Role::Observer)),
            (&["manager", "heat_stack_owner"], None),
            (&[], None),
        ] {
            assert_eq!(roles.greatest(&names(given)), expected, "{given:?}");
        }
    }

    #[test]
    fn a_token_shows_a_role_and_those_below() {
        let roles = RoleNames {
            observer: Vec::new(),
            ..RoleNames::default()
        };
        assert_eq!(roles.shown(Role::Admin), ["admin", "member", "observer"]);
        assert_eq!(roles.shown(Role::Operator), ["member", "observer"]);
    }

    #[test]
    fn the_projects_id_has_keystones_form_and_follows_the_name() {
        let usual = IdentitySettings::default();
        let other = IdentitySettings {
            project: "metal".to_owned(),
            ..IdentitySettings::default()
        };
        assert_eq!(usual.project_id().len(), 32);
        assert_eq!(usual.project_id(), IdentitySettings::default().project_id());
        assert_ne!(usual.project_id(), other.project_id());
    }

    #[test]
    fn a_password_is_read_but_never_shown() {
        let read = |json: &str| serde_json::from_str::<KeystoneSettings>(json);
        let settings =
            read(r#"{"url": "http://k/v3", "username": "a", "password": "hidden"}"#).unwrap();
        assert_eq!(settings.service_password().unwrap().expose(), "hidden");
        assert!(!format!("{settings:?}").contains("hidden"));
        let complaint = read(r#"{"password": 4711}"#).unwrap_err().to_string();
        assert!(!complaint.contains("4711"), "{complaint}");
    }

    #[test]
    fn settings_that_cannot_work_are_refused() {
        for json in [
            r#"{"username": "a", "password": "b"}"#,
            r#"{"url": "http://k/v3", "username": "a"}"#,
            r#"{"url": "http://k/v3", "username": "a", "password": "b", "password_file": "/x"}"#,
            r#"{"url": "http://k/v3", "username": "a", "password_file": "/nowhere/at/all"}"#,
        ] {
            let settings: KeystoneSettings = serde_json::from_str(json).unwrap();
            assert!(settings.service_password().is_err(), "{json}");
        }
    }
}
