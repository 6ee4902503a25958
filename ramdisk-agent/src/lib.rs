//! The ramdisk agent: looks at a machine's hardware and reports it.
//!
//! As process 1 of the ramdisk ([`init::run`]) it brings the machine up far
//! enough to be heard; on any Linux host ([`process`]) it only looks and
//! reports. Both post the same [`assay_inventory::Report`].

#![deny(unsafe_code)]

pub mod args;
pub mod backoff;
pub mod collect;
pub mod collectors;
pub mod dhcp;
mod dmi;
mod error;
pub mod host;
pub mod http;
pub mod init;
mod ipmi;
pub mod kernel_line;
pub mod lldp;
pub mod log;
#[cfg(test)]
mod namespace_tests;
pub mod netlink;
pub mod network;
mod packet;
mod pci_names;
pub mod process;
mod redact;
pub mod settings;
pub mod settle;
mod sys;
pub mod tls;

pub use error::Error;
