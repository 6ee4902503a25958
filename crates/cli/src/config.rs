//! Configuration: defaults, then the file, then the environment (`ASSAY_…`, `__` between levels),
//! then flags.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use assay_app::{AuthMode, Settings};
use assay_queue::QueueSettings;
use assay_store::StoreConfig;
use figment::Figment;
use figment::providers::{Env, Format, Toml};
use serde::Deserialize;

use crate::args::Common;
use crate::error::Error;

const DATABASE: &str = "assay.db";
const KEY: &str = "secret.key";

/// Everything that can be configured.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Config {
    /// Address and port to listen on.
    #[serde(default = "default_listen")]
    pub(crate) listen: SocketAddr,
    /// Address and port for health and counters of a worker that serves no API.
    pub(crate) worker_listen: Option<SocketAddr>,
    /// Folder for the database, the key and boot files.
    #[serde(default = "default_data_dir")]
    pub(crate) data_dir: PathBuf,
    /// Database; SQLite in the data folder when absent.
    pub(crate) database_url: Option<String>,
    /// Connections for reading.
    #[serde(default = "default_connections")]
    pub(crate) database_connections: u32,
    /// File with the key for secrets; in the data folder when absent.
    pub(crate) key_file: Option<PathBuf>,
    /// How workers learn of tasks.
    #[serde(default)]
    pub(crate) queue: QueueSettings,
    /// HTTPS on the listener.
    pub(crate) tls: Option<TlsConfig>,
    /// Logs.
    #[serde(default)]
    pub(crate) log: LogConfig,
    /// Settings of the use cases.
    #[serde(flatten)]
    pub(crate) settings: Settings,
    /// Whatever is left: a misspelt key.
    #[serde(flatten)]
    unknown: BTreeMap<String, figment::value::Value>,
}

/// Certificate and key of the listener, PEM files; read again on SIGHUP.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct TlsConfig {
    /// Certificate chain, the server's own first.
    pub(crate) certificate: PathBuf,
    /// Private key.
    pub(crate) key: PathBuf,
}

/// Logs.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct LogConfig {
    /// Filter, e.g. `info` or `assay_app=debug,warn`.
    pub(crate) level: String,
    /// Form of the lines.
    pub(crate) format: LogFormat,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self {
            level: "info".to_owned(),
            format: LogFormat::Text,
        }
    }
}

/// Form of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum LogFormat {
    /// For people.
    Text,
    /// One JSON object per line.
    Json,
}

fn default_listen() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 5050))
}

fn default_data_dir() -> PathBuf {
    PathBuf::from("/var/lib/assay")
}

fn default_connections() -> u32 {
    8
}

impl Config {
    /// Reads the configuration.
    ///
    /// # Errors
    /// [`Error::Config`] names the key that is wrong, or unknown in the file.
    pub(crate) fn load(common: &Common) -> Result<Self, Error> {
        let bad = |error: figment::Error| Error::Config(error.to_string());
        let file = match &common.config {
            Some(path) => Figment::from(Toml::file_exact(path)),
            None => Figment::new(),
        };
        let from_file: Self = file.extract().map_err(bad)?;
        if let Some(key) = from_file.unknown.keys().next() {
            return Err(Error::Config(format!("there is no setting '{key}'")));
        }
        let mut config: Self = file
            .merge(Env::prefixed("ASSAY_").split("__"))
            .extract()
            .map_err(bad)?;
        if let Some(folder) = &common.data_dir {
            config.data_dir.clone_from(folder);
        }
        if common.database_url.is_some() {
            config.database_url.clone_from(&common.database_url);
        }
        config.find_boot_files();
        Ok(config)
    }

    /// How to open the store.
    pub(crate) fn store(&self) -> StoreConfig {
        let url = self
            .database_url
            .clone()
            .unwrap_or_else(|| format!("sqlite:{}", self.data_dir.join(DATABASE).display()));
        StoreConfig {
            url,
            readers: self.database_connections,
            key_file: self
                .key_file
                .clone()
                .unwrap_or_else(|| self.data_dir.join(KEY)),
            wait: Duration::from_secs(5),
        }
    }

    /// Refuses combinations that would be unsafe or cannot work.
    pub(crate) fn check(&self) -> Result<(), Error> {
        if self.settings.auth == AuthMode::None && !self.listen.ip().is_loopback() {
            return Err(Error::Config(format!(
                "auth = none is for loopback listeners only, and {} is none",
                self.listen
            )));
        }
        Ok(())
    }

    /// Boot files lie in the data folder unless the configuration says otherwise.
    fn find_boot_files(&mut self) {
        let boot = &mut self.settings.boot;
        for (setting, name) in [
            (&mut boot.kernel, "kernel"),
            (&mut boot.initramfs, "initramfs"),
        ] {
            let file = self.data_dir.join("boot").join(name);
            if setting.is_none() && file.exists() {
                *setting = Some(file);
            }
        }
    }
}
