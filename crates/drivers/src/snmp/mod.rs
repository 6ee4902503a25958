//! The SNMP driver: rack PDUs by profile files, and the relay board DAEnetIP2, over SNMP 1, 2c
//! (RFC 1157, RFC 3416) and 3 (RFC 3414).
//!
//! # Settings of a power control
//! | key | devices | value |
//! |---|---|---|
//! | `version` | all | `"1"`, `"2c"` or `"3"`; without it 1 for a DaenetIP2, else 2c |
//! | `security` | version 3 | `"authPriv"` (the default), `"authNoPriv"`, or `"noAuthNoPriv"`, which is never taken unless it is asked for |
//! | `auth` | version 3 | `"SHA"` (the default), `"SHA-224"`, `"SHA-256"`, `"SHA-384"`, `"SHA-512"` |
//! | `privacy` | version 3 | `"AES"`, the default: AES with 128 bits (RFC 3826) |
//! | `context` | version 3 | the context's name, 1 to 32 bytes; none by default |
//! | `profile` | PDUs | the name of a profile; without it the PDU is recognised by its sysObjectID |
//! | `unit` | PDUs in a chain | which PDU, 0 to 256: strapping index (Eaton), link ID (Raritan); the profile has the default |
//! | `off_time` | relays, PDUs without a cycle of their own | how long a reset is off, 1 to 60 s; the profile has the default, usually 5 s |
//! | `relay_oid` | `DaenetIP2` | the relays' OID, with `{outlet}`, or `{group}` and `{place}` (groups of eight); by default 1.3.6.1.4.1.19865.1.2.{group}.{place}.0 |
//! | `power_button_oid` | `DaenetIP2_ACPI` | the power buttons' lines, by default 1.3.6.1.4.1.19865.1.2.2.{outlet}.0 (P5) |
//! | `reset_button_oid` | `DaenetIP2_ACPI` | the reset buttons' lines, by default 1.3.6.1.4.1.19865.1.2.1.{outlet}.0 (P3, as outputs) |
//! | `state_oid` | `DaenetIP2_ACPI` | the inputs at the machines' power lights, by default 1.3.6.1.4.1.19865.1.2.3.{outlet}.0 (P6, analog) |
//! | `state_on_from` | `DaenetIP2_ACPI` | the least reading that is a light, 1 to 1023; 512 by default, 1 for a digital input |
//! | `press` | `DaenetIP2_ACPI` | the short press of the power button, 0.1 to 2 s; 0.5 by default |
//! | `long_press` | `DaenetIP2_ACPI` | the press that forces off, 4.1 to 15 s; 6 by default |
//! | `reset_press` | `DaenetIP2_ACPI` | the press of the reset button, 0.1 to 5 s; 0.5 by default |
//! | `outputs` | PDUs | how many outlets it has, 1 to 1024; without it as many as its profile says, or 64 where that leaves it to the device |
//! | `outputs` | `DaenetIP2_ACPI` | how many machines are wired, 1 to 16; 8 by default |
//!
//! # Login and password
//! With SNMP 1 and 2c the password is the community, for reading and for writing; a login is ignored.
//! With SNMP 3 the login is the user, and the password the passphrase of both authentication and
//! privacy, or two lines: authentication's and privacy's. No setting holds a secret.
//!
//! An agent does not answer a community that it does not know (RFC 1157, 4.1), so that is seen as
//! [`assay_domain::DriverError::TimedOut`] and never as refused. SNMP 3 tells them apart, but for a wrong
//! passphrase of the privacy: that of the authentication is right then, and an agent that makes nothing
//! of what it has decrypted is silent (Net-SNMP).
//!
//! # Outputs and commands
//! The output is the outlet's number, from 1. On and off are sent only when the state read before is
//! another one. An outlet cannot shut an operating system down, which is unsupported.
//!
//! A reset is the device's own cycle where the profile has one: one write, after which the device
//! alone is responsible. Else it is off, a pause, on, within one sending: once the first write was
//! sent the last one is made, even when nobody waits any more, and when anything after it fails the
//! outcome is unknown. If Assay itself dies in the pause, the outlet stays off, and the stored intent
//! of the reset says that its outcome is unknown. The buttons of a DaenetIP2_ACPI are pressed in the
//! same way; a button that is found pressed is let go first, and the command fails for the moment.
//!
//! # Profiles
//! A new PDU is a TOML file: in `pdu-profiles` of this crate, or in an operator's folder
//! ([`Profiles::with_folder`]). `sys_object_ids` are the beginnings of the products' sysObjectIDs;
//! in OIDs `{outlet}` is the outlet, `{unit}` the PDU of a chain (`unit` is its default), and with
//! `group_size` `{group}` and `{place}` count outlets in groups. `[outlets]` has `count` or
//! `count_oid`, and `name_oid`; `[state]` its `oid` and the values of `on`, `off`, `turning_on`,
//! `turning_off`; `[pending]` the `oid` and `values` that tell of a command under way;
//! `[commands.on]`, `[commands.off]` and `[commands.cycle]` the `oid` and `value` to write;
//! `[device]` the `firmware_oid`. `walk = false` is for agents whose tables cannot be walked,
//! `off_seconds` for the pause of a reset.
//!
//! # Files
//! `session` finds out what the device is, `outlets` and `buttons` are the two kinds of devices,
//! `stroke` writes twice, `wire` sends requests, `fault` says what went wrong, `access` makes
//! credentials, `profile`, `oid` and `library` read profiles.

