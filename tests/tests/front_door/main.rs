//! Tests of the whole program over its front door: the real binary, real clients, real machines.
#![forbid(unsafe_code)]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fails by panicking"
)]

mod authentication;
mod backup;
mod cloudmanager_nodes;
mod cloudmanager_power_controls;
mod dhcp_examples;
mod edges;
mod generated_client;
mod https;
mod hygiene;
mod inspector_errors;
mod inspector_paging;
mod inspector_rules;
mod inspector_start;
mod inspector_versions;
mod kill;
mod lookup;
mod machines;
mod openapi_documents;
mod openstack_client;
mod power;
mod qemu;
mod swagger_ui;
mod upgrade;
