//! The HTTP face over a real application and a real database, asked through Rocket's own client.
#![forbid(unsafe_code)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod boot;
mod cloudmanager;
mod documents;
mod identity;
mod inspector;
mod limits;
mod listener;
mod nonsense;
mod own;
mod power_controls;
mod support;
mod unauthorised;
