//! Clouds that Assay works with: OpenStack, through its published APIs.
//!
//! [`OpenStack`] logs in at Keystone, finds Nova, Placement and Cinder in its catalog, asks each
//! call with the microversion that it needs, and speaks the words of [`assay_domain::cloud`].
#![forbid(unsafe_code)]

mod answer;
mod api;
mod call;
mod compute;
mod config;
mod identity;
mod openstack;
mod pages;
mod placement;
#[cfg(test)]
mod tests;
mod transport;
mod volumes;

pub use config::{Interface, OpenStackConfig};
pub use openstack::OpenStack;
