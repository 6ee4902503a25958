//! The Redfish driver (DMTF DSP0266), over types generated from DMTF's schemas.
//!
//! # Settings of a power control
//! | key | value |
//! |---|---|
//! | `system_id` | the last segment of the machine's path under `/redfish/v1/Systems`; needed when the BMC has several systems and the assignment's output does not name one |
//! | `tls` | whom to believe, see [`crate::tls::trust_from_settings`] |
//!
//! An output that is one of the BMC's systems chooses it; on a BMC with one system every output is
//! that system.
//!
//! # Files
//! `http` sends requests, `wire` reads documents through them, `fault` says what went wrong,
//! `login` keeps sessions on the BMC from leaking, `service` finds the machine, `walk` reads the many
//! resources round it and `told` what they say; `power`, `boot`, `identity`, `identify`, `sensors`,
//! `events`, `parts` and `management` are the capabilities, `quirks` is what single BMCs do otherwise.
//!
//! # What belongs to the machine
//! The chassis and the managers that the system's `Links` name, all of them. Sensors come from the
//! chassis' `Sensors`, else from `Thermal` and `Power`; the log is the service of the system, else of
//! its managers, that keeps what a BMC calls its event log; parts are the system, its processors,
//! memory modules and drives, and its chassis with their power supplies. Each reading takes at most
//! 256 requests and 10,000 members of one collection; what a BMC has beyond that is left out, with a
//! warning in Assay's log.

mod boot;
mod events;
mod fault;
mod http;
mod identify;
mod identity;
mod login;
mod management;
mod parts;
mod power;
mod quirks;
mod seats;
mod sensors;
mod service;
mod session;
mod settings;
mod told;
mod walk;
mod wire;

use std::time::Duration;

use assay_domain::{Driver, DriverError, Session, Target};
use async_trait::async_trait;
use serde_json::{Map, Value};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use settings::validate_settings;

use seats::Seats;
use session::RedfishSession;

/// The driver of the protocol `redfish`.
#[derive(Default)]
pub struct RedfishDriver {
    /// The tasks that hold sessions on BMCs and close them.
    keepers: TaskTracker,
    /// Tells the keepers that the process ends.
    stop: CancellationToken,
    seats: Seats,
}

impl RedfishDriver {
    /// A driver without any session yet.
    pub fn new() -> Self {
        Self::default()
    }
}

#[async_trait]
impl Driver for RedfishDriver {
    fn protocol(&self) -> &'static str {
        "redfish"
    }

    fn check_settings(&self, _: &str, settings: &Map<String, Value>) -> Result<(), String> {
        validate_settings(settings)
    }

    async fn connect(&self, target: &Target) -> Result<Box<dyn Session>, DriverError> {
        Ok(Box::new(RedfishSession::open(self, target).await?))
    }

    async fn shutdown(&self, limit: Duration) {
        self.stop.cancel();
        self.keepers.close();
        if tokio::time::timeout(limit, self.keepers.wait())
            .await
            .is_err()
        {
            tracing::warn!(
                sessions = self.keepers.len(),
                "Redfish sessions were not closed in time and stay open on their BMCs"
            );
        }
    }
}
