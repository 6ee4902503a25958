//! What a token is for: asked for in a caller's words, decided by the settings.

use assay_domain::{Error, Result};
use serde::{Deserialize, Serialize};

use super::settings::IdentitySettings;
use super::unauthenticated;

/// A domain or project as a caller names it: by id, by name, or by both.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Naming {
    /// The id.
    pub id: Option<String>,
    /// The name; its case does not count.
    pub name: Option<String>,
}

impl Naming {
    fn is(&self, id: &str, name: &str) -> bool {
        let has_any = self.id.is_some() || self.name.is_some();
        has_any
            && self.id.as_deref().is_none_or(|given| given == id)
            && self
                .name
                .as_deref()
                .is_none_or(|given| given.eq_ignore_ascii_case(name))
    }
}

/// The scope that a caller asks a token for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ScopeWanted {
    /// Nothing was said: a user's own project, or a former token's scope.
    Usual,
    /// None, in so many words.
    Unscoped,
    /// The whole system.
    System,
    /// A project; one that is named needs its domain.
    Project {
        /// The project.
        project: Naming,
        /// The project's domain.
        domain: Option<Naming>,
    },
    /// Something that does not exist here: a domain's scope, a trust.
    Elsewhere,
}

/// What a token of Assay is for. A user's role is the same in each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// No project.
    Unscoped,
    /// The one project that there is.
    Project,
    /// The whole system.
    System,
}

impl IdentitySettings {
    /// Whether this names the domain of all users and projects.
    pub(crate) fn is_domain(&self, domain: &Naming) -> bool {
        domain.is(&self.domain, &self.domain_name)
    }

    /// The scope that a token gets. `usual` is for a caller who says nothing.
    pub(super) fn scope(&self, wanted: &ScopeWanted, usual: Scope) -> Result<Scope> {
        match wanted {
            ScopeWanted::Usual => Ok(usual),
            ScopeWanted::Unscoped => Ok(Scope::Unscoped),
            ScopeWanted::System => Ok(Scope::System),
            ScopeWanted::Project { project, domain }
                if self.is_project(project, domain.as_ref()) =>
            {
                Ok(Scope::Project)
            }
            ScopeWanted::Project { .. } => Err(Error::Unauthenticated(format!(
                "The request you have made requires authentication: the only project is {} in the domain {}",
                self.project, self.domain_name
            ))),
            ScopeWanted::Elsewhere => Err(unauthenticated()),
        }
    }

    fn is_project(&self, project: &Naming, domain: Option<&Naming>) -> bool {
        let named = project.is(&self.project_id(), &self.project);
        let in_domain = match domain {
            Some(domain) => self.is_domain(domain),
            None => project.id.is_some(),
        };
        named && in_domain
    }
}

#[cfg(test)]
mod tests {
    use super::{IdentitySettings, Naming, Scope, ScopeWanted};

    fn naming(id: Option<&str>, name: Option<&str>) -> Naming {
        Naming {
            id: id.map(str::to_owned),
            name: name.map(str::to_owned),
        }
    }

    fn project(project: Naming, domain: Option<Naming>) -> Option<Scope> {
        IdentitySettings::default()
            .scope(&ScopeWanted::Project { project, domain }, Scope::Project)
            .ok()
    }

    #[test]
    fn the_one_project_is_found_by_id_and_by_name_in_its_domain() {
        let id = IdentitySettings::default().project_id();
        let by_id = naming(Some("default"), None);
        let by_name = naming(None, Some("Default"));
        for domain in [by_id, by_name] {
            let found = project(naming(None, Some("admin")), Some(domain));
            assert_eq!(found, Some(Scope::Project));
        }
        assert_eq!(project(naming(Some(&id), None), None), Some(Scope::Project));
    }

    #[test]
    fn other_projects_and_domains_are_refused() {
        let default = || Some(naming(Some("default"), None));
        for (given, domain) in [
            (naming(None, Some("other")), default()),
            (
                naming(None, Some("admin")),
                Some(naming(Some("other"), None)),
            ),
            (
                naming(None, Some("admin")),
                Some(naming(Some("default"), Some("other"))),
            ),
            (naming(None, Some("admin")), Some(Naming::default())),
            (naming(None, Some("admin")), None),
            (naming(Some("admin"), None), default()),
            (Naming::default(), default()),
        ] {
            assert_eq!(
                project(given.clone(), domain.clone()),
                None,
                "{given:?} {domain:?}"
            );
        }
    }

    #[test]
    fn what_is_not_said_is_usual_and_what_does_not_exist_is_refused() {
        let settings = IdentitySettings::default();
        let usual = settings.scope(&ScopeWanted::Usual, Scope::System);
        assert_eq!(usual, Ok(Scope::System));
        assert!(
            settings
                .scope(&ScopeWanted::Elsewhere, Scope::Project)
                .is_err()
        );
    }
}
