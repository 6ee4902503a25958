//! Settings of the cloud whose hypervisors run on the nodes.

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use assay_domain::{Error, Result, Secret};
use serde::Deserialize;

use crate::settings::seconds;

/// Which of the services' URLs in the cloud's catalog are used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CloudInterface {
    /// Those for everybody.
    #[default]
    Public,
    /// Those for the cloud's own network.
    Internal,
    /// Those for administrators.
    Admin,
}

/// Where the configurations of the cloud's domains are.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DomainSettings {
    /// A folder with one file per domain, `keystone.NAME.conf`, as Keystone's own
    /// `domain_config_dir`; none when Keystone's database alone has them.
    pub folder: Option<PathBuf>,
}

/// An OpenStack whose hypervisors run on the nodes.
#[derive(Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CloudSettings {
    /// Its identity API, e.g. `https://keystone.example.org:5000/v3`.
    pub auth_url: String,
    /// Who Assay logs in as; an administrator of the cloud, who sees the instances of all projects.
    pub username: String,
    /// A file with that user's password.
    pub password_file: Option<PathBuf>,
    /// The name of the user's domain.
    pub user_domain: String,
    /// The name of the project that Assay works in.
    pub project: String,
    /// The name of that project's domain.
    pub project_domain: String,
    /// The region whose services are used; the first ones of the catalog when absent.
    pub region: Option<String>,
    /// Which of their URLs.
    pub interface: CloudInterface,
    /// Authorities to believe in place of the system's, a PEM file.
    pub ca_file: Option<PathBuf>,
    /// How long one request to the cloud may take.
    #[serde(deserialize_with = "seconds")]
    pub timeout: Duration,
    /// How long a question is repeated while the cloud is busy or away; commands never are.
    #[serde(deserialize_with = "seconds")]
    pub patience: Duration,
    /// How often it is looked whether what the cloud was told to do is done.
    #[serde(deserialize_with = "seconds")]
    pub poll_interval: Duration,
    /// How long an instance may take for what it was told to do, and how long its task goes on while
    /// the cloud is away.
    #[serde(deserialize_with = "seconds")]
    pub instance_limit: Duration,
    /// How long the move of an instance to another host may take.
    #[serde(deserialize_with = "seconds")]
    pub move_limit: Duration,
    /// How long the copies of an instance's volumes may take.
    #[serde(deserialize_with = "seconds")]
    pub copy_limit: Duration,
    /// The configurations of the cloud's domains.
    pub domains: DomainSettings,
    /// The most moves that an audit proposes.
    pub audit_moves: usize,
    /// How far a host's load may be above that of all, as a share of what it can give (0.05 is five in
    /// a hundred), before an audit relieves it.
    pub audit_tolerance: f64,
    /// How long a request waits for its task before it answers.
    #[serde(deserialize_with = "seconds")]
    pub answer_wait: Duration,
}

impl Default for CloudSettings {
    fn default() -> Self {
        Self {
            auth_url: String::new(),
            username: String::new(),
            password_file: None,
            user_domain: "Default".to_owned(),
            project: "admin".to_owned(),
            project_domain: "Default".to_owned(),
            region: None,
            interface: CloudInterface::default(),
            ca_file: None,
            timeout: Duration::from_secs(30),
            patience: Duration::from_secs(20),
            poll_interval: Duration::from_secs(2),
            instance_limit: Duration::from_secs(600),
            move_limit: Duration::from_secs(3600),
            copy_limit: Duration::from_secs(3600),
            domains: DomainSettings::default(),
            audit_moves: 20,
            audit_tolerance: 0.05,
            answer_wait: Duration::from_secs(30),
        }
    }
}

impl fmt::Debug for CloudSettings {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("CloudSettings")
            .field("auth_url", &self.auth_url)
            .field("username", &self.username)
            .finish_non_exhaustive()
    }
}

impl CloudSettings {
    /// The password, from its file.
    ///
    /// # Errors
    /// [`Error::Invalid`] when URL, name or file are missing, or the file cannot be read.
    pub fn password(&self) -> Result<Secret> {
        if self.auth_url.is_empty() || self.username.is_empty() {
            return Err(Error::invalid("cloud: auth_url and username are needed"));
        }
        let file = self.password_file.as_deref();
        let file = file.ok_or_else(|| Error::invalid("cloud: password_file is needed"))?;
        let text = std::fs::read_to_string(file).map_err(|error| {
            Error::invalid(format!("cloud.password_file {}: {error}", file.display()))
        })?;
        Ok(Secret::new(text.trim_end_matches(['\r', '\n'])))
    }
}
