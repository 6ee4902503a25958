//! A session of the driver: how it begins, what it can do, how it ends.

use std::sync::Arc;

use assay_domain::capability::{
    BootDeviceCapability, EventLogCapability, IdentifyCapability, ManagementCapability,
    PartsCapability, PowerCapability, SensorCapability, SystemCapability,
};
use assay_domain::{DriverError, Session, Target};
use async_trait::async_trait;
use nv_redfish::bmc_http::BmcCredentials;
use nv_redfish::core::ODataId;
use nv_redfish::schema::computer_system::ComputerSystem;
use serde_json::Value;
use tokio::time::timeout;

use super::RedfishDriver;
use super::fault::{HttpFault, Proof};
use super::login::{Login, NoLogin};
use super::seats::Seat;
use super::service::{Offer, Root, read_root};
use super::settings::Wanted;
use super::wire::{Transport, Wire, transport};
use crate::peer::Peer;

/// A session with the BMC of one machine.
pub(super) struct RedfishSession {
    machine: Machine,
    access: Access,
}

/// The machine behind a session.
pub(super) struct Machine {
    pub(super) wire: Wire,
    /// The machine's path on the BMC.
    pub(super) system: ODataId,
    /// What its BMC offers.
    pub(super) offer: Offer,
}

/// How the BMC was entered.
enum Access {
    /// Through a session on the BMC, which has to be ended.
    Session(Login),
    /// Each request on its own, with the login or without any; the seat counts it all the same.
    Direct { _seat: Seat },
}

/// Where to log in, and as what.
struct Door<'a> {
    driver: &'a RedfishDriver,
    target: &'a Target,
    transport: Arc<Transport>,
    peer: Peer,
}

impl RedfishSession {
    /// Logs in and finds the machine.
    pub(super) async fn open(driver: &RedfishDriver, target: &Target) -> Result<Self, DriverError> {
        let peer = Peer::of(target);
        if driver.stop.is_cancelled() {
            return Err(peer.not_asked("Assay is shutting down"));
        }
        let wanted = Wanted::of(target, &peer)?;
        let door = Door {
            driver,
            target,
            transport: transport(target, &peer)?,
            peer,
        };
        let seat = door.seat().await?;
        let (document, known) = door.root().await?;
        let mut wire = Wire::new(&door.transport, &document, door.peer.clone());
        let root = Root::of(document, &wire)?;
        let access = door.enter(root.sessions.as_ref(), known, seat).await?;
        if matches!(access, Access::Session(_)) {
            wire.proof = Proof::Token;
        }
        match root.find(&wanted, &wire).await {
            Ok(system) => {
                if wire.proof == Proof::Login {
                    wire.proof = Proof::AcceptedLogin;
                }
                Ok(Self {
                    machine: Machine {
                        wire,
                        system,
                        offer: root.offer,
                    },
                    access,
                })
            }
            Err(error) => {
                access.close().await;
                Err(error)
            }
        }
    }
}

impl Door<'_> {
    async fn seat(&self) -> Result<Seat, DriverError> {
        let seat = self.driver.seats.take(self.peer.endpoint());
        match timeout(self.target.request_timeout, seat).await {
            Ok(Some(seat)) => Ok(seat),
            Ok(None) | Err(_) => Err(self
                .peer
                .timed_out("Assay's two sessions on this BMC are both busy")),
        }
    }

    /// Reads the root, which needs no login (DSP0266, 13.3.2); where it needs one all the same, the
    /// login goes with every request from then on, and `true` comes back.
    async fn root(&self) -> Result<(Value, bool), DriverError> {
        match read_root(&self.transport).await {
            Ok(root) => Ok((root, false)),
            Err(fault) if fault.is_unauthorized() && self.target.login.is_some() => {
                self.use_login();
                let root = read_root(&self.transport).await;
                root.map(|root| (root, true))
                    .map_err(|fault| self.error(fault))
            }
            Err(fault) => Err(self.error(fault)),
        }
    }

    async fn enter(
        &self,
        sessions: Option<&ODataId>,
        known: bool,
        seat: Seat,
    ) -> Result<Access, DriverError> {
        let Some(sessions) = sessions.filter(|_| !known && self.target.login.is_some()) else {
            self.use_login();
            return Ok(Access::Direct { _seat: seat });
        };
        match Login::open(self.driver, &self.transport, sessions, self.target, seat).await {
            Ok(login) => {
                let token = BmcCredentials::token(login.token.clone());
                self.transport.inner().set_credentials(token);
                Ok(Access::Session(login))
            }
            Err(NoLogin::Fault(fault, seat)) if needs_no_session(&fault) => {
                self.use_login();
                Ok(Access::Direct { _seat: seat })
            }
            Err(NoLogin::Fault(fault, _)) if is_refused(&fault) => {
                Err(self.peer.refused(fault.to_string()))
            }
            Err(NoLogin::Fault(fault, _)) => Err(self.error(fault)),
            Err(NoLogin::TimedOut) => {
                Err(self.error(HttpFault::Timeout(self.target.request_timeout)))
            }
        }
    }

    fn use_login(&self) {
        if let Some(login) = &self.target.login {
            let password = self.target.password.as_ref();
            self.transport
                .inner()
                .set_credentials(BmcCredentials::username_password(
                    login.clone(),
                    password.map(|secret| secret.expose().to_owned()),
                ));
        }
    }

    fn error(&self, fault: HttpFault) -> DriverError {
        fault.into_driver(&self.peer, Proof::Login)
    }
}

/// Whether the BMC has no session for us, while the login may be fine: it has no sessions at all, or
/// none left.
fn needs_no_session(fault: &HttpFault) -> bool {
    [404, 405, 501]
        .into_iter()
        .any(|status| fault.has_status(status))
        || fault.names("SessionLimitExceeded")
}

/// Whether the BMC refused the login. The request for a session is always the same but for the login,
/// so whatever a BMC does not like about it is that: HPE's iLO, say, answers 400 to a wrong password.
fn is_refused(fault: &HttpFault) -> bool {
    fault.is_refusal() && !fault.has_status(429)
}

impl Access {
    async fn close(self) {
        match self {
            Self::Session(login) => login.close().await,
            Self::Direct { .. } => {}
        }
    }
}

impl Machine {
    /// Reads the machine's document: typed, and as it came, for the annotations that the types lack.
    pub(super) async fn read(&self) -> Result<(ComputerSystem, Value), DriverError> {
        let document = self.wire.read(&self.system).await?;
        let system = self.wire.typed(document.clone())?;
        Ok((system, document))
    }
}

#[async_trait]
impl Session for RedfishSession {
    fn power(&self) -> Option<&dyn PowerCapability> {
        Some(&self.machine)
    }

    fn boot_device(&self) -> Option<&dyn BootDeviceCapability> {
        Some(&self.machine)
    }

    fn system(&self) -> Option<&dyn SystemCapability> {
        Some(&self.machine)
    }

    fn identify(&self) -> Option<&dyn IdentifyCapability> {
        Some(&self.machine)
    }

    fn sensors(&self) -> Option<&dyn SensorCapability> {
        Some(&self.machine)
    }

    fn event_log(&self) -> Option<&dyn EventLogCapability> {
        Some(&self.machine)
    }

    fn parts(&self) -> Option<&dyn PartsCapability> {
        Some(&self.machine)
    }

    fn management(&self) -> Option<&dyn ManagementCapability> {
        Some(&self.machine)
    }

    async fn close(self: Box<Self>) {
        self.access.close().await;
    }
}
