//! The capability to look at the device itself: its firmware, its network, its users.

use std::net::IpAddr;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::driver::DriverError;

/// The device itself. What it does not say is `None` or empty.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ManagementInfo {
    /// Version of its firmware.
    pub firmware: Option<String>,
    /// Its network interfaces.
    pub interfaces: Vec<ManagementInterface>,
    /// Its accounts; `None` when it does not tell them, or not to this account.
    pub users: Option<Vec<ManagementUser>>,
}

/// A network interface of the device.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ManagementInterface {
    /// Its name or channel.
    pub name: String,
    /// MAC address, lower case with colons.
    pub mac: Option<String>,
    /// Address.
    pub address: Option<IpAddr>,
    /// Length of the network's prefix in bits.
    pub prefix: Option<u8>,
    /// Gateway.
    pub gateway: Option<IpAddr>,
    /// Where the address comes from: static, dhcp, or the device's own word.
    pub source: Option<String>,
    /// VLAN, when it is on one.
    pub vlan: Option<u16>,
}

/// An account on the device.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ManagementUser {
    /// Its number or name in the device's list.
    pub id: String,
    /// Login name.
    pub name: String,
    /// What it may do, in the device's words, e.g. administrator.
    pub privilege: String,
    /// Whether it can log in.
    pub enabled: bool,
}

/// Looks at the device itself.
#[async_trait]
pub trait ManagementCapability: Send + Sync {
    /// Firmware, network and users of the device.
    async fn management_info(&self) -> Result<ManagementInfo, DriverError>;
}
