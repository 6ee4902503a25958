//! The settings that a power control of the protocol `fake` may have.

use std::time::Duration;

use serde_json::{Map, Value};

/// The keys.
const KEYS: [&str; 4] = ["delay", "fail_every", "refuse", "silent"];
/// The longest delay in seconds.
const LONGEST_DELAY: f64 = 600.0;
/// The rarest fault.
const RAREST: u64 = 1_000_000;

/// Checks the settings of a power control; the module's head lists the keys.
///
/// # Errors
/// What is wrong, for the caller; an unknown key is named with the known ones.
pub fn validate_settings(settings: &Map<String, Value>) -> Result<(), String> {
    Settings::read(settings).map(drop)
}

/// How a machine misbehaves.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Settings {
    pub(super) delay: Duration,
    pub(super) fail_every: Option<u64>,
    pub(super) refuse: bool,
    pub(super) silent: bool,
}

impl Settings {
    /// Reads settings.
    ///
    /// # Errors
    /// What is wrong with them.
    pub(super) fn read(settings: &Map<String, Value>) -> Result<Self, String> {
        if let Some(key) = settings.keys().find(|key| !KEYS.contains(&key.as_str())) {
            return Err(format!(
                "unknown setting '{key}'; a fake power control has {}",
                KEYS.map(|key| format!("'{key}'")).join(", ")
            ));
        }
        Ok(Self {
            delay: delay(settings.get("delay"))?,
            fail_every: every(settings.get("fail_every"))?,
            refuse: flag(settings, "refuse")?,
            silent: flag(settings, "silent")?,
        })
    }
}

fn delay(setting: Option<&Value>) -> Result<Duration, String> {
    match setting {
        None | Some(Value::Null) => Ok(Duration::ZERO),
        Some(value) => match value.as_f64() {
            Some(seconds) if (0.0..=LONGEST_DELAY).contains(&seconds) => {
                Ok(Duration::from_secs_f64(seconds))
            }
            _ => Err(format!(
                "setting 'delay' must be a number of seconds from 0 to {LONGEST_DELAY}"
            )),
        },
    }
}

fn every(setting: Option<&Value>) -> Result<Option<u64>, String> {
    match setting {
        None | Some(Value::Null) => Ok(None),
        Some(value) => match value.as_u64() {
            Some(number @ 1..=RAREST) => Ok(Some(number)),
            _ => Err(format!(
                "setting 'fail_every' must be a number from 1 to {RAREST}"
            )),
        },
    }
}

fn flag(settings: &Map<String, Value>, key: &str) -> Result<bool, String> {
    match settings.get(key) {
        None | Some(Value::Null) => Ok(false),
        Some(Value::Bool(flag)) => Ok(*flag),
        Some(_) => Err(format!("setting '{key}' must be true or false")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(value: &Value) -> Result<Settings, String> {
        Settings::read(value.as_object().unwrap())
    }

    #[test]
    fn known_settings_pass() {
        assert_eq!(read(&json!({})), Ok(Settings::default()));
        let all = json!({"delay": 0.5, "fail_every": 3, "refuse": true, "silent": true});
        let settings = read(&all).unwrap();
        assert_eq!(settings.delay, Duration::from_millis(500));
        assert_eq!(settings.fail_every, Some(3));
        assert!(settings.refuse && settings.silent);
    }

    #[test]
    fn others_are_named() {
        for (wrong, name) in [
            (json!({"fail": 1}), "fail"),
            (json!({"delay": -1}), "delay"),
            (json!({"delay": 601}), "delay"),
            (json!({"fail_every": 0}), "fail_every"),
            (json!({"refuse": 1}), "refuse"),
            (json!({"silent": "no"}), "silent"),
        ] {
            assert!(read(&wrong).unwrap_err().contains(name), "{wrong}");
        }
    }
}
