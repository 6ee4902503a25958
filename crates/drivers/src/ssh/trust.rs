//! Which host key is believed: one that is known, one with a known fingerprint, or the first one.

use std::borrow::Cow;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use assay_domain::{HostKeys, Result};
use async_trait::async_trait;
use parking_lot::Mutex;
use russh::Preferred;
use russh::keys::ssh_key::{Fingerprint, PublicKey};
use russh::keys::{Algorithm, HashAlg};
use serde_json::Value;

use super::fault::Fault;

/// Which host key is believed.
#[derive(Debug, Clone)]
pub(super) enum Rule {
    /// This key.
    Known(PublicKey),
    /// The key with this fingerprint.
    Fingerprint(Fingerprint),
    /// The first one that the device shows, from then on.
    FirstUse,
}

impl Rule {
    /// Reads the setting `host_key`.
    ///
    /// # Errors
    /// What is wrong with it, for the caller.
    pub(super) fn read(setting: Option<&Value>) -> std::result::Result<Option<Self>, String> {
        let wrong = || {
            "setting 'host_key' must be {\"known\": \"ssh-ed25519 AAAA…\"}, {\"fingerprint\": \
             \"SHA256:…\"} or \"trust_on_first_use\""
                .to_owned()
        };
        let object = match setting {
            None | Some(Value::Null) => return Ok(None),
            Some(Value::String(text)) if text == "trust_on_first_use" => {
                return Ok(Some(Self::FirstUse));
            }
            Some(Value::Object(object)) if object.len() == 1 => object,
            Some(_) => return Err(wrong()),
        };
        let text = |key: &str| object.get(key).and_then(Value::as_str).map(str::trim);
        let rule = match (text("known"), text("fingerprint")) {
            (Some(key), None) => PublicKey::from_openssh(key).ok().map(Self::Known),
            (None, Some(text)) => text.parse().ok().map(Self::Fingerprint),
            _ => None,
        };
        rule.map(Some).ok_or_else(wrong)
    }
}

/// A rule as it applies to one device now.
pub(super) struct Trust {
    expected: Expected,
    power_control_id: i64,
}

enum Expected {
    Key(PublicKey),
    Fingerprint(Fingerprint),
    /// Whatever it shows, to be remembered there.
    Anything(Arc<dyn HostKeys>),
}

impl Trust {
    /// Looks what is expected of a device. `host_keys` is where first keys are remembered, if anywhere.
    ///
    /// # Errors
    /// [`Fault::NoMemory`] when they are remembered nowhere and the rule asks for it, [`Fault::Memory`]
    /// when what is remembered cannot be read.
    pub(super) async fn of(
        rule: Rule,
        host_keys: Option<Arc<dyn HostKeys>>,
        power_control_id: i64,
    ) -> std::result::Result<Self, Fault> {
        let expected = match (rule, host_keys) {
            (Rule::Known(key), _) => Expected::Key(key),
            (Rule::Fingerprint(fingerprint), _) => Expected::Fingerprint(fingerprint),
            (Rule::FirstUse, None) => return Err(Fault::NoMemory),
            (Rule::FirstUse, Some(host_keys)) => match host_keys.known(power_control_id).await {
                Ok(Some(key)) => Expected::Key(remembered(&key)?),
                Ok(None) => Expected::Anything(host_keys),
                Err(error) => return Err(Fault::Memory(error.to_string())),
            },
        };
        Ok(Self {
            expected,
            power_control_id,
        })
    }

    /// The kinds of host keys to ask the device for: a device with several would else show one that is
    /// not the expected one. Never signatures with SHA-1.
    pub(super) fn preferred(&self) -> Preferred {
        let kinds = match &self.expected {
            Expected::Key(key) => kinds_of(&key.algorithm()),
            Expected::Fingerprint(_) | Expected::Anything(_) => Preferred::DEFAULT
                .key
                .iter()
                .filter(|kind| !matches!(kind, Algorithm::Rsa { hash: None }))
                .cloned()
                .collect(),
        };
        Preferred {
            key: Cow::Owned(kinds),
            ..Preferred::DEFAULT
        }
    }

    /// Whether the key that the device shows, and owns, is the expected one.
    ///
    /// # Errors
    /// [`Fault::Untrusted`] when it is not; [`Fault::Memory`] when it cannot be remembered.
    pub(super) async fn check(&mut self, shown: &PublicKey) -> std::result::Result<(), Fault> {
        match &self.expected {
            Expected::Key(key) if key.key_data() == shown.key_data() => Ok(()),
            Expected::Key(key) => Err(not_expected(
                shown,
                &key.fingerprint(HashAlg::Sha256).to_string(),
            )),
            Expected::Fingerprint(expected) => {
                if shown.fingerprint(expected.algorithm()) == *expected {
                    Ok(())
                } else {
                    Err(not_expected(shown, &expected.to_string()))
                }
            }
            Expected::Anything(host_keys) => {
                let text = text_of(shown)?;
                let kept = host_keys.remember(self.power_control_id, &text).await;
                let kept = kept.map_err(|error| Fault::Memory(error.to_string()))?;
                let kept = remembered(&kept)?;
                let is_same = kept.key_data() == shown.key_data();
                let fingerprint = kept.fingerprint(HashAlg::Sha256).to_string();
                // Keys are shown again when a long session changes its own.
                self.expected = Expected::Key(kept);
                if is_same {
                    Ok(())
                } else {
                    Err(not_expected(shown, &fingerprint))
                }
            }
        }
    }
}

/// The names under which a device signs with a kind of key.
fn kinds_of(key: &Algorithm) -> Vec<Algorithm> {
    match key {
        Algorithm::Rsa { .. } => [HashAlg::Sha512, HashAlg::Sha256]
            .map(|hash| Algorithm::Rsa { hash: Some(hash) })
            .to_vec(),
        other => vec![other.clone()],
    }
}

