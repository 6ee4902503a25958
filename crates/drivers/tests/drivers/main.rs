//! Tests of the drivers and the gate: against Assay's simulator, against emulators that others
//! wrote, and against odd BMCs that no simulator plays.
#![forbid(unsafe_code)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]
#![allow(
    clippy::print_stderr,
    reason = "what a failed emulator said belongs into the test's output"
)]

mod amt;
mod fake;
mod gate;
mod ipmi;
mod modbus;
mod redfish;
mod snmp;
mod ssh;
mod support;
