//! Settings of the use cases, as configuration file, environment and flags give them.

use std::path::PathBuf;
use std::time::Duration;

use assay_admission::AdmissionSettings;
use assay_drivers::DriverSettings;
use assay_hooks::HookSettings;
use serde::{Deserialize, Deserializer};

use crate::cloud_settings::CloudSettings;
use crate::diagnosis::{DiagnosisSettings, PhaseLimits};
use crate::discovery::DiscoverySettings;
use crate::dry_runs::DryRunSettings;
use crate::heartbeats::HeartbeatSettings;
use crate::hosts_settings::HostsSettings;
use crate::identity::{IdentitySettings, KeystoneSettings};
use crate::power_sync::PowerSyncSettings;
use crate::shared_gate::GateSettings;
use crate::volumes::VolumeBackend;

/// Whether callers must prove who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AuthMode {
    /// A token or HTTP Basic with every request.
    #[default]
    Required,
    /// Everybody is admin; only on a loopback listener.
    None,
}

/// Limits on request bodies, in bytes.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BodyLimits {
    /// One report at /v1/continue, and data of a reapply.
    pub report: u64,
    /// Any other body.
    pub other: u64,
    /// All reports that are being received at one time.
    pub report_budget: u64,
}

impl Default for BodyLimits {
    fn default() -> Self {
        Self {
            report: 64 << 20,
            other: 1 << 20,
            report_budget: 256 << 20,
        }
    }
}

/// Rate limits, each per client address.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RateLimits {
    /// Attempts to log in, per minute.
    pub login_per_minute: u32,
    /// Reports, per second.
    pub reports_per_second: u32,
    /// Boot scripts, boot files and phases, per second.
    pub boot_per_second: u32,
}

impl Default for RateLimits {
    fn default() -> Self {
        Self {
            login_per_minute: 60,
            reports_per_second: 500,
            boot_per_second: 1000,
        }
    }
}

/// What a machine under introspection boots.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct BootSettings {
    /// Kernel image; none means that machines cannot be booted from here.
    pub kernel: Option<PathBuf>,
    /// Initramfs that `assay ramdisk build` made.
    pub initramfs: Option<PathBuf>,
    /// Console of the ramdisk's kernel.
    pub console: String,
    /// Further kernel arguments, put at the end of the line.
    pub extra_kernel_args: String,
    /// PEM file of the authority that signed Assay's certificate, given to the agent.
    pub ca_file: Option<PathBuf>,
}

impl Default for BootSettings {
    fn default() -> Self {
        Self {
            kernel: None,
            initramfs: None,
            console: "ttyS0".to_owned(),
            extra_kernel_args: String::new(),
            ca_file: None,
        }
    }
}