fn not_expected(shown: &PublicKey, expected: &str) -> Fault {
    Fault::Untrusted(format!(
        "its host key is {} ({}), and {expected} was expected",
        shown.fingerprint(HashAlg::Sha256),
        shown.algorithm()
    ))
}

/// A key as [`HostKeys`] keeps it.
fn text_of(key: &PublicKey) -> std::result::Result<String, Fault> {
    let bare = PublicKey::new(key.key_data().clone(), "");
    let text = bare.to_openssh().map_err(|_| {
        Fault::Untrusted("its host key is of a kind that cannot be remembered".into())
    })?;
    Ok(text.trim().to_owned())
}

fn remembered(text: &str) -> std::result::Result<PublicKey, Fault> {
    PublicKey::from_openssh(text)
        .map_err(|error| Fault::Memory(format!("what is remembered is no key: {error}")))
}

/// First keys that are remembered in this process only: for tests, and for programs that run alone and
/// not for long.
#[derive(Default)]
pub struct MemoryHostKeys {
    keys: Mutex<HashMap<i64, String>>,
}

impl MemoryHostKeys {
    /// Forgets the key of a power control.
    pub fn forget(&self, power_control_id: i64) {
        self.keys.lock().remove(&power_control_id);
    }
}

#[async_trait]
impl HostKeys for MemoryHostKeys {
    async fn known(&self, power_control_id: i64) -> Result<Option<String>> {
        Ok(self.keys.lock().get(&power_control_id).cloned())
    }

    async fn remember(&self, power_control_id: i64, key: &str) -> Result<String> {
        Ok(match self.keys.lock().entry(power_control_id) {
            Entry::Occupied(kept) => kept.get().clone(),
            Entry::Vacant(place) => place.insert(key.to_owned()).clone(),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    /// Made for these tests with `ssh-keygen -t ed25519`; their private halves are gone.
    const KEYS: [&str; 2] = [
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDguQ0kef9ruOLOF57spILmFAHORO16nCphEY60zLK5S",
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAINOaLOH5mMdrzo2XAWmSqbSFDXis0epgbwmu6IitBYzl",
    ];

    fn key(number: usize) -> PublicKey {
        PublicKey::from_openssh(KEYS[number]).unwrap()
    }

    async fn first_use(memory: &Arc<MemoryHostKeys>) -> Trust {
        let trust = Trust::of(Rule::FirstUse, Some(memory.clone()), 7).await;
        trust.unwrap()
    }

    #[tokio::test]
    async fn the_first_key_is_kept_and_another_is_not_believed() {
        let memory = Arc::new(MemoryHostKeys::default());
        let mut early = first_use(&memory).await;
        let mut late = first_use(&memory).await;
        assert!(early.check(&key(0)).await.is_ok());
        assert_eq!(memory.known(7).await.unwrap().as_deref(), Some(KEYS[0]));
        assert!(early.check(&key(0)).await.is_ok(), "shown again");
        let lost = late.check(&key(1)).await;
        assert!(
            matches!(lost, Err(Fault::Untrusted(_))),
            "another was faster"
        );
        let later = first_use(&memory).await.check(&key(1)).await;
        assert!(matches!(later, Err(Fault::Untrusted(_))));
        memory.forget(7);
        assert!(first_use(&memory).await.check(&key(1)).await.is_ok());
    }

    #[tokio::test]
    async fn pinned_keys_are_believed_and_no_others() {
        let fingerprint = key(0).fingerprint(HashAlg::Sha256).to_string();
        for rule in [
            json!({"known": format!("{} root@pdu", KEYS[0])}),
            json!({"fingerprint": fingerprint}),
        ] {
            let rule = Rule::read(Some(&rule)).unwrap().unwrap();
            let memory = Arc::new(MemoryHostKeys::default());
            let mut trust = Trust::of(rule, Some(memory.clone()), 7).await.unwrap();
            assert!(trust.check(&key(0)).await.is_ok());
            let Err(Fault::Untrusted(text)) = trust.check(&key(1)).await else {
                panic!("another key was believed");
            };
            assert!(text.contains("SHA256:"), "{text}");
            assert_eq!(memory.known(7).await.unwrap(), None);
        }
    }

    #[tokio::test]
    async fn nobody_is_believed_anew_each_time() {
        let trust = Trust::of(Rule::FirstUse, None, 7).await;
        assert!(matches!(trust, Err(Fault::NoMemory)));
    }

    #[test]
    fn what_is_no_rule_is_refused() {
        assert!(Rule::read(None).unwrap().is_none());
        for wrong in [
            json!("yes"),
            json!(true),
            json!({}),
            json!({"known": "ssh-ed25519 AAAA"}),
            json!({"known": KEYS[0], "fingerprint": "SHA256:x"}),
            json!({"fingerprint": "MD5:00"}),
            json!({"fingerprint": 1}),
        ] {
            let error = Rule::read(Some(&wrong)).unwrap_err();
            assert!(error.contains("host_key"), "{error}");
        }
    }

    #[test]
    fn rsa_is_asked_for_without_sha_1() {
        let kinds = kinds_of(&Algorithm::Rsa { hash: None });
        assert_eq!(kinds.len(), 2);
        assert!(!kinds.contains(&Algorithm::Rsa { hash: None }));
    }

    proptest! {
        #[test]
        fn no_text_makes_reading_a_rule_panic(text in ".{0,80}") {
            let known = Rule::read(Some(&json!({"known": text})));
            let fingerprint = Rule::read(Some(&json!({"fingerprint": text})));
            prop_assert!(known.is_err() || fingerprint.is_err());
        }
    }
}