mod access;
mod agent;
mod buttons;
mod fault;
mod library;
mod oid;
mod outlets;
mod profile;
mod session;
mod settings;
mod stroke;
mod wire;

use std::time::Duration;

use assay_domain::gate::Pace;
use assay_domain::{Driver, DriverError, Session, Target};
use async_trait::async_trait;
use serde_json::{Map, Value};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use agent::name_of;
pub use library::Profiles;
pub use profile::ProfileError;
pub use settings::validate_settings;

use session::SnmpSession;

/// How many machines a DaenetIP2_ACPI may have.
const MOST_BUTTONS: u64 = 16;

/// The driver of the protocol `snmp`.
pub struct SnmpDriver {
    profiles: Profiles,
    /// The writes that have to be taken back, on all devices.
    strokes: TaskTracker,
    /// Tells that the process ends.
    stop: CancellationToken,
}

impl SnmpDriver {
    /// A driver with the PDU profiles that Assay brings along.
    pub fn new() -> Self {
        Self::with_profiles(Profiles::built_in())
    }

    /// A driver with PDU profiles of one's own choice.
    pub fn with_profiles(profiles: Profiles) -> Self {
        Self {
            profiles,
            strokes: TaskTracker::new(),
            stop: CancellationToken::new(),
        }
    }

    /// How many outlets a device has by the profile that its settings name.
    fn outlets(&self, settings: &Map<String, Value>) -> Option<u64> {
        let profile = self.profiles.get(settings.get("profile")?.as_str()?)?;
        profile.outlets.count.map(u64::from)
    }
}

/// How many outputs a device has by its own setting.
fn said(settings: &Map<String, Value>) -> Option<u64> {
    settings.get("outputs")?.as_u64()
}

impl Default for SnmpDriver {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
impl Driver for SnmpDriver {
    fn protocol(&self) -> &'static str {
        "snmp"
    }

    /// Agents are built to be polled, and one PDU feeds a whole rack.
    fn pace(&self) -> Pace {
        Pace {
            interval: Duration::from_millis(20),
            refill: Duration::from_millis(100),
            burst: 128,
        }
    }

    fn check_settings(
        &self,
        control_type: &str,
        settings: &Map<String, Value>,
    ) -> Result<(), String> {
        validate_settings(settings)?;
        if let Some(key) = settings.keys().find(|key| !has(control_type, key)) {
            return Err(format!("setting '{key}' is not for a {control_type}"));
        }
        let name = settings.get("profile").and_then(Value::as_str);
        if let Some(name) = name.filter(|name| self.profiles.get(name).is_none()) {
            return Err(format!(
                "setting 'profile': '{name}' is not one of {}",
                self.profiles.names().collect::<Vec<_>>().join(", ")
            ));
        }
        let buttons = (control_type == session::BUTTONS).then_some(MOST_BUTTONS);
        let most = buttons.or_else(|| self.outlets(settings));
        match (said(settings), most) {
            (Some(said), Some(most)) if said > most => Err(format!(
                "setting 'outputs' is {said}, and this device has {most} at the most"
            )),
            _ => Ok(()),
        }
    }

