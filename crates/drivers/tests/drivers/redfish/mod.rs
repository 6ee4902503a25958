//! The Redfish driver.

mod odd;
mod sessions;
mod simulator;
mod sushy;
mod tls;
