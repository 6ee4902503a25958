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
//! `login` keeps sessions on the BMC from leaking, `service` finds the machine, `power`, `boot` and
//! `identity` are the capabilities, `quirks` is what single BMCs do otherwise.

mod boot;
mod fault;
mod http;
mod identity;
mod login;
mod power;
mod quirks;
mod seats;
mod service;
mod session;
mod settings;
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
