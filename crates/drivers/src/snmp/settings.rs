//! The settings that a power control of the protocol `snmp` may have.

use std::time::Duration;

use assay_domain::{DriverError, Target};
use async_snmp::AuthProtocol;
use serde_json::{Map, Value};

use super::oid::Pattern;
use super::profile::{LONGEST_OFF, MOST_OUTLETS};
use crate::peer::Peer;

/// All keys; the module's head says what they mean.
const KEYS: [&str; 17] = [
    "version",
    "security",
    "auth",
    "privacy",
    "context",
    "profile",
    "unit",
    "off_time",
    "relay_oid",
    "power_button_oid",
    "reset_button_oid",
    "state_oid",
    "state_on_from",
    "press",
    "long_press",
    "reset_press",
    "outputs",
];

/// Keys that only SNMP 3 has.
const KEYS_OF_V3: [&str; 4] = ["security", "auth", "privacy", "context"];

/// The version of SNMP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Version {
    V1,
    V2c,
    V3,
}

/// How messages of SNMP 3 are protected (RFC 3411, 3.4.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(clippy::enum_variant_names, reason = "the RFC's own words")]
pub(super) enum Security {
    NoAuthNoPriv,
    AuthNoPriv,
    AuthPriv,
}

/// A power control's settings, checked. What is `None` was not said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Settings {
    pub(super) version: Option<Version>,
    pub(super) security: Security,
    pub(super) auth: AuthProtocol,
    pub(super) context: Option<String>,
    pub(super) profile: Option<String>,
    pub(super) unit: Option<u32>,
    pub(super) off_time: Option<Duration>,
    pub(super) relay_oid: Option<Pattern>,
    pub(super) buttons: ButtonSettings,
}

/// How a DaenetIP2_ACPI is wired and how long it presses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ButtonSettings {
    pub(super) power_oid: Option<Pattern>,
    pub(super) reset_oid: Option<Pattern>,
    pub(super) state_oid: Option<Pattern>,
    pub(super) on_from: Option<i64>,
    pub(super) press: Option<Duration>,
    pub(super) long_press: Option<Duration>,
    pub(super) reset_press: Option<Duration>,
    pub(super) outputs: Option<u32>,
}

/// Checks the settings of a power control; the module's head lists the keys. Whether there is a
/// profile of that name only the driver knows.
///
/// # Errors
/// What is wrong, for the caller; an unknown key is named with the known ones.
pub fn validate_settings(settings: &Map<String, Value>) -> Result<(), String> {
    Settings::parse(settings).map(drop)
}

impl Settings {
    /// Reads a target's settings.
    ///
    /// # Errors
    /// [`DriverError::Unsupported`] when they would not pass [`validate_settings`].
    pub(super) fn of(target: &Target, peer: &Peer) -> Result<Self, DriverError> {
        Self::parse(&target.settings).map_err(|error| peer.unsupported(error))
    }

    fn parse(settings: &Map<String, Value>) -> Result<Self, String> {
        if let Some(key) = settings.keys().find(|key| !KEYS.contains(&key.as_str())) {
            return Err(format!(
                "unknown setting '{key}'; an SNMP power control has {}",
                KEYS.map(|key| format!("'{key}'")).join(", ")
            ));
        }
        let read = Reader(settings);
        let version = read.version()?;
        if version != Some(Version::V3) {
            for key in KEYS_OF_V3 {
                if read.value(key).is_some() {
                    return Err(format!("setting '{key}' needs 'version' \"3\""));
                }
            }
        }
        read.choice("privacy", &[("AES", ())], "DES is broken")?;
        Ok(Self {
            version,
            security: read.security()?.unwrap_or(Security::AuthPriv),
            auth: read.auth()?.unwrap_or(AuthProtocol::Sha1),
            context: read.text("context", 32)?,
            profile: read.text("profile", 64)?,
            unit: read.number("unit", 0, 256)?.map(unsigned),
            off_time: read.seconds("off_time", 1.0, f64::from(LONGEST_OFF))?,
            relay_oid: read.oid("relay_oid")?,
            buttons: ButtonSettings {
                power_oid: read.oid("power_button_oid")?,
                reset_oid: read.oid("reset_button_oid")?,
                state_oid: read.oid("state_oid")?,
                on_from: read.number("state_on_from", 1, 1023)?,
                press: read.seconds("press", 0.1, 2.0)?,
                // ACPI's power button override: pressed for more than four seconds, it forces a
                // machine off.
                long_press: read.seconds("long_press", 4.1, 15.0)?,
                reset_press: read.seconds("reset_press", 0.1, 5.0)?,
                outputs: read
                    .number("outputs", 1, MOST_OUTLETS.into())?
                    .map(unsigned),
            },
        })
    }
}

fn unsigned(number: i64) -> u32 {
    u32::try_from(number).unwrap_or_default()
}

/// Reads single settings; null is as good as none.
struct Reader<'a>(&'a Map<String, Value>);

