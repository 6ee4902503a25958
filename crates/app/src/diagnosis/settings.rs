//! Settings of diagnoses: how long each phase may take, and where evidence is found.

use std::path::PathBuf;
use std::time::Duration;

use assay_domain::Phase;
use serde::Deserialize;

use crate::settings::seconds;

/// How long each phase of an introspection may take, counted from the one before it. Past its limit
/// an introspection counts as stuck. Seconds in configuration.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PhaseLimits {
    /// From the request until the machine is on.
    #[serde(deserialize_with = "seconds")]
    pub power: Duration,
    /// Until the machine asks for its boot script: firmware tests memory and cards meanwhile.
    #[serde(deserialize_with = "seconds")]
    pub boot_script: Duration,
    /// Until it asks for the kernel.
    #[serde(deserialize_with = "seconds")]
    pub kernel: Duration,
    /// Until it has the kernel and asks for the initramfs.
    #[serde(deserialize_with = "seconds")]
    pub initramfs: Duration,
    /// Until it has the initramfs and its agent runs.
    #[serde(deserialize_with = "seconds")]
    pub agent: Duration,
    /// Until the agent has collected the inventory.
    #[serde(deserialize_with = "seconds")]
    pub collectors: Duration,
    /// Until its report is here.
    #[serde(deserialize_with = "seconds")]
    pub callback: Duration,
    /// Until the hooks have run.
    #[serde(deserialize_with = "seconds")]
    pub hooks: Duration,
    /// Until the rules have run.
    #[serde(deserialize_with = "seconds")]
    pub rules: Duration,
    /// Whether an introspection ends with an error as soon as a phase is past its limit; else it goes
    /// on until `introspection_timeout`.
    pub fail: bool,
}

impl Default for PhaseLimits {
    fn default() -> Self {
        Self {
            power: Duration::from_secs(300),
            boot_script: Duration::from_secs(900),
            kernel: Duration::from_secs(60),
            initramfs: Duration::from_secs(120),
            agent: Duration::from_secs(300),
            collectors: Duration::from_secs(300),
            callback: Duration::from_secs(120),
            hooks: Duration::from_secs(60),
            rules: Duration::from_secs(60),
            fail: false,
        }
    }
}

impl PhaseLimits {
    /// The limit of one phase.
    pub fn of(&self, phase: Phase) -> Duration {
        match phase {
            Phase::Power => self.power,
            Phase::BootScript => self.boot_script,
            Phase::Kernel => self.kernel,
            Phase::Initramfs => self.initramfs,
            Phase::Agent => self.agent,
            Phase::Collectors => self.collectors,
            Phase::Callback => self.callback,
            Phase::Hooks => self.hooks,
            Phase::Rules => self.rules,
        }
    }

    /// The shortest limit of all.
    pub(crate) fn shortest(&self) -> Duration {
        let limits = Phase::ALL.map(|phase| self.of(phase));
        limits.into_iter().min().unwrap_or_default()
    }
}

/// How stuck introspections are looked at. Durations are seconds in configuration.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DiagnosisSettings {
    /// Folder with the machines' serial logs, `NODE NAME.log` or `NODE UUID.log`.
    pub console_dir: Option<PathBuf>,
    /// How often introspections past a limit are looked for.
    #[serde(deserialize_with = "seconds")]
    pub interval: Duration,
    /// After how long a diagnosis is made anew while the introspection stays stuck.
    #[serde(deserialize_with = "seconds")]
    pub refresh: Duration,
    /// How long a diagnosis waits for the BMC.
    #[serde(deserialize_with = "seconds")]
    pub probe_limit: Duration,
}

impl Default for DiagnosisSettings {
    fn default() -> Self {
        Self {
            console_dir: None,
            interval: Duration::from_secs(5),
            refresh: Duration::from_secs(60),
            probe_limit: Duration::from_secs(10),
        }
    }
}
