//! The settings that a power control of the protocol `modbus` may have, and which coil is meant.

use std::time::Duration;

use assay_domain::power_control::device_type;
use assay_domain::{DriverError, Target};
use serde_json::{Map, Value};

use crate::peer::Peer;

/// The keys, for the message about an unknown one.
const KEYS: [&str; 4] = ["unit", "first_coil", "inverted", "reset_pause"];
/// The unit identifier of an ET-7067 as it leaves the factory.
const DEFAULT_UNIT: u8 = 1;
/// How long a reset leaves the power off: power supplies hold their voltage for a few seconds.
const DEFAULT_PAUSE: Duration = Duration::from_secs(5);
/// The shortest and longest pause of a reset, in seconds; the longest stays below the gate's time limit
/// for one operation.
const PAUSE_LIMITS: (f64, f64) = (0.1, 60.0);
/// Coils of a device whose kind does not say: those of an ET-7067.
const DEFAULT_COILS: u16 = 8;

/// Checks the settings of a power control; the module's head lists the keys.
///
/// # Errors
/// What is wrong, for the caller; an unknown key is named with the known ones.
pub fn validate_settings(settings: &Map<String, Value>) -> Result<(), String> {
    Settings::read(settings, DEFAULT_COILS).map(drop)
}

/// What is set for a device.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Settings {
    /// The unit identifier.
    pub(super) unit: u8,
    /// The address of output 1.
    pub(super) first_coil: u16,
    /// How many coils the device has.
    pub(super) coils: u16,
    /// Whether a coil that is on takes the power away.
    pub(super) inverted: bool,
    /// How long a reset leaves the power off.
    pub(super) reset_pause: Duration,
}

impl Settings {
    /// Reads a target's settings.
    ///
    /// # Errors
    /// [`DriverError::Unsupported`] when they would not pass [`validate_settings`].
    pub(super) fn of(target: &Target, peer: &Peer) -> Result<Self, DriverError> {
        let coils = device_type(&target.control_type, "modbus")
            .and_then(|known| u16::try_from(known.coils).ok())
            .unwrap_or(DEFAULT_COILS);
        Self::read(&target.settings, coils).map_err(|error| peer.unsupported(error))
    }

    fn read(settings: &Map<String, Value>, coils: u16) -> Result<Self, String> {
        if let Some(key) = settings.keys().find(|key| !KEYS.contains(&key.as_str())) {
            return Err(format!(
                "unknown setting '{key}'; a Modbus power control has {}",
                KEYS.map(|key| format!("'{key}'")).join(", ")
            ));
        }
        let unit = whole(settings, "unit", u64::from(u8::MAX))?;
        let last = u64::from(u16::MAX) + 1 - u64::from(coils);
        let first_coil = whole(settings, "first_coil", last)?;
        Ok(Self {
            unit: unit
                .and_then(|unit| u8::try_from(unit).ok())
                .unwrap_or(DEFAULT_UNIT),
            first_coil: first_coil
                .and_then(|coil| u16::try_from(coil).ok())
                .unwrap_or(0),
            coils,
            inverted: inverted(settings)?,
            reset_pause: pause(settings)?,
        })
    }

    /// The address of an output's coil.
    ///
    /// # Errors
    /// Which outputs there are.
    pub(super) fn coil(&self, output: &str) -> Result<u16, String> {
        let numbers = 1..=self.coils;
        match output.trim().parse::<u16>() {
            Ok(number) if numbers.contains(&number) => Ok(self.first_coil + (number - 1)),
            _ => Err(format!(
                "output '{output}' is not one of the coils 1 to {}",
                self.coils
            )),
        }
    }
}

/// A whole number from 0 to `last`, if the key is there.
fn whole(settings: &Map<String, Value>, key: &str, last: u64) -> Result<Option<u64>, String> {
    match settings.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => match value.as_u64() {
            Some(number) if number <= last => Ok(Some(number)),
            _ => Err(format!("setting '{key}' must be a number from 0 to {last}")),
        },
    }
}

fn inverted(settings: &Map<String, Value>) -> Result<bool, String> {
    match settings.get("inverted") {
        None | Some(Value::Null) => Ok(false),
        Some(Value::Bool(inverted)) => Ok(*inverted),
        Some(_) => Err("setting 'inverted' must be true or false".into()),
    }
}

fn pause(settings: &Map<String, Value>) -> Result<Duration, String> {
    let (shortest, longest) = PAUSE_LIMITS;
    match settings.get("reset_pause") {
        None | Some(Value::Null) => Ok(DEFAULT_PAUSE),
        Some(value) => match value.as_f64() {
            Some(seconds) if (shortest..=longest).contains(&seconds) => {
                Ok(Duration::from_secs_f64(seconds))
            }
            _ => Err(format!(
                "setting 'reset_pause' must be a number of seconds from {shortest} to {longest}"
            )),
        },
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn read(value: &Value) -> Result<Settings, String> {
        Settings::read(value.as_object().unwrap(), DEFAULT_COILS)
    }

    #[test]
    fn what_is_not_set_is_as_an_et_7067_is_delivered() {
        let settings = read(&json!({})).unwrap();
        assert_eq!((settings.unit, settings.first_coil), (1, 0));
        assert_eq!(
            (settings.inverted, settings.reset_pause),
            (false, DEFAULT_PAUSE)
        );
        let set = json!({"unit": 255, "first_coil": 65528, "inverted": true, "reset_pause": 0.5});
        let settings = read(&set).unwrap();
        assert_eq!((settings.unit, settings.first_coil), (255, 65528));
        assert_eq!(settings.coil("8"), Ok(65535));
        assert_eq!(settings.reset_pause, Duration::from_millis(500));
    }

    #[test]
    fn others_are_named() {
        for (wrong, name) in [
            (json!({"slave": 1}), "slave"),
            (json!({"unit": 256}), "unit"),
            (json!({"unit": "1"}), "unit"),
            (json!({"first_coil": -1}), "first_coil"),
            (json!({"first_coil": 65529}), "first_coil"),
            (json!({"inverted": 1}), "inverted"),
            (json!({"reset_pause": 0}), "reset_pause"),
            (json!({"reset_pause": 61}), "reset_pause"),
            (json!({"reset_pause": "5"}), "reset_pause"),
        ] {
            assert!(read(&wrong).unwrap_err().contains(name), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn an_output_is_a_coil_of_the_device_or_an_error(output in ".{0,8}", first in 0_u16..=65528) {
            let settings = read(&json!({"first_coil": first})).unwrap();
            if let Ok(coil) = settings.coil(&output) {
                prop_assert!((first..=first + 7).contains(&coil));
            }
        }
    }
}
