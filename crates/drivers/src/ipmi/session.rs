//! A session of the driver: how it begins, what it can do, how it ends.

use std::net::SocketAddr;

use assay_domain::capability::{
    BootDeviceCapability, EventLogCapability, IdentifyCapability, ManagementCapability,
    PartsCapability, PowerCapability, SensorCapability, SystemCapability,
};
use assay_domain::{DriverError, Session, Target};
use assay_ipmi::command::sdr::Record;
use assay_ipmi::{Access, Client, Error, Version};
use async_trait::async_trait;
use tokio::sync::OnceCell;
use tokio::time::timeout;

use super::fault;
use super::login::Login;
use super::settings::Settings;
use crate::peer::Peer;

/// A session with the BMC of one machine.
pub(super) struct IpmiSession {
    bmc: Bmc,
}

/// The BMC behind a session.
pub(super) struct Bmc {
    pub(super) peer: Peer,
    pub(super) session: assay_ipmi::Session,
    /// The sensor data records: read once in a session, since they take many requests.
    records: OnceCell<Vec<Record>>,
}

impl IpmiSession {
    /// Logs in.
    pub(super) async fn open(client: &Client, target: &Target) -> Result<Self, DriverError> {
        let peer = Peer::of(target);
        let settings = Settings::read(&target.settings).map_err(|error| peer.unsupported(error))?;
        let login = Login::of(target.password.as_ref()).map_err(|error| peer.unsupported(error))?;
        if login.key.is_some() && matches!(settings.version, Version::OneFive(_)) {
            return Err(peer.unsupported("IPMI 1.5 has no key K_G, and the password has two lines"));
        }
        let access = Access {
            address: resolve(target, &peer).await?,
            name: target.login.clone().unwrap_or_default(),
            password: login.password,
            key: login.key,
            privilege: settings.privilege,
            version: settings.version,
            limit: target.request_timeout,
        };
        let session = client.connect(&access).await;
        let session = session.map_err(|error| fault::driver(&peer, &error))?;
        Ok(Self {
            bmc: Bmc {
                peer,
                session,
                records: OnceCell::new(),
            },
        })
    }
}

/// The first address of the target's host.
async fn resolve(target: &Target, peer: &Peer) -> Result<SocketAddr, DriverError> {
    let host = target.host.trim_start_matches('[').trim_end_matches(']');
    let lookup = tokio::net::lookup_host((host, target.port));
    match timeout(target.request_timeout, lookup).await {
        Ok(Ok(mut addresses)) => addresses
            .next()
            .ok_or_else(|| peer.unreachable("its name has no address")),
        Ok(Err(error)) => Err(peer.unreachable(format!("its name has no address: {error}"))),
        Err(_) => Err(peer.unreachable("its name could not be looked up in time")),
    }
}

impl Bmc {
    /// The driver's error.
    pub(super) fn error(&self, error: &Error) -> DriverError {
        fault::driver(&self.peer, error)
    }

    /// The sensor data records.
    pub(super) async fn records(&self) -> Result<&[Record], DriverError> {
        let records = self.records.get_or_try_init(|| self.session.sdr()).await;
        records
            .map(Vec::as_slice)
            .map_err(|error| self.error(&error))
    }
}

#[async_trait]
impl Session for IpmiSession {
    fn power(&self) -> Option<&dyn PowerCapability> {
        Some(&self.bmc)
    }

    fn boot_device(&self) -> Option<&dyn BootDeviceCapability> {
        Some(&self.bmc)
    }

    fn system(&self) -> Option<&dyn SystemCapability> {
        Some(&self.bmc)
    }

    fn identify(&self) -> Option<&dyn IdentifyCapability> {
        Some(&self.bmc)
    }

    fn sensors(&self) -> Option<&dyn SensorCapability> {
        Some(&self.bmc)
    }

    fn event_log(&self) -> Option<&dyn EventLogCapability> {
        Some(&self.bmc)
    }

    fn parts(&self) -> Option<&dyn PartsCapability> {
        Some(&self.bmc)
    }

    fn management(&self) -> Option<&dyn ManagementCapability> {
        Some(&self.bmc)
    }

    async fn close(self: Box<Self>) {
        self.bmc.session.close().await;
    }
}