/// Settings of the use cases. Durations are whole seconds in configuration.
#[derive(Debug, Clone, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Whether callers must prove who they are.
    pub auth: AuthMode,
    /// URL under which machines reach Assay; the request's Host header when absent.
    pub public_url: Option<String>,
    /// Default and greatest page of the inspector's lists, and greatest page of all others.
    pub api_max_limit: i64,
    /// Limits on request bodies.
    pub body_limits: BodyLimits,
    /// Rate limits.
    pub rate_limits: RateLimits,
    /// How deep JSON in a request may nest.
    pub json_depth: usize,
    /// All request headers together, in bytes.
    pub max_header_bytes: usize,
    /// How long an introspection may take from start to finish.
    #[serde(deserialize_with = "seconds")]
    pub introspection_timeout: Duration,
    /// How often introspections and tasks without an owner are looked for.
    #[serde(deserialize_with = "seconds")]
    pub sweep_interval: Duration,
    /// How long a worker's hold on a task counts without a heartbeat.
    #[serde(deserialize_with = "seconds")]
    pub lease: Duration,
    /// How long a task waits for a node that other tasks hold, before it fails.
    #[serde(deserialize_with = "seconds")]
    pub reservation_wait: Duration,
    /// How long a power request waits for its task before it answers.
    #[serde(deserialize_with = "seconds")]
    pub power_answer_wait: Duration,
    /// How long a request to read a device's sensors, log and the like, or to change them, waits for its
    /// task before it answers.
    #[serde(deserialize_with = "seconds")]
    pub device_answer_wait: Duration,
    /// How long a request to reset many nodes waits for its tasks before it answers.
    #[serde(deserialize_with = "seconds")]
    pub power_batch_wait: Duration,
    /// How long a reset leaves a machine with several feeds without any.
    #[serde(deserialize_with = "seconds")]
    pub power_feed_pause: Duration,
    /// How long a machine may take to reach the wanted power state.
    #[serde(deserialize_with = "seconds")]
    pub power_state_limit: Duration,
    /// What devices are spared.
    pub gate: GateSettings,
    /// How the power of nodes is read.
    pub power_sync: PowerSyncSettings,
    /// Operating systems of nodes.
    pub hosts: HostsSettings,
    /// Signs of life of nodes' hosts.
    pub heartbeats: HeartbeatSettings,
    /// How long one request to a BMC may take.
    #[serde(deserialize_with = "seconds")]
    pub bmc_request_timeout: Duration,
    /// How long a token is good for.
    #[serde(deserialize_with = "seconds")]
    pub token_lifetime: Duration,
    /// Whether machines stay on after an introspection.
    pub keep_power: bool,
    /// Whether a report without a nonce is accepted when no boot script was served for its node.
    pub allow_report_without_nonce: bool,
    /// Reports that are kept of each node, at least 1.
    pub keep_reports: i64,
    /// Ended tasks are kept this long.
    #[serde(deserialize_with = "seconds")]
    pub keep_tasks: Duration,
    /// Tasks that one process works on at a time, per class.
    pub worker_slots: usize,
    /// Local users and their tokens.
    pub identity: IdentitySettings,
    /// An external Keystone whose tokens are believed; none when absent.
    pub keystone: Option<KeystoneSettings>,
    /// The cloud whose hypervisors run on the nodes; none when absent.
    pub cloud: Option<CloudSettings>,
    /// Volume groups on nodes.
    pub volume_backends: Vec<VolumeBackend>,
    /// How devices are reached.
    pub drivers: DriverSettings,
    /// What machines boot.
    pub boot: BootSettings,
    /// Dry runs of rules.
    pub dry_run: DryRunSettings,
    /// Inspection hooks.
    pub hooks: HookSettings,
    /// How long each phase of an introspection may take.
    pub phase_limits: PhaseLimits,
    /// How stuck introspections are looked at.
    pub diagnosis: DiagnosisSettings,
    /// Unknown machines.
    pub discovery: DiscoverySettings,
    /// Whom the DHCP server serves.
    pub admission: AdmissionSettings,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            auth: AuthMode::Required,
            public_url: None,
            api_max_limit: 1000,
            body_limits: BodyLimits::default(),
            rate_limits: RateLimits::default(),
            json_depth: 64,
            max_header_bytes: 16 << 10,
            introspection_timeout: Duration::from_secs(3600),
            sweep_interval: Duration::from_secs(30),
            lease: Duration::from_secs(15),
            reservation_wait: Duration::from_secs(600),
            power_answer_wait: Duration::from_secs(10),
            device_answer_wait: Duration::from_secs(30),
            power_batch_wait: Duration::from_secs(60),
            power_feed_pause: Duration::from_secs(5),
            power_state_limit: Duration::from_secs(120),
            gate: GateSettings::default(),
            power_sync: PowerSyncSettings::default(),
            hosts: HostsSettings::default(),
            heartbeats: HeartbeatSettings::default(),
            bmc_request_timeout: Duration::from_secs(30),
            token_lifetime: Duration::from_secs(3600),
            keep_power: false,
            allow_report_without_nonce: true,
            keep_reports: 10,
            keep_tasks: Duration::from_secs(7 * 24 * 3600),
            worker_slots: 32,
            identity: IdentitySettings::default(),
            keystone: None,
            cloud: None,
            volume_backends: Vec::new(),
            drivers: DriverSettings::default(),
            boot: BootSettings::default(),
            dry_run: DryRunSettings::default(),
            hooks: HookSettings::default(),
            phase_limits: PhaseLimits::default(),
            diagnosis: DiagnosisSettings::default(),
            discovery: DiscoverySettings::default(),
            admission: AdmissionSettings::default(),
        }
    }
}

pub(crate) fn seconds<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let seconds = f64::deserialize(deserializer)?;
    Duration::try_from_secs_f64(seconds)
        .ok()
        .filter(|duration| !duration.is_zero())
        .ok_or_else(|| serde::de::Error::custom("expected seconds, greater than zero"))
}
