//! What actions on hosts are carried out with.

use std::time::Duration;

use assay_domain::Secret;
use serde::Deserialize;

/// What all hosts have in common.
#[derive(Clone)]
pub struct HostSettings {
    /// Who Assay logs in as.
    pub login: String,
    /// The public half of the key that Assay logs in with, as OpenSSH writes it.
    pub public_key: String,
    /// The port of the host that logs are sent to.
    pub log_port: u16,
    /// How logs are sent.
    pub log_protocol: LogProtocol,
    /// The SNMP agent; it cannot be switched on without.
    pub snmp: Option<SnmpSettings>,
    /// The signs of life of this one.
    pub heartbeat: HeartbeatPlan,
}

/// The signs of life that one host writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeartbeatPlan {
    /// The file in each folder: the node's UUID.
    pub file: String,
    /// Where the host has its storages: absolute paths of one line; nothing is written without one.
    pub paths: Vec<String>,
    /// The time between two signs.
    pub interval: Duration,
}

/// How logs are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogProtocol {
    /// Syslog over TCP (RFC 6587).
    #[default]
    Tcp,
    /// Syslog over UDP (RFC 5426).
    Udp,
}

impl LogProtocol {
    /// As rsyslog has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
        }
    }
}

/// What the SNMP agents of hosts answer, to whom.
#[derive(Clone)]
pub struct SnmpSettings {
    /// The community that may read (SNMP version 2c).
    pub community: Secret,
    /// From which networks it may, e.g. `10.0.0.0/8`; from anywhere when empty.
    pub networks: Vec<String>,
}
