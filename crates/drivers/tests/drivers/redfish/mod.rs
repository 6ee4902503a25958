//! The Redfish driver.

mod changes;
mod odd;
mod sessions;
mod simulator;
mod sushy;
mod tls;
