//! Asks an external OpenStack Keystone (identity API v3) whom a token stands for.
//!
//! [`Keystone`] logs in as a service user, keeps that user's token and renews it, and looks other
//! tokens up with it. It caches no answers; whoever uses it does.
#![forbid(unsafe_code)]

mod client;
mod error;
mod outage;
mod service_token;
#[cfg(test)]
mod tests;
mod wire;

pub use client::{Keystone, KeystoneConfig};
pub use error::Error;
