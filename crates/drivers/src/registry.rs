//! The list of drivers, by protocol, and the settings that say which ones there are.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use assay_domain::{Driver, HostKeys};
use serde::Deserialize;

use crate::amt::AmtDriver;
use crate::fake::FakeDriver;
use crate::ipmi::IpmiDriver;
use crate::modbus::ModbusDriver;
use crate::redfish::RedfishDriver;
use crate::snmp::{ProfileError, Profiles, SnmpDriver};
use crate::ssh::SshDriver;

/// Settings of the drivers, the section `[drivers]` of the configuration.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DriverSettings {
    /// Whether there are fake machines, for trials and measurements. They live in one process, so
    /// processes of a fleet do not see each other's.
    pub fake: bool,
    /// A folder with PDU profiles (`NAME.toml`) besides those of the build; read once, at the start.
    pub pdu_profiles: Option<PathBuf>,
}

/// All drivers of this build. Cloning shares them.
#[derive(Clone, Default)]
pub struct Drivers {
    by_protocol: BTreeMap<&'static str, Arc<dyn Driver>>,
}

impl Drivers {
    /// No driver at all.
    pub fn new() -> Self {
        Self::default()
    }

    /// The drivers of an installation. First host keys of SSH devices are remembered in `host_keys`.
    ///
    /// # Errors
    /// [`ProfileError`] for a folder of PDU profiles that cannot be read, or holds a file that is none.
    pub fn configured(
        settings: &DriverSettings,
        host_keys: Arc<dyn HostKeys>,
    ) -> Result<Self, ProfileError> {
        let mut drivers = Self::standard().with(Arc::new(SshDriver::remembering(host_keys)));
        if let Some(folder) = &settings.pdu_profiles {
            let profiles = Profiles::built_in().with_folder(folder)?;
            drivers = drivers.with(Arc::new(SnmpDriver::with_profiles(profiles)));
        }
        if settings.fake {
            drivers = drivers.with(Arc::new(FakeDriver::new()));
        }
        Ok(drivers)
    }

    /// Every driver of real devices, without anything of an installation's own: no host key is
    /// remembered, and the PDU profiles are those of the build.
    pub fn standard() -> Self {
        Self::new()
            .with(Arc::new(RedfishDriver::new()))
            .with(Arc::new(IpmiDriver::new()))
            .with(Arc::new(SnmpDriver::new()))
            .with(Arc::new(ModbusDriver::new()))
            .with(Arc::new(SshDriver::new()))
            .with(Arc::new(AmtDriver::new()))
    }

    /// Adds a driver; one of the same protocol is replaced.
    #[must_use]
    pub fn with(mut self, driver: Arc<dyn Driver>) -> Self {
        self.by_protocol.insert(driver.protocol(), driver);
        self
    }

    /// The driver of a protocol, e.g. `redfish`.
    pub fn get(&self, protocol: &str) -> Option<Arc<dyn Driver>> {
        self.by_protocol.get(protocol).cloned()
    }

    /// The driver of a protocol.
    ///
    /// # Errors
    /// Why there is none, for the caller.
    pub fn require(&self, protocol: &str) -> Result<Arc<dyn Driver>, String> {
        self.get(protocol).ok_or_else(|| match protocol {
            "fake" => "there are fake machines only where the setting drivers.fake is true".into(),
            _ => format!("there is no driver for '{protocol}'"),
        })
    }

    /// The protocols of this build, in alphabetical order.
    pub fn protocols(&self) -> impl Iterator<Item = &'static str> {
        self.by_protocol.keys().copied()
    }

    /// Closes the sessions that are still open on devices, each driver for at most `limit`. Called
    /// once, before the process ends.
    pub async fn shutdown(&self, limit: Duration) {
        futures::future::join_all(
            self.by_protocol
                .values()
                .map(|driver| driver.shutdown(limit)),
        )
        .await;
    }
}
