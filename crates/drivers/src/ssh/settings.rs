//! The settings that a power control of the protocol `ssh` may have.

use std::time::Duration;

use assay_domain::{DriverError, Target};
use serde_json::{Map, Value};

use super::commands::Commands;
use super::reading::Reading;
use super::trust::Rule;
use crate::peer::Peer;

/// The keys.
const KEYS: [&str; 4] = ["commands", "state", "host_key", "command_timeout"];
/// The longest time for a command in seconds, below the gate's time limit for one operation.
const LONGEST_COMMAND: u64 = 120;

/// Checks the settings of a power control; the module's head lists the keys. What is missing is no
/// error here: the power control can be recorded, and commands to it are answered as not supported.
///
/// # Errors
/// What is wrong, for the caller; an unknown key is named with the known ones.
pub fn validate_settings(settings: &Map<String, Value>) -> Result<(), String> {
    Settings::read(settings).map(drop)
}

/// What is set for a device.
pub(super) struct Settings {
    pub(super) commands: Commands,
    pub(super) reading: Reading,
    /// Which host key is believed; none when nothing is set.
    pub(super) rule: Option<Rule>,
    pub(super) command_timeout: Option<Duration>,
}

impl Settings {
    /// Reads a target's settings, its output put into the commands.
    ///
    /// # Errors
    /// [`DriverError::Unsupported`] when they would not pass [`validate_settings`], or the output cannot
    /// be put into a command.
    pub(super) fn of(target: &Target, peer: &Peer) -> Result<Self, DriverError> {
        let settings = Self::read(&target.settings).map_err(|error| peer.unsupported(error))?;
        let commands = settings.commands.for_output(&target.output);
        Ok(Self {
            commands: commands.map_err(|error| peer.unsupported(error))?,
            ..settings
        })
    }

    fn read(settings: &Map<String, Value>) -> Result<Self, String> {
        if let Some(key) = settings.keys().find(|key| !KEYS.contains(&key.as_str())) {
            return Err(format!(
                "unknown setting '{key}'; an SSH power control has {}",
                KEYS.map(|key| format!("'{key}'")).join(", ")
            ));
        }
        Ok(Self {
            commands: Commands::read(settings.get("commands"))?,
            reading: Reading::read(settings.get("state"))?,
            rule: Rule::read(settings.get("host_key"))?,
            command_timeout: timeout(settings.get("command_timeout"))?,
        })
    }
}

fn timeout(setting: Option<&Value>) -> Result<Option<Duration>, String> {
    match setting {
        None | Some(Value::Null) => Ok(None),
        Some(value) => match value.as_u64() {
            Some(seconds @ 1..=LONGEST_COMMAND) => Ok(Some(Duration::from_secs(seconds))),
            _ => Err(format!(
                "setting 'command_timeout' must be a number of seconds from 1 to {LONGEST_COMMAND}"
            )),
        },
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(value: &Value) -> Result<(), String> {
        validate_settings(value.as_object().unwrap())
    }

    #[test]
    fn known_settings_pass() {
        assert_eq!(check(&json!({})), Ok(()));
        let all = json!({
            "commands": {"on": "power on {output}", "off": "power off {output}", "status": "power get {output}"},
            "state": {"on": 0, "off": 1},
            "host_key": "trust_on_first_use",
            "command_timeout": 30,
        });
        assert_eq!(check(&all), Ok(()));
    }

    #[test]
    fn others_are_named() {
        for (wrong, name) in [
            (json!({"command": {}}), "command"),
            (json!({"commands": {"on": 1}}), "on"),
            (json!({"state": 1}), "state"),
            (json!({"host_key": "yes"}), "host_key"),
            (json!({"command_timeout": 0}), "command_timeout"),
            (json!({"command_timeout": 121}), "command_timeout"),
        ] {
            assert!(check(&wrong).unwrap_err().contains(name), "{wrong}");
        }
    }
}
