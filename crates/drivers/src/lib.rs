//! Drivers: how Assay talks to BMCs, and the gate that every BMC is reached through.
//!
//! What a driver may do is said by the traits of `assay_domain`; this crate implements them, one
//! folder or file per protocol, lists them in [`Drivers`], and puts [`Gate`] before them.

#![forbid(unsafe_code)]

pub mod amt;
pub mod fake;
pub mod gate;
pub mod ipmi;
pub mod modbus;
pub mod redfish;
pub mod snmp;
pub mod ssh;
#[cfg(feature = "testing")]
pub mod testing;
pub mod tls;

mod http_client;
mod peer;
mod poll;
mod registry;
mod retry;

pub use gate::{Gate, GateLimits, Repeat, ResetOutcome};
pub use registry::{DriverSettings, Drivers};
pub use tls::trust_from_settings;

/// Log directives that keep out what the drivers say themselves, and better: the SNMP library calls
/// every silent device an error. They stand before an operator's own.
pub const QUIET: &str = "async_snmp=off";
