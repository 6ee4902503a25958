//! Tests of the packages: what is in them, and that they install, serve, upgrade and go away again.
#![forbid(unsafe_code)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod contents;
mod debian;
mod made;
mod rpm;
mod tls;
mod units;