    fn outputs(&self, _control_type: &str, settings: &Map<String, Value>) -> Option<i32> {
        let count = said(settings).or_else(|| self.outlets(settings))?;
        i32::try_from(count).ok()
    }

    async fn connect(&self, target: &Target) -> Result<Box<dyn Session>, DriverError> {
        Ok(Box::new(SnmpSession::open(self, target).await?))
    }

    async fn shutdown(&self, limit: Duration) {
        self.stop.cancel();
        self.strokes.close();
        if tokio::time::timeout(limit, self.strokes.wait())
            .await
            .is_err()
        {
            tracing::warn!(
                outputs = self.strokes.len(),
                "outputs were switched and could not be switched back in time"
            );
        }
    }
}

/// Whether a kind of device has a setting; the module's head says which has which.
fn has(control_type: &str, key: &str) -> bool {
    match key {
        "profile" | "unit" => ![session::RELAYS, session::BUTTONS].contains(&control_type),
        "off_time" => control_type != session::BUTTONS,
        "outputs" => control_type != session::RELAYS,
        "relay_oid" => control_type == session::RELAYS,
        "version" | "security" | "auth" | "privacy" | "context" => true,
        _ => control_type == session::BUTTONS,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(control_type: &str, settings: &Value) -> Result<(), String> {
        SnmpDriver::new().check_settings(control_type, settings.as_object().unwrap())
    }

    #[test]
    fn a_kind_has_its_own_settings_only() {
        let everywhere = json!({"version": "3", "auth": "SHA-256", "context": "x"});
        for (control_type, own, foreign) in [
            (
                "RackPDU",
                json!({"profile": "apc-rpdu2", "unit": 2, "off_time": 3, "outputs": 48}),
                json!({"relay_oid": "1.3.6.1.{outlet}"}),
            ),
            (
                "DaenetIP2",
                json!({"relay_oid": "1.3.6.1.{outlet}", "off_time": 3}),
                json!({"profile": "apc-rpdu2"}),
            ),
            (
                "DaenetIP2_ACPI",
                json!({"outputs": 16, "press": 0.5}),
                json!({"off_time": 3}),
            ),
        ] {
            assert_eq!(check(control_type, &everywhere), Ok(()));
            assert_eq!(check(control_type, &own), Ok(()), "{control_type}");
            let error = check(control_type, &foreign).unwrap_err();
            let key = foreign.as_object().unwrap().keys().next().unwrap();
            assert!(error.contains(key.as_str()), "{error}");
            assert!(error.contains(control_type), "{error}");
        }
    }

    #[test]
    fn settings_say_how_many_outputs_there_are() {
        let driver = SnmpDriver::new();
        let count = |control_type: &str, settings: Value| {
            driver.outputs(control_type, settings.as_object().unwrap())
        };
        assert_eq!(count("DaenetIP2_ACPI", json!({"outputs": 16})), Some(16));
        assert_eq!(count("DaenetIP2_ACPI", json!({})), None);
        assert_eq!(count("RackPDU", json!({})), None);
        assert_eq!(count("RackPDU", json!({"profile": "daenetip2"})), Some(16));
        assert_eq!(count("RackPDU", json!({"profile": "eaton-epdu"})), None);
        let known = json!({"profile": "eaton-epdu", "outputs": 24});
        assert_eq!(count("RackPDU", known), Some(24));
        let fewer = json!({"profile": "daenetip2", "outputs": 4});
        assert_eq!(count("RackPDU", fewer), Some(4));
        for (kind, settings) in [
            ("DaenetIP2_ACPI", json!({"outputs": 17})),
            ("RackPDU", json!({"profile": "daenetip2", "outputs": 17})),
        ] {
            let error = check(kind, &settings).unwrap_err();
            assert!(error.contains("16 at the most"), "{error}");
        }
    }
}
