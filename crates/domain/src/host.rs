//! A node's operating system: how it is reached over SSH, and what Assay does on it.

use std::collections::BTreeSet;
use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::driver::DriverError;
use crate::iscsi::{Portal, Targets};

/// How one node's operating system is reached, where it differs from what is configured for all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostAccess {
    /// The node's key.
    pub node_id: i64,
    /// Its address or name; none takes the first of the node's addresses.
    pub address: Option<String>,
    /// The SSH server's port; none takes the configured one.
    pub port: Option<u16>,
    /// The SNMP agent's port; none takes 161.
    pub snmp_port: Option<u16>,
    /// The one host key that is believed, as OpenSSH writes it: `ssh-ed25519 AAAA…`.
    pub host_key: String,
}

/// How guests of a hypervisor see its processor: `cpu_mode` of nova's libvirt driver.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CpuMode {
    /// As it is.
    HostPassthrough,
    /// The named model nearest to it, with its features.
    HostModel,
    /// This named model of libvirt's.
    Custom(String),
}

/// A setting of a host, which can be kept as it was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HostSetting {
    /// The SNMP agent is configured and runs, or is stopped.
    Snmp(bool),
    /// Others than Assay log in over SSH, or do not.
    Ssh(bool),
    /// The system's log is sent to this host, or to none.
    LogRedirection(Option<String>),
    /// How guests see the processor; none leaves it to nova.
    CpuMode(Option<CpuMode>),
    /// Signs of life are written to the node's availability storages, or are not.
    Heartbeat(bool),
}

impl HostSetting {
    /// Whether it is about the same as another one.
    pub fn is_like(&self, other: &Self) -> bool {
        std::mem::discriminant(self) == std::mem::discriminant(other)
    }
}

/// What Assay does on a host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HostAction {
    /// Makes a setting.
    Set(HostSetting),
    /// Installs all updates of the distribution.
    UpdateSystem,
    /// Asks storage for its iSCSI targets.
    DiscoverTargets(BTreeSet<Portal>),
    /// Logs in to iSCSI targets, now and whenever the host starts.
    AttachTargets {
        /// The targets.
        targets: Targets,
        /// Who made the storage, for people.
        vendor: Option<String>,
        /// The storage's model, for people.
        product: Option<String>,
    },
    /// Releases the leases that dead hosts hold in the host's lockspaces.
    RepairLocks,
}

/// What was set on a host, and whether Assay sets it again when the host has changed it (dynamic
/// component configuration).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptSettings {
    /// Whether it is set again.
    pub is_kept: bool,
    /// What was set, one of each kind, in the order in which it was.
    pub settings: Vec<HostSetting>,
    /// When it was looked at last.
    pub kept_at: Option<Timestamp>,
}

impl Default for KeptSettings {
    fn default() -> Self {
        Self {
            is_kept: true,
            settings: Vec::new(),
            kept_at: None,
        }
    }
}

impl From<HostSetting> for HostAction {
    fn from(setting: HostSetting) -> Self {
        Self::Set(setting)
    }
}

/// A host's open sessions with iSCSI targets, when they were looked at last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostSessions {
    /// The targets.
    pub targets: Targets,
    /// When.
    pub seen_at: Timestamp,
}

/// Commands of one action: a fixed text that no value is ever put into, and what it reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Script {
    /// POSIX shell without single quotes.
    pub text: &'static str,
    /// How long it may take.
    pub limit: Duration,
}

/// What a script did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScriptEnd {
    /// Its exit code.
    pub code: u32,
    /// What it printed on standard output.
    pub printed: String,
    /// What it printed on standard error, trimmed.
    pub complaint: String,
}

/// The way into one host.
#[async_trait]
pub trait HostDoor: Send + Sync {
    /// Logs in.
    ///
    /// # Errors
    /// When the host cannot be reached, is not who it should be, or does not let Assay in.
    async fn open(&self) -> Result<Box<dyn HostShell>, DriverError>;
}

/// A shell on a host, with the rights of its administrator.
#[async_trait]
pub trait HostShell: Send + Sync {
    /// Runs a script; `input` is what it reads from its standard input.
    ///
    /// # Errors
    /// When the connection is lost or the time is over: the script may have done its work or a part
    /// of it.
    async fn run(&self, script: Script, input: &str) -> Result<ScriptEnd, DriverError>;

    /// Ends the connection.
    async fn close(self: Box<Self>);
}
