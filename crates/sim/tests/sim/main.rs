//! Tests over the front doors of the simulator: HTTP, and real virtual machines.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test ends at the first surprise"
)]

mod faults;
mod ipmi;
mod openstack;
mod played;
// The name sorts its tests into the group that runs one virtual machine at a time.
mod qemu;
mod redfish;
mod rig;
mod support;
