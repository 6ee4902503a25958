//! Use cases of the domains of a cloud's users: where their configurations are, loading one into the
//! identity service's database, and how users may log in.

use std::path::{Path, PathBuf};

use assay_domain::cloud::{Domain, DomainConfig};
use assay_domain::{Actor, Error, Result, Role, Secret};
use configparser::ini::Ini;

use crate::App;

/// The longest file that is read, in bytes.
const LONGEST: u64 = 1 << 20;
/// The method of logging in by one-time passwords, as Keystone names it.
const TOTP: &str = "totp";

/// Where the configurations of domains are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DomainStore {
    /// In files, which are loaded one by one when asked for.
    File,
    /// In the identity service's database alone.
    Sql,
}

impl DomainStore {
    /// Its name in APIs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Sql => "sql",
        }
    }
}

/// Domains of a cloud's users.
pub struct Domains<'a> {
    app: &'a App,
}

impl<'a> Domains<'a> {
    pub(crate) fn new(app: &'a App) -> Self {
        Self { app }
    }

    /// Where Assay finds the configurations of domains.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when no cloud is configured.
    pub fn store(&self, actor: &Actor) -> Result<DomainStore> {
        actor.require(Role::Observer)?;
        self.app.cloud()?;
        Ok(match self.folder() {
            Some(_) => DomainStore::File,
            None => DomainStore::Sql,
        })
    }

    /// Loads the configuration of a domain from its file into the identity service's database, in place
    /// of what is there of it.
    ///
    /// # Errors
    /// [`Error::NotFound`] for an unknown domain and for one without a file; [`Error::Conflict`] when no
    /// folder is configured, the file cannot be read, or the identity service refuses what it says;
    /// [`Error::Unavailable`] when no cloud is configured, or it does not answer.
    pub async fn configure(&self, actor: &Actor, id: &str) -> Result<()> {
        actor.require(Role::Admin)?;
        let cloud = self.app.cloud()?;
        let none = || {
            Error::conflict(
                "no folder of domain configurations is configured (cloud.domains.folder)",
            )
        };
        let folder = self.folder().ok_or_else(none)?;
        if !is_id(id) {
            return Err(Error::not_found("Domain", id));
        }
        let domain = cloud.identity().domain(id).await?;
        let file = file_of(folder, &domain)?;
        let read = tokio::task::spawn_blocking(move || read(&file)).await;
        let config = read.map_err(Error::internal)??;
        cloud.identity().configure(&domain.id, &config).await?;
        tracing::info!(user = actor.name, dialect = %actor.dialect, domain = domain.name, "configuration of a domain loaded");
        Ok(())
    }

    /// Whether the identity service lets users log in with one-time passwords.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when no cloud is configured, or it does not answer.
    pub async fn is_totp_allowed(&self, actor: &Actor) -> Result<bool> {
        actor.require(Role::Observer)?;
        let methods = self.app.cloud()?.identity().login_methods().await?;
        Ok(methods.iter().any(|method| method == TOTP))
    }

    fn folder(&self) -> Option<&Path> {
        let cloud = self.app.settings().cloud.as_ref()?;
        cloud.domains.folder.as_deref()
    }
}

/// Ids of domains are UUIDs without dashes, and `default`.
fn is_id(id: &str) -> bool {
    (1..=64).contains(&id.len())
        && id
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}

/// The file of a domain. A name that is no part of a file's name has none.
fn file_of(folder: &Path, domain: &Domain) -> Result<PathBuf> {
    let name = format!("keystone.{}.conf", domain.name);
    if domain.name.contains(['/', '\0']) {
        return Err(Error::not_found("Domain configuration", name));
    }
    Ok(folder.join(name))
}

fn read(file: &Path) -> Result<DomainConfig> {
    let shown = file
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let unreadable = |error: std::io::Error| match error.kind() {
        std::io::ErrorKind::NotFound => Error::not_found("Domain configuration", &shown),
        _ => Error::conflict(format!("{shown}: {error}")),
    };
    let length = std::fs::metadata(file).map_err(unreadable)?.len();
    if length > LONGEST {
        return Err(Error::conflict(format!(
            "{shown}: longer than {LONGEST} bytes"
        )));
    }
    let text = std::fs::read_to_string(file).map_err(unreadable)?;
    parse(text).map_err(|problem| Error::conflict(format!("{shown}: {problem}")))
}

/// Reads a file as Keystone's own reader does: values may be in quotes and go on in indented lines, and
/// comments have lines of their own.
fn parse(text: String) -> std::result::Result<DomainConfig, String> {
    let mut ini = Ini::new_cs();
    ini.set_multiline(true);
    ini.set_inline_comment_symbols(Some(&[]));
    ini.set_default_section("DEFAULT");
    // Its errors name lines and nothing of what is in them.
    let groups = ini.read(text)?;
    let mut config = DomainConfig::new();
    for (group, options) in groups {
        for (option, value) in options {
            // What has no sign between them may be a password with its name.
            let value = value.ok_or_else(|| format!("an option of [{group}] has no value"))?;
            let value = Secret::new(unquoted(&value));
            config
                .entry(group.clone())
                .or_default()
                .insert(option, value);
        }
    }
    if config.is_empty() {
        return Err("there is no option in it".to_owned());
    }
    Ok(config)
}

fn unquoted(value: &str) -> &str {
    ['"', '\'']
        .into_iter()
        .find_map(|quote| value.strip_prefix(quote)?.strip_suffix(quote))
        .unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_read_as_keystone_reads_them() {
        let text = "# a comment\n[identity]\ndriver = ldap\n\n[ldap]\nurl = ldap://a:389/?x=y # kept\npassword = \"a;b\"\nuser_filter = (&(a=b)\n  (c=d))\n";
        let config = parse(text.to_owned()).unwrap();
        let value = |group: &str, option: &str| config[group][option].expose().to_owned();
        assert_eq!(value("identity", "driver"), "ldap");
        assert_eq!(value("ldap", "url"), "ldap://a:389/?x=y # kept");
        assert_eq!(value("ldap", "password"), "a;b");
        assert_eq!(value("ldap", "user_filter"), "(&(a=b)\n(c=d))");
        assert_eq!(config.len(), 2);
    }

    #[test]
    fn what_is_no_configuration_is_refused_without_its_text() {
        for text in [
            "",
            "[ldap]\n",
            "[ldap]\nsecret-without-a-value\n",
            "[ldap\na = secret\n",
        ] {
            let problem = parse(text.to_owned()).err().unwrap();
            assert!(!problem.contains("secret"), "{problem}");
        }
    }

    #[test]
    fn a_name_leads_out_of_the_folder_nowhere() {
        let domain = |name: &str| Domain {
            id: "default".to_owned(),
            name: name.to_owned(),
        };
        let folder = Path::new("/etc/domains");
        let file = file_of(folder, &domain("Default")).unwrap();
        assert_eq!(file, folder.join("keystone.Default.conf"));
        assert!(file_of(folder, &domain("/../../x")).is_err());
        assert!(is_id("default") && !is_id("..") && !is_id("a/b") && !is_id(""));
    }
}