impl Reader<'_> {
    fn value(&self, key: &str) -> Option<&Value> {
        self.0.get(key).filter(|value| !value.is_null())
    }

    fn version(&self) -> Result<Option<Version>, String> {
        let versions = [("1", Version::V1), ("2c", Version::V2c), ("3", Version::V3)];
        self.choice("version", &versions, "it is a text")
    }

    fn security(&self) -> Result<Option<Security>, String> {
        let levels = [
            ("authPriv", Security::AuthPriv),
            ("authNoPriv", Security::AuthNoPriv),
            ("noAuthNoPriv", Security::NoAuthNoPriv),
        ];
        self.choice("security", &levels, "authPriv is usual")
    }

    fn auth(&self) -> Result<Option<AuthProtocol>, String> {
        let protocols = [
            ("SHA", AuthProtocol::Sha1),
            ("SHA-224", AuthProtocol::Sha224),
            ("SHA-256", AuthProtocol::Sha256),
            ("SHA-384", AuthProtocol::Sha384),
            ("SHA-512", AuthProtocol::Sha512),
        ];
        self.choice("auth", &protocols, "MD5 is broken")
    }

    fn choice<T: Copy>(
        &self,
        key: &str,
        choices: &[(&str, T)],
        hint: &str,
    ) -> Result<Option<T>, String> {
        let Some(value) = self.value(key) else {
            return Ok(None);
        };
        let known = choices
            .iter()
            .find(|(name, _)| value.as_str() == Some(*name));
        known.map(|(_, choice)| Some(*choice)).ok_or_else(|| {
            let names: Vec<String> = choices
                .iter()
                .map(|(name, _)| format!("\"{name}\""))
                .collect();
            format!("setting '{key}' must be {}; {hint}", names.join(" or "))
        })
    }

    fn text(&self, key: &str, longest: usize) -> Result<Option<String>, String> {
        match self.value(key) {
            None => Ok(None),
            Some(Value::String(text))
                if (1..=longest).contains(&text.len()) && !text.contains(char::is_control) =>
            {
                Ok(Some(text.clone()))
            }
            Some(_) => Err(format!(
                "setting '{key}' must be a text of 1 to {longest} bytes"
            )),
        }
    }

    fn number(&self, key: &str, least: i64, most: i64) -> Result<Option<i64>, String> {
        let Some(value) = self.value(key) else {
            return Ok(None);
        };
        value
            .as_i64()
            .filter(|number| (least..=most).contains(number))
            .map(Some)
            .ok_or_else(|| format!("setting '{key}' must be a whole number from {least} to {most}"))
    }

    fn seconds(&self, key: &str, least: f64, most: f64) -> Result<Option<Duration>, String> {
        let Some(value) = self.value(key) else {
            return Ok(None);
        };
        value
            .as_f64()
            .filter(|seconds| (least..=most).contains(seconds))
            .map(|seconds| Some(Duration::from_secs_f64(seconds)))
            .ok_or_else(|| {
                format!("setting '{key}' must be a number of seconds from {least} to {most}")
            })
    }

    /// An OID of an output of a DaenetIP2.
    fn oid(&self, key: &str) -> Result<Option<Pattern>, String> {
        let Some(value) = self.value(key) else {
            return Ok(None);
        };
        let pattern = value
            .as_str()
            .ok_or_else(|| format!("setting '{key}' must be an OID"))?
            .parse::<Pattern>()
            .map_err(|error| format!("setting '{key}': {error}"))?;
        if pattern.names_outlets() && !pattern.names_units() {
            Ok(Some(pattern))
        } else {
            Err(format!(
                "setting '{key}' must be an OID with {{outlet}}, or {{group}} and {{place}}, for the output"
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn check(value: &Value) -> Result<(), String> {
        validate_settings(value.as_object().unwrap())
    }

    #[test]
    fn known_settings_pass() {
        for right in [
            json!({}),
            json!({"version": "1", "unit": null}),
            json!({"version": "3", "security": "authNoPriv", "auth": "SHA-256", "privacy": "AES", "context": "x"}),
            json!({"profile": "eaton-epdu", "unit": 2, "off_time": 2.5}),
            json!({"relay_oid": "1.3.6.1.4.1.19865.1.2.{group}.{place}.0"}),
            json!({"power_button_oid": "1.3.6.1.4.1.19865.1.2.2.{outlet}.0", "state_on_from": 1,
                "press": 0.3, "long_press": 5, "reset_press": 1, "outputs": 4}),
            json!({"profile": "raritan-px2", "outputs": 1024}),
        ] {
            assert_eq!(check(&right), Ok(()), "{right}");
        }
    }

    #[test]
    fn others_are_named() {
        for (wrong, name) in [
            (json!({"community": "public"}), "community"),
            (json!({"version": 2}), "version"),
            (json!({"version": "2"}), "\"2c\""),
            (json!({"security": "authPriv"}), "'version' \"3\""),
            (json!({"version": "2c", "context": "x"}), "'version' \"3\""),
            (json!({"version": "3", "security": "none"}), "noAuthNoPriv"),
            (json!({"version": "3", "auth": "MD5"}), "MD5 is broken"),
            (json!({"version": "3", "privacy": "DES"}), "DES is broken"),
            (json!({"profile": ""}), "profile"),
            (json!({"unit": -1}), "unit"),
            (json!({"unit": 1.5}), "unit"),
            (json!({"off_time": 0}), "off_time"),
            (json!({"off_time": "5"}), "off_time"),
            (json!({"long_press": 4}), "long_press"),
            (json!({"outputs": 0}), "outputs"),
            (json!({"outputs": 1025}), "1024"),
            (json!({"relay_oid": 7}), "relay_oid"),
            (json!({"relay_oid": "1.3.6.1"}), "{outlet}"),
            (json!({"state_oid": "1.3.{unit}.{outlet}"}), "state_oid"),
            (json!({"state_oid": "1.3.x.{outlet}"}), "'x'"),
        ] {
            assert!(check(&wrong).unwrap_err().contains(name), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn no_value_makes_checking_panic(key in 0..KEYS.len(), text in ".{0,40}", number: f64, whole: i64) {
            for value in [json!(text), json!(number), json!(whole), json!([]), json!({}), json!(true)] {
                let _ = check(&json!({ KEYS[key]: value }));
            }
        }
    }
}
