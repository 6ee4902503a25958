//! The IPMI driver (IPMI 2.0 and, where asked for, 1.5), over the client of `assay_ipmi`.
//!
//! # Settings of a power control
//! | key | value |
//! |---|---|
//! | `cipher_suite` | `3`, `17`, or `"best"` (the default): 17, and 3 where the BMC does not have 17 |
//! | `privilege` | `user`, `operator` or `administrator` (the default): what sessions may do |
//! | `version` | `"2.0"` (the default) or `"1.5"` |
//! | `auth` | with version 1.5 only: `md5` (the default) or `password`, which everybody on the way can read |
//!
//! # Login and password
//! The login is the account. The password is the account's, and where the BMC has a key K_G, that is the
//! password's second line: 1 to 20 bytes, or `0x` and 1 to 20 bytes in hexadecimal. No setting holds a
//! secret.
//!
//! Nothing weaker than what is set is ever tried, and cipher suite 0 and authentication type "none"
//! cannot be set.
//!
//! # Files
//! `settings` reads these keys, `login` the password, `fault` says what went wrong, `session` begins and ends sessions; the
//! others are one capability each.

mod boot;
mod events;
mod fault;
mod identify;
mod login;
mod management;
mod parts;
mod power;
mod sensors;
mod session;
mod settings;
mod system;

use std::time::Duration;

use assay_domain::gate::Pace;
use assay_domain::{Driver, DriverError, Session, Target};
use assay_ipmi::Client;
use async_trait::async_trait;
use serde_json::{Map, Value};

pub use settings::validate_settings;

use session::IpmiSession;

/// The driver of the protocol `ipmi`. Its sessions need no keeper: one that is dropped tells its BMC
/// so by itself.
#[derive(Default)]
pub struct IpmiDriver {
    client: Client,
}

impl IpmiDriver {
    /// A driver without any session yet.
    pub fn new() -> Self {
        Self::default()
    }
}

#[async_trait]
impl Driver for IpmiDriver {
    fn protocol(&self) -> &'static str {
        "ipmi"
    }

    /// BMCs handle one message at a time in some milliseconds.
    fn pace(&self) -> Pace {
        Pace::every(Duration::from_millis(50))
    }

    fn check_settings(&self, _: &str, settings: &Map<String, Value>) -> Result<(), String> {
        validate_settings(settings)
    }

    async fn connect(&self, target: &Target) -> Result<Box<dyn Session>, DriverError> {
        Ok(Box::new(IpmiSession::open(&self.client, target).await?))
    }
}
