//! The Redfish driver.

mod changes;
mod odd;
mod reads;
mod sessions;
mod simulator;
mod sushy;
mod tls;
mod tree;
