//! The driver of relays that speak Modbus/TCP (MODBUS Application Protocol V1.1b3, Messaging on
//! TCP/IP V1.0b), e.g. ICP DAS' ET-7067 with eight relay coils.
//!
//! # Settings of a power control
//! | key | value |
//! |---|---|
//! | `unit` | the device's unit identifier (ICP DAS: Net ID), 0 to 255; 1 when absent, as an ET-7067 leaves the factory |
//! | `first_coil` | the address in the protocol, from 0, of the coil that is output 1; 0 when absent, as on an ET-7067 (ET-7000 manual, appendix C: digital outputs begin at 0) |
//! | `inverted` | `true` when a coil that is on takes the power away (a load on the relay's normally closed contact); `false` when absent |
//! | `reset_pause` | how long a reset leaves the power off, 0.1 to 60 seconds; 5 when absent |
//!
//! An output is a number from 1; it names the coil that is as far from the first one. Modbus has no
//! login: credentials of the power control are not used.
//!
//! # Files
//! `line` is the connection, `fault` says what went wrong, `relay` is the capabilities.

mod fault;
mod line;
mod relay;
mod settings;

use std::time::Duration;

use assay_domain::gate::Pace;
use assay_domain::{Driver, DriverError, Session, Target};
use async_trait::async_trait;
use serde_json::{Map, Value};

pub use settings::validate_settings;

use relay::Relay;

/// The driver of the protocol `modbus`.
#[derive(Default)]
pub struct ModbusDriver;

impl ModbusDriver {
    /// A driver.
    pub fn new() -> Self {
        Self
    }
}

#[async_trait]
impl Driver for ModbusDriver {
    fn protocol(&self) -> &'static str {
        "modbus"
    }

    /// Relays answer within milliseconds, and one feeds up to eight machines.
    fn pace(&self) -> Pace {
        Pace {
            interval: Duration::from_millis(50),
            refill: Duration::from_millis(250),
            burst: 64,
        }
    }

    fn check_settings(&self, _: &str, settings: &Map<String, Value>) -> Result<(), String> {
        validate_settings(settings)
    }

    async fn connect(&self, target: &Target) -> Result<Box<dyn Session>, DriverError> {
        Ok(Box::new(Relay::open(target).await?))
    }
}
