//! The settings that a power control of the protocol `intel_amt` may have.

use serde_json::{Map, Value};

use crate::tls::trust_from_settings;

/// Checks the settings of a power control; the module's head lists the keys.
///
/// # Errors
/// What is wrong, for the caller; an unknown key is named with the known one.
pub fn validate_settings(settings: &Map<String, Value>) -> Result<(), String> {
    if let Some(key) = settings.keys().find(|key| *key != "tls") {
        return Err(format!(
            "unknown setting '{key}'; an Intel AMT power control has 'tls'"
        ));
    }
    trust_from_settings(settings).map(drop)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn tls_is_all_there_is() {
        let check = |value: Value| validate_settings(value.as_object().unwrap());
        assert_eq!(check(json!({})), Ok(()));
        assert_eq!(check(json!({"tls": "plain"})), Ok(()));
        assert!(check(json!({"tls": "off"})).unwrap_err().contains("tls"));
        assert!(
            check(json!({"system_id": "1"}))
                .unwrap_err()
                .contains("system_id")
        );
    }
}
