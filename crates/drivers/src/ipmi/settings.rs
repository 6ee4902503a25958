//! The settings that a power control of the protocol `ipmi` may have.

use assay_ipmi::{Privilege, Proof, Suite, SuiteChoice, Version};
use serde_json::{Map, Value};

/// The keys; the module's head describes them.
const KEYS: [&str; 4] = ["cipher_suite", "privilege", "version", "auth"];

/// Checks the settings of a power control; the module's head lists the keys.
///
/// # Errors
/// What is wrong, for the caller; an unknown key is named with the known ones.
pub fn validate_settings(settings: &Map<String, Value>) -> Result<(), String> {
    Settings::read(settings).map(drop)
}

/// The settings, read.
pub(super) struct Settings {
    pub(super) version: Version,
    pub(super) privilege: Privilege,
}

impl Settings {
    pub(super) fn read(settings: &Map<String, Value>) -> Result<Self, String> {
        if settings.contains_key("kg") {
            return Err(
                "setting 'kg': the key K_G is a secret; it is the second line of the password"
                    .into(),
            );
        }
        if let Some(key) = settings.keys().find(|key| !KEYS.contains(&key.as_str())) {
            return Err(format!(
                "unknown setting '{key}'; an IPMI power control has '{}'",
                KEYS.join("', '")
            ));
        }
        let suite = suite(settings)?;
        let version = match text(settings, "version")? {
            None | Some("2.0") => Version::Two(suite.unwrap_or(SuiteChoice::Best)),
            Some("1.5") => Version::OneFive(proof(settings)?.unwrap_or(Proof::Md5)),
            Some(_) => return Err("setting 'version' must be \"2.0\" or \"1.5\"".into()),
        };
        match version {
            Version::Two(_) if proof(settings)?.is_some() => {
                return Err("setting 'auth' is for version \"1.5\" alone".into());
            }
            Version::OneFive(_) if suite.is_some() => {
                return Err("setting 'cipher_suite' is for version \"2.0\" alone".into());
            }
            _ => {}
        }
        Ok(Self {
            version,
            privilege: privilege(settings)?,
        })
    }
}

fn suite(settings: &Map<String, Value>) -> Result<Option<SuiteChoice>, String> {
    let wrong = || Err("setting 'cipher_suite' must be 3, 17 or \"best\"".into());
    Ok(Some(match settings.get("cipher_suite") {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Number(number)) => match number.as_u64() {
            Some(3) => SuiteChoice::Only(Suite::Three),
            Some(17) => SuiteChoice::Only(Suite::Seventeen),
            _ => return wrong(),
        },
        Some(Value::String(text)) => match text.as_str() {
            "3" => SuiteChoice::Only(Suite::Three),
            "17" => SuiteChoice::Only(Suite::Seventeen),
            "best" => SuiteChoice::Best,
            _ => return wrong(),
        },
        Some(_) => return wrong(),
    }))
}

fn privilege(settings: &Map<String, Value>) -> Result<Privilege, String> {
    match text(settings, "privilege")? {
        None => Ok(Privilege::Administrator),
        Some(name) => [
            Privilege::User,
            Privilege::Operator,
            Privilege::Administrator,
        ]
        .into_iter()
        .find(|privilege| privilege.as_str() == name)
        .ok_or_else(|| {
            "setting 'privilege' must be \"user\", \"operator\" or \"administrator\"".into()
        }),
    }
}

fn proof(settings: &Map<String, Value>) -> Result<Option<Proof>, String> {
    match text(settings, "auth")? {
        None => Ok(None),
        Some("md5") => Ok(Some(Proof::Md5)),
        Some("password") => Ok(Some(Proof::Password)),
        Some(_) => Err("setting 'auth' must be \"md5\" or \"password\"".into()),
    }
}

fn text<'a>(settings: &'a Map<String, Value>, key: &str) -> Result<Option<&'a str>, String> {
    match settings.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(format!("setting '{key}' must be a text")),
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
        let standard = read(&json!({})).ok().unwrap();
        assert_eq!(standard.version, Version::Two(SuiteChoice::Best));
        assert_eq!(standard.privilege, Privilege::Administrator);
        let all = json!({"cipher_suite": 17, "privilege": "operator", "version": "2.0"});
        let all = read(&all).ok().unwrap();
        assert_eq!(
            all.version,
            Version::Two(SuiteChoice::Only(Suite::Seventeen))
        );
        assert_eq!(all.privilege, Privilege::Operator);
        let old = read(&json!({"version": "1.5", "auth": "password"}))
            .ok()
            .unwrap();
        assert_eq!(old.version, Version::OneFive(Proof::Password));
    }

    #[test]
    fn others_are_named() {
        for (wrong, name) in [
            (json!({"cipher": 3}), "cipher"),
            (json!({"cipher_suite": 0}), "cipher_suite"),
            (json!({"cipher_suite": "0"}), "cipher_suite"),
            (json!({"privilege": "callback"}), "privilege"),
            (json!({"version": "3"}), "version"),
            (json!({"version": 2.0}), "version"),
            (json!({"version": "1.5", "auth": "none"}), "auth"),
            (json!({"auth": "md5"}), "auth"),
            (json!({"version": "1.5", "cipher_suite": 3}), "cipher_suite"),
            (json!({"kg": "a secret"}), "second line of the password"),
        ] {
            assert!(read(&wrong).err().unwrap().contains(name), "{wrong}");
        }
    }
}
