//! The Intel AMT driver: WS-Management (DMTF DSP0226 and DSP0227) over HTTP with digest
//! authentication, as Intel's AMT Implementation and Reference Guide describes it.
//!
//! # Settings of a power control
//! | key | value |
//! |---|---|
//! | `tls` | whom to believe, see [`crate::tls::trust_from_settings`]; `plain` goes with AMT's port 16992, everything else with its port 16993 |
//!
//! A device has one machine, so that every output is that machine. AMT overrides the next boot only
//! and does not choose between BIOS and UEFI; what asks for more is refused as unsupported. With
//! TLS, firmware that offers only key exchange by RSA, or nothing after TLS 1.1, is not reached.
//!
//! # Files
//! `http` sends requests, `digest` answers challenges, `xml` reads documents, `message` and `answer`
//! are WS-Management's two directions, `fault` says what went wrong, `device` puts them together;
//! `power`, `boot`, `identity`, `management` and `events` are the capabilities.

mod answer;
mod boot;
mod device;
mod digest;
mod events;
mod fault;
mod http;
mod identity;
mod management;
mod message;
mod power;
mod session;
mod settings;
mod xml;

use assay_domain::{Driver, DriverError, Session, Target};
use async_trait::async_trait;
use serde_json::{Map, Value};

pub use settings::validate_settings;

use session::Machine;

/// The driver of the protocol `intel_amt`.
#[derive(Default)]
pub struct AmtDriver;

impl AmtDriver {
    /// A driver; it keeps nothing between sessions.
    pub fn new() -> Self {
        Self
    }
}

#[async_trait]
impl Driver for AmtDriver {
    fn protocol(&self) -> &'static str {
        "intel_amt"
    }

    fn check_settings(&self, _: &str, settings: &Map<String, Value>) -> Result<(), String> {
        validate_settings(settings)
    }

    async fn connect(&self, target: &Target) -> Result<Box<dyn Session>, DriverError> {
        Ok(Box::new(Machine::reach(target).await?))
    }
}
