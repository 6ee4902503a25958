//! Drivers: how a BMC or PDU is reached, whatever its protocol.

use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::capability::{
    BootDeviceCapability, EventLogCapability, IdentifyCapability, ManagementCapability,
    OutputsCapability, PartsCapability, PowerCapability, SensorCapability, SystemCapability,
};
use crate::gate::Pace;
use crate::secret::Secret;

/// What the cause of [`DriverError::TimedOut`] begins with when the device answers, and its machine
/// does not reach the wanted power state.
pub const NOT_IN_STATE: &str = "the machine was not ";

/// What went wrong between Assay and a device. `endpoint` is `host:port`; `cause` never holds a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DriverError {
    /// No connection could be made.
    #[error("{endpoint} is unreachable: {cause}")]
    Unreachable {
        /// Which device.
        endpoint: String,
        /// What the network said.
        cause: String,
    },
    /// A connection was made, and no answer came in time.
    #[error("{endpoint} did not answer in time: {cause}")]
    TimedOut {
        /// Which device.
        endpoint: String,
        /// What was waited for.
        cause: String,
    },
    /// The device refused our credentials; nobody may try them again until they change.
    #[error("{endpoint} refused the credentials: {cause}")]
    Refused {
        /// Which device.
        endpoint: String,
        /// What the device said.
        cause: String,
    },
    /// The device is perhaps another one than it was: it does not prove who it is as the power control's
    /// settings ask. Nothing secret was sent, and our credentials may be right.
    #[error("{endpoint} is not trusted: {cause}")]
    Untrusted {
        /// Which device.
        endpoint: String,
        /// What it showed, and what was expected.
        cause: String,
    },
    /// The device, or this build, cannot do that.
    #[error("{endpoint} does not support this: {cause}")]
    Unsupported {
        /// Which device.
        endpoint: String,
        /// What is not supported.
        cause: String,
    },
    /// The device's answer makes no sense.
    #[error("{endpoint} gave an answer that makes no sense: {cause}")]
    Malformed {
        /// Which device.
        endpoint: String,
        /// What was wrong with it.
        cause: String,
    },
    /// Nothing was sent: Assay cannot tell now whether it may ask the device.
    #[error("{endpoint} was not asked: {cause}")]
    NotAsked {
        /// Which device.
        endpoint: String,
        /// What Assay lacks.
        cause: String,
    },
    /// The device understood and failed, or is busy.
    #[error("{endpoint} failed: {cause}")]
    Failed {
        /// Which device.
        endpoint: String,
        /// What the device said.
        cause: String,
    },
}

impl DriverError {
    /// Whether the same request may succeed a little later.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable { .. }
            | Self::TimedOut { .. }
            | Self::NotAsked { .. }
            | Self::Failed { .. } => true,
            Self::Refused { .. }
            | Self::Untrusted { .. }
            | Self::Unsupported { .. }
            | Self::Malformed { .. } => false,
        }
    }
}

/// Whom to believe over TLS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TlsTrust {
    /// Plain HTTP, no TLS at all.
    Plain,
    /// The system's certificate authorities.
    System,
    /// The authorities in this PEM text.
    Ca(String),
    /// The one certificate with this SHA-256 fingerprint (32 bytes), whatever its name and dates.
    Fingerprint([u8; 32]),
    /// Nobody is checked; only when an operator said so explicitly.
    Insecure,
}

/// A device and how to reach it.
#[derive(Clone)]
pub struct Target {
    /// Key of the power control, for the gate.
    pub power_control_id: i64,
    /// Kind of device.
    pub control_type: String,
    /// Host name or address.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Login name.
    pub login: Option<String>,
    /// Password.
    pub password: Option<Secret>,
    /// Private key for ssh.
    pub ssh_key: Option<Secret>,
    /// Whom to believe over TLS.
    pub trust: TlsTrust,
    /// Which output or system of the device (`port` of the assignment); drivers with one system
    /// ignore it.
    pub output: String,
    /// Further settings of the driver, as stored at the power control.
    pub settings: serde_json::Map<String, serde_json::Value>,
    /// How long one request may take.
    pub request_timeout: Duration,
}

impl Target {
    /// `host:port`, with brackets round an IPv6 address.
    pub fn endpoint(&self) -> String {
        if self.host.contains(':') && !self.host.starts_with('[') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }
}

/// A protocol's driver.
#[async_trait]
pub trait Driver: Send + Sync {
    /// The protocol's name as power controls write it, e.g. `redfish`.
    fn protocol(&self) -> &'static str;

    /// Checks the settings of a power control of that kind before they are stored. A driver that says
    /// nothing has none.
    ///
    /// # Errors
    /// What is wrong with them, for the caller.
    fn check_settings(
        &self,
        control_type: &str,
        settings: &serde_json::Map<String, serde_json::Value>,
    ) -> std::result::Result<(), String> {
        match settings.keys().next() {
            None => Ok(()),
            Some(key) => Err(format!("unknown setting '{key}'; {control_type} has none")),
        }
    }

    /// How many outputs a device of that kind has, numbered from 1, where its settings say so; none
    /// when it is as the kind has it.
    fn outputs(
        &self,
        _control_type: &str,
        _settings: &serde_json::Map<String, serde_json::Value>,
    ) -> Option<i32> {
        None
    }

    /// The pace at which devices of this protocol may be asked.
    fn pace(&self) -> Pace {
        Pace::every(Duration::from_millis(100))
    }

    /// Opens a session with a device; at most one per call, to be closed by [`Session::close`].
    async fn connect(&self, target: &Target) -> Result<Box<dyn Session>, DriverError>;

    /// Ends what is still open on devices, for at most `limit`; called once, when the process ends.
    async fn shutdown(&self, _limit: Duration) {}
}

/// A session with a device. What it cannot do is `None`, known before the call.
#[async_trait]
pub trait Session: Send + Sync {
    /// Power of the machine.
    fn power(&self) -> Option<&dyn PowerCapability> {
        None
    }

    /// Boot override of the machine.
    fn boot_device(&self) -> Option<&dyn BootDeviceCapability> {
        None
    }

    /// Identity of the machine.
    fn system(&self) -> Option<&dyn SystemCapability> {
        None
    }

    /// The light that shows which machine is meant.
    fn identify(&self) -> Option<&dyn IdentifyCapability> {
        None
    }

    /// Sensors of the machine.
    fn sensors(&self) -> Option<&dyn SensorCapability> {
        None
    }

    /// The device's log of events.
    fn event_log(&self) -> Option<&dyn EventLogCapability> {
        None
    }

    /// Replaceable parts of the machine.
    fn parts(&self) -> Option<&dyn PartsCapability> {
        None
    }

    /// The device itself: firmware, network, users.
    fn management(&self) -> Option<&dyn ManagementCapability> {
        None
    }

    /// All outlets or coils of a device that has several.
    fn outputs(&self) -> Option<&dyn OutputsCapability> {
        None
    }

    /// Ends the session on the device. Failures are logged by the driver: there is nothing else to do.
    async fn close(self: Box<Self>);
}
