//! Tests of the drivers and the gate: against Assay's simulator, against emulators that others
//! wrote, and against odd BMCs that no simulator plays.
#![forbid(unsafe_code)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod gate;
mod redfish;
mod support;
