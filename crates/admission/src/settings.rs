//! Which driver is used, and how: the section `[admission]`, and the one list of drivers.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use assay_domain::admission::PxeAdmission;
use serde::Deserialize;

use crate::{Dnsmasq, None};

/// How often the database is asked, unless the configuration says otherwise.
const INTERVAL: Duration = Duration::from_secs(1);

/// Settings of PXE admission.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Section")]
pub struct AdmissionSettings {
    /// The driver.
    pub driver: Driver,
    /// How often it is looked whether others are to be served than before; above zero.
    pub interval: Duration,
}

/// A driver and what it needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Driver {
    /// The DHCP server serves whom it likes.
    None,
    /// dnsmasq, by a folder that it reads as its `dhcp-hostsdir`.
    Dnsmasq {
        /// The folder; it exists.
        hostsdir: PathBuf,
    },
}

impl Driver {
    /// The driver itself.
    pub fn open(&self) -> Arc<dyn PxeAdmission> {
        match self {
            Self::None => Arc::new(None),
            Self::Dnsmasq { hostsdir } => Arc::new(Dnsmasq::new(hostsdir.clone())),
        }
    }
}

impl Default for AdmissionSettings {
    fn default() -> Self {
        Self {
            driver: Driver::None,
            interval: INTERVAL,
        }
    }
}

/// The section as it is written.
#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Section {
    driver: String,
    hostsdir: Option<PathBuf>,
    interval: f64,
}

impl Default for Section {
    fn default() -> Self {
        Self {
            driver: "none".to_owned(),
            hostsdir: Option::None,
            interval: INTERVAL.as_secs_f64(),
        }
    }
}

impl TryFrom<Section> for AdmissionSettings {
    type Error = String;

    fn try_from(section: Section) -> Result<Self, String> {
        let driver = match section.driver.as_str() {
            "none" => Driver::None,
            "dnsmasq" => Driver::Dnsmasq {
                hostsdir: absolute(section.hostsdir)?,
            },
            other => {
                return Err(format!(
                    "admission.driver is \"none\" or \"dnsmasq\", and not \"{other}\""
                ));
            }
        };
        let interval = Duration::try_from_secs_f64(section.interval)
            .ok()
            .filter(|interval| !interval.is_zero())
            .ok_or("admission.interval: expected seconds, greater than zero")?;
        Ok(Self { driver, interval })
    }
}

fn absolute(hostsdir: Option<PathBuf>) -> Result<PathBuf, String> {
    let folder = hostsdir.ok_or("admission.driver = \"dnsmasq\" needs admission.hostsdir")?;
    if folder.is_absolute() {
        return Ok(folder);
    }
    Err(format!(
        "admission.hostsdir: {} is not an absolute path",
        folder.display()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<AdmissionSettings, String> {
        toml::from_str(text).map_err(|error: toml::de::Error| error.message().to_owned())
    }

    #[test]
    fn nobody_is_refused_unless_it_is_asked_for() {
        assert_eq!(read("").unwrap(), AdmissionSettings::default());
        assert!(!AdmissionSettings::default().driver.open().is_active());
    }

    #[test]
    fn dnsmasq_needs_its_folder() {
        let settings = read("driver = 'dnsmasq'\nhostsdir = '/x'\ninterval = 0.2").unwrap();
        assert_eq!(settings.interval, Duration::from_millis(200));
        assert_eq!(settings.driver.open().name(), "dnsmasq");
        assert!(
            read("driver = 'dnsmasq'")
                .unwrap_err()
                .contains("admission.hostsdir")
        );
        assert!(
            read("driver = 'dnsmasq'\nhostsdir = 'x'")
                .unwrap_err()
                .contains("absolute")
        );
    }

    #[test]
    fn nonsense_is_refused() {
        assert!(read("driver = 'kea'").unwrap_err().contains("\"kea\""));
        assert!(read("intervall = 1").unwrap_err().contains("intervall"));
        for interval in ["0", "-1.0", "nan"] {
            assert!(
                read(&format!("interval = {interval}"))
                    .unwrap_err()
                    .contains("interval")
            );
        }
    }
}
