//! IPMI over LAN: what goes over the wire, a client of many BMCs, and the commands with their decoders.
//!
//! Sections and tables that are named are those of the IPMI specification, version 2.0 revision 1.1;
//! FRU areas are those of the Platform Management FRU Information Storage Definition 1.0.
//!
//! # Files
//! `wire` is the codec of both sides, without I/O; `client` keeps sessions with BMCs over shared
//! sockets; `command` is one file per group of commands, each with its decoders.

#![forbid(unsafe_code)]

pub mod client;
pub mod command;
pub mod wire;

mod cursor;
mod error;

pub use client::{Access, Client, Session, SuiteChoice, Version};
pub use command::Command;
pub use error::{Error, Status};
pub use wire::legacy::Proof;
pub use wire::{Privilege, Suite};
