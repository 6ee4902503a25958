//! Settings of what Assay does on the operating systems of nodes.

use std::path::PathBuf;
use std::time::Duration;

use assay_hosts::LogProtocol;
use serde::Deserialize;

use crate::settings::seconds;

/// How hosts are reached, and what is done on them.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HostsSettings {
    /// Who Assay logs in as; anybody but root needs `sudo` without a password.
    pub login: String,
    /// The SSH server's port where a node has no other.
    pub port: u16,
    /// File with the private key that Assay logs in with; nothing is done on hosts without.
    pub ssh_key: Option<PathBuf>,
    /// The port of the host that logs are sent to.
    pub log_port: u16,
    /// How logs are sent: `tcp` or `udp`.
    pub log_protocol: LogProtocol,
    /// What the SNMP agents of hosts answer, to whom; they cannot be switched on without.
    pub snmp: Option<HostSnmp>,
    /// How long connecting to a host, and logging in, may take each.
    #[serde(deserialize_with = "seconds")]
    pub connect_limit: Duration,
    /// How long a request waits for its task before it answers.
    #[serde(deserialize_with = "seconds")]
    pub answer_wait: Duration,
    /// How often it is looked whether hosts are still as they were set.
    #[serde(deserialize_with = "seconds")]
    pub keep_interval: Duration,
}

/// What the SNMP agents of hosts answer, to whom.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HostSnmp {
    /// File with the community that may read (SNMP version 2c).
    pub community_file: PathBuf,
    /// From which networks it may, e.g. `10.0.0.0/8`; from anywhere when empty.
    #[serde(default)]
    pub networks: Vec<String>,
}

impl Default for HostsSettings {
    fn default() -> Self {
        Self {
            login: "root".to_owned(),
            port: 22,
            ssh_key: None,
            log_port: 514,
            log_protocol: LogProtocol::default(),
            snmp: None,
            connect_limit: Duration::from_secs(10),
            answer_wait: Duration::from_secs(30),
            keep_interval: Duration::from_secs(600),
        }
    }
}
