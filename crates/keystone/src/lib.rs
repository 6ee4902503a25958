//! Logs in at an external OpenStack Keystone (identity API v3), and asks it whom a token stands for.
//!
//! A [`Session`] is a user who is logged in: it keeps the token and renews it. [`Keystone`] looks
//! other tokens up with it. It caches no answers; whoever uses it does.
#![forbid(unsafe_code)]

mod catalog;
mod client;
mod error;
mod outage;
mod session;
#[cfg(test)]
mod tests;
mod wire;

pub use catalog::Catalog;
pub use client::{Keystone, token_header};
pub use error::Error;
pub use session::{Grant, KeystoneConfig, Session};
