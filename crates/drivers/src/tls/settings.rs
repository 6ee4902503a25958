//! The setting `tls` of a power control.

use assay_domain::TlsTrust;
use serde_json::{Map, Value};

/// Reads whom to believe from the setting `tls` of a power control:
///
/// | value | meaning |
/// |---|---|
/// | none, or `"system"` | HTTPS, by the host's certificate authorities; on every port, 80 as well |
/// | `{"ca": "-----BEGIN CERTIFICATE-----…"}` | HTTPS, by the authorities in this PEM text |
/// | `{"fingerprint": "ab:cd:…"}` | HTTPS, only the certificate with this SHA-256 (64 hexadecimal digits, colons allowed) |
/// | `"insecure"` | HTTPS, nobody is checked |
/// | `"plain"` | HTTP without TLS |
///
/// Nothing but the explicit words `plain` and `insecure` switches a check off.
///
/// # Errors
/// What is wrong with the setting, for the caller.
pub fn trust_from_settings(settings: &Map<String, Value>) -> Result<TlsTrust, String> {
    match settings.get("tls") {
        None | Some(Value::Null) => Ok(TlsTrust::System),
        Some(Value::String(word)) => match word.as_str() {
            "system" => Ok(TlsTrust::System),
            "plain" => Ok(TlsTrust::Plain),
            "insecure" => Ok(TlsTrust::Insecure),
            _ => Err(expected()),
        },
        Some(Value::Object(object)) => {
            let mut members = object.iter();
            match (members.next(), members.next()) {
                (Some((key, Value::String(text))), None) => from_member(key, text),
                _ => Err(expected()),
            }
        }
        Some(_) => Err(expected()),
    }
}

fn from_member(key: &str, text: &str) -> Result<TlsTrust, String> {
    match key {
        "ca" => {
            super::roots_of(text).map_err(|error| format!("setting 'tls.ca': {error}"))?;
            Ok(TlsTrust::Ca(text.to_owned()))
        }
        "fingerprint" => fingerprint(text).map(TlsTrust::Fingerprint).ok_or_else(|| {
            "setting 'tls.fingerprint' must be a SHA-256 in 64 hexadecimal digits".to_owned()
        }),
        _ => Err(expected()),
    }
}

fn expected() -> String {
    "setting 'tls' must be \"system\", \"plain\", \"insecure\", {\"ca\": PEM} or {\"fingerprint\": SHA-256}".into()
}

fn fingerprint(text: &str) -> Option<[u8; 32]> {
    let digits: Vec<u8> = text
        .chars()
        .filter(|c| !matches!(c, ':' | ' '))
        .map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect::<Option<_>>()?;
    let bytes: Vec<u8> = digits
        .chunks(2)
        .map(|pair| match pair {
            [high, low] => Some(high * 16 + low),
            _ => None,
        })
        .collect::<Option<_>>()?;
    bytes.try_into().ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn read(value: Value) -> Result<TlsTrust, String> {
        let mut settings = Map::new();
        settings.insert("tls".into(), value);
        trust_from_settings(&settings)
    }

    #[test]
    fn nothing_said_means_the_system_roots() {
        assert_eq!(trust_from_settings(&Map::new()), Ok(TlsTrust::System));
    }

    #[test]
    fn words_and_objects_are_read() {
        assert_eq!(read(json!("plain")), Ok(TlsTrust::Plain));
        assert_eq!(read(json!("insecure")), Ok(TlsTrust::Insecure));
        let hex = "00:01:02:03:04:05:06:07:08:09:0a:0b:0c:0d:0e:0f:10:11:12:13:14:15:16:17:18:19:1A:1B:1C:1D:1E:1F";
        let bytes: [u8; 32] = std::array::from_fn(|i| u8::try_from(i).unwrap());
        assert_eq!(
            read(json!({ "fingerprint": hex })),
            Ok(TlsTrust::Fingerprint(bytes))
        );
    }

    #[test]
    fn what_is_wrong_is_said() {
        for wrong in [
            json!("off"),
            json!(false),
            json!({}),
            json!({"fingerprint": "abc"}),
            json!({"fingerprint": "ab"}),
            json!({"ca": "no certificate"}),
            json!({"ca": "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"}),
            json!({"ca": "x", "fingerprint": "y"}),
        ] {
            let error = read(wrong.clone()).unwrap_err();
            assert!(error.contains("tls"), "{wrong}: {error}");
        }
    }

    proptest! {
        #[test]
        fn no_fingerprint_text_panics(text in ".{0,80}") {
            let bytes = fingerprint(&text);
            prop_assert!(bytes.is_none() || text.len() >= 64);
        }
    }
}
