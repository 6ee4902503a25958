//! Drivers of PXE admission: how a DHCP server is told which machines it serves.
//!
//! Each implements [`assay_domain::admission::PxeAdmission`] in a file or folder of its own and has
//! one entry in `settings`.
#![forbid(unsafe_code)]

mod dnsmasq;
mod none;
mod settings;

pub use dnsmasq::Dnsmasq;
pub use none::None;
pub use settings::{AdmissionSettings, Driver};
