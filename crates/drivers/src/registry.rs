//! The list of drivers, by protocol.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use assay_domain::Driver;

use crate::amt::AmtDriver;
use crate::ipmi::IpmiDriver;
use crate::modbus::ModbusDriver;
use crate::redfish::RedfishDriver;
use crate::snmp::SnmpDriver;
use crate::ssh::SshDriver;

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

    /// Every driver that Assay has.
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
