//! The harness of the tests over the front door: starts the real server, and talks to it.
#![forbid(unsafe_code)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "a harness fails its test by panicking"
)]
#![allow(
    clippy::print_stderr,
    reason = "what a failed server said belongs into the test's output"
)]

pub mod arena;
pub mod balancer;
pub mod canary;
pub mod chaos;
pub mod client;
pub mod cloud_lab;
pub mod database;
pub mod debian;
pub mod document;
pub mod fleet;
pub mod folder;
pub mod guest;
pub mod host_guest;
pub mod keystone;
pub mod lab;
pub mod lan;
mod listening;
pub mod machine;
pub mod modbus;
pub mod openapi;
pub mod openstack;
pub mod place;
pub mod processes;
pub mod program;
pub mod programs;
pub mod ramdisk;
pub mod relay;
pub mod server;
pub mod simulated;
pub mod sshd;
pub mod status;
pub mod stuck;
pub mod wait;
pub mod writers;

pub use client::{Client, Reply};
pub use machine::{Boot, Machine};
pub use server::{Server, Setup};
