//! One suite over both engines, on both databases: what workers may rely on, whoever dies.
#![forbid(unsafe_code)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

#[macro_use]
mod world;

mod broker;
mod dead;
mod delivery;
mod messages;
mod outage;
