//! Which cloud, and how it is asked.

use std::time::Duration;

use assay_keystone::KeystoneConfig;

/// Which of a service's URLs is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Interface {
    /// For everybody.
    #[default]
    Public,
    /// For the cloud's own network.
    Internal,
    /// For administrators.
    Admin,
}

impl Interface {
    /// Its name in the catalog.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Internal => "internal",
            Self::Admin => "admin",
        }
    }
}

/// Which OpenStack, and how it is asked.
#[derive(Debug, Clone)]
pub struct OpenStackConfig {
    /// Where Keystone is, who logs in, and how long one request may take.
    pub keystone: KeystoneConfig,
    /// The region whose services are used; any when absent.
    pub region: Option<String>,
    /// Which of their URLs.
    pub interface: Interface,
    /// How long a question is repeated while the cloud is busy or away; commands never are.
    pub patience: Duration,
}
