//! Host keys: pinned ones, first ones, changed ones.

use std::sync::Arc;

use assay_domain::{DriverError, HostKeys, PowerState, Target};
use assay_drivers::ssh::{MemoryHostKeys, SshDriver};
use assay_drivers::{Drivers, ResetOutcome};
use serde_json::{Value, json};

use super::{SSH, state};
use crate::support::gate_over;
use crate::support::sshd::{Sshd, new_key};

fn trusting(sshd: &Sshd, rule: &Value) -> Target {
    let mut target = sshd.target();
    target.settings.insert("host_key".into(), rule.clone());
    target
}

/// What OpenSSH says that a key's fingerprint is.
fn fingerprint(key: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("key.pub");
    std::fs::write(&file, key).unwrap();
    let output = std::process::Command::new("ssh-keygen")
        .arg("-lf")
        .arg(file)
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.split_whitespace().nth(1).unwrap().to_owned()
}

#[tokio::test]
async fn a_pinned_key_or_fingerprint_is_believed() {
    let sshd = Sshd::with(&["rsa", "ecdsa", "ed25519"], "");
    for kind in ["rsa", "ecdsa", "ed25519"] {
        let target = trusting(&sshd, &json!({"known": sshd.host_key(kind)}));
        assert_eq!(state(&target).await, Ok(PowerState::Off), "{kind}");
    }
    let first_choice = fingerprint(&sshd.host_key("ed25519"));
    let target = trusting(&sshd, &json!({"fingerprint": first_choice}));
    assert_eq!(state(&target).await, Ok(PowerState::Off));
}

#[tokio::test]
async fn another_key_is_not_believed_and_gets_no_password() {
    let sshd = Sshd::start();
    let folder = tempfile::tempdir().unwrap();
    let public = |kind: &str| {
        let file = folder.path().join(kind);
        new_key(&file, kind, &[]);
        std::fs::read_to_string(file.with_extension("pub")).unwrap()
    };
    let (same_kind, other_kind) = (public("ed25519"), public("ecdsa"));
    for rule in [
        json!({"known": same_kind}),
        json!({"known": other_kind}),
        json!({"fingerprint": fingerprint(&same_kind)}),
    ] {
        let target = trusting(&sshd, &rule);
        let (gate, shut) = gate_over(Drivers::standard());
        let error = gate.power_state(&target, SSH).await.unwrap_err();
        assert!(matches!(error, DriverError::Untrusted { .. }), "{error}");
        let outcome = gate.reset_once(&target, SSH).await;
        assert!(matches!(
            outcome,
            ResetOutcome::NotSent(DriverError::Untrusted { .. })
        ));
        assert!(shut.shut_gates() == 0, "the credentials may be right");
    }
    assert_eq!((sshd.failed_logins(), sshd.sessions().0), (0, 0));
    assert_eq!(sshd.connections(), 6, "nothing was repeated");
}

#[tokio::test]
async fn the_first_key_is_remembered_for_all_and_a_changed_one_is_not_believed() {
    let mut sshd = Sshd::start();
    let memory = Arc::new(MemoryHostKeys::default());
    let worker = || {
        let driver = SshDriver::remembering(memory.clone());
        gate_over(Drivers::new().with(Arc::new(driver)))
    };
    let target = trusting(&sshd, &json!("trust_on_first_use"));
    for _ in 0..2 {
        let state = worker().0.power_state(&target, SSH).await;
        assert_eq!(state, Ok(PowerState::Off));
    }
    let kept = memory.known(target.power_control_id).await.unwrap();
    assert_eq!(kept, Some(sshd.host_key("ed25519")));

    sshd.change_host_key();
    let (gate, shut) = worker();
    let error = gate.power_state(&target, SSH).await.unwrap_err();
    assert!(matches!(error, DriverError::Untrusted { .. }), "{error}");
    assert!(shut.shut_gates() == 0);
    assert_eq!(sshd.sessions().0, 0, "of the server with the new key");

    memory.forget(target.power_control_id);
    let state = worker().0.power_state(&target, SSH).await;
    assert_eq!(state, Ok(PowerState::Off));
}

#[tokio::test]
async fn without_a_memory_or_a_rule_nobody_is_believed() {
    let sshd = Sshd::start();
    let before = sshd.connections();
    let first_use = trusting(&sshd, &json!("trust_on_first_use"));
    let no_rule = trusting(&sshd, &Value::Null);
    for target in [first_use, no_rule] {
        let error = state(&target).await.unwrap_err();
        assert!(matches!(error, DriverError::Unsupported { .. }), "{error}");
    }
    assert_eq!(sshd.connections(), before);
}
