//! The settings that a power control of the protocol `redfish` may have.

use assay_domain::{DriverError, Target};
use serde_json::{Map, Value};

use crate::peer::Peer;
use crate::tls::trust_from_settings;

/// Checks the settings of a power control; the module's head lists the keys.
///
/// # Errors
/// What is wrong, for the caller; an unknown key is named with the known ones.
pub fn validate_settings(settings: &Map<String, Value>) -> Result<(), String> {
    for key in settings.keys() {
        if !matches!(key.as_str(), "system_id" | "tls") {
            return Err(format!(
                "unknown setting '{key}'; a Redfish power control has 'system_id' and 'tls'"
            ));
        }
    }
    trust_from_settings(settings)?;
    system_id(settings).map(drop)
}

/// Which system of the BMC is the machine, as far as the operator said.
pub(super) struct Wanted {
    /// The assignment's output, if it is not empty.
    pub(super) output: Option<String>,
    /// The setting `system_id`.
    pub(super) system_id: Option<String>,
}

impl Wanted {
    /// Reads a target's settings.
    ///
    /// # Errors
    /// [`DriverError::Unsupported`] when they would not pass [`validate_settings`].
    pub(super) fn of(target: &Target, peer: &Peer) -> Result<Self, DriverError> {
        validate_settings(&target.settings).map_err(|error| peer.unsupported(error))?;
        Ok(Self {
            output: Some(target.output.trim().to_owned()).filter(|output| !output.is_empty()),
            system_id: system_id(&target.settings)
                .map_err(|error| peer.unsupported(error))?
                .map(str::to_owned),
        })
    }
}

fn system_id(settings: &Map<String, Value>) -> Result<Option<&str>, String> {
    match settings.get("system_id") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(id)) if is_segment(id) => Ok(Some(id)),
        Some(_) => Err("setting 'system_id' must be the name of a system on the BMC".into()),
    }
}

/// Whether a text can be one segment of a path.
fn is_segment(id: &str) -> bool {
    !id.is_empty()
        && id.len() <= 255
        && !id.contains(['/', '?', '#'])
        && !id.contains(char::is_control)
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
        assert_eq!(
            check(&json!({"system_id": "System.Embedded.1", "tls": "insecure"})),
            Ok(())
        );
    }

    #[test]
    fn others_are_named() {
        for (wrong, name) in [
            (json!({"systemid": "1"}), "systemid"),
            (json!({"system_id": 1}), "system_id"),
            (json!({"system_id": "a/b"}), "system_id"),
            (json!({"system_id": ""}), "system_id"),
            (json!({"tls": "no"}), "tls"),
        ] {
            assert!(check(&wrong).unwrap_err().contains(name), "{wrong}");
        }
    }
}
