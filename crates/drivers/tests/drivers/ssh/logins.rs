//! Logging in: passwords, private keys, both, and neither.

use std::time::Duration;

use assay_domain::{DriverError, PowerState, Target};

use super::{SSH, state};
use crate::support::conformance::{self, Peer, hides_the_login};
use crate::support::sshd::{LOGIN, PASSWORD, Sshd, new_key};
use crate::support::{eventually, gate, with_login};

const LIMIT: Duration = Duration::from_secs(10);

fn with_key(mut target: Target, key: assay_domain::Secret, password: Option<&str>) -> Target {
    target.ssh_key = Some(key);
    target.password = password.map(assay_domain::Secret::new);
    target
}

#[tokio::test]
async fn it_conforms() {
    let sshd = Sshd::start();
    conformance::run(Peer {
        protocol: SSH,
        target: sshd.target(),
        limit: LIMIT,
        wrong: Some(with_login(sshd.target(), LOGIN, "quite-wrong")),
        wrong_logins: &|| sshd.failed_logins(),
    })
    .await;
    eventually("all sessions ended", || {
        let (begun, ended) = sshd.sessions();
        begun > 0 && begun == ended
    })
    .await;
    let resets = sshd.runs().iter().filter(|run| *run == "reset 1").count();
    assert_eq!(resets, 1);
}

#[tokio::test]
async fn private_keys_of_all_kinds_open_the_door() {
    let sshd = Sshd::start();
    for (kind, options, password) in [
        ("ed25519", &[] as &[&str], None),
        ("ecdsa", &[], None),
        // PKCS #1 with SHA-2 signatures, and a password that is not needed.
        ("rsa", &["-b", "2048", "-m", "PEM"], Some("not-needed")),
    ] {
        let key = sshd.authorized_key(kind, options);
        let target = with_key(sshd.target(), key, password);
        assert_eq!(state(&target).await, Ok(PowerState::Off), "{kind}");
    }
    assert_eq!(sshd.failed_logins(), 0);
}

#[tokio::test]
async fn the_password_opens_an_encrypted_private_key() {
    let sshd = Sshd::start();
    // Few rounds of the key's derivation, which is slow without optimisation.
    let key = sshd.authorized_key("ed25519", &["-N", "pass phrase", "-a", "1"]);
    let target = with_key(sshd.target(), key.clone(), Some("pass phrase"));
    assert_eq!(state(&target).await, Ok(PowerState::Off));

    let before = sshd.connections();
    for password in [None, Some("another phrase")] {
        let target = with_key(sshd.target(), key.clone(), password);
        let error = state(&target).await.unwrap_err();
        assert!(matches!(error, DriverError::Unsupported { .. }), "{error}");
        assert!(error.to_string().contains("private key"), "{error}");
        hides_the_login(&error, &target);
    }
    assert_eq!(sshd.connections(), before, "nothing was sent");
}

#[tokio::test]
async fn a_key_that_is_not_taken_is_refused_once() {
    let sshd = Sshd::start();
    let folder = tempfile::tempdir().unwrap();
    let key = new_key(&folder.path().join("key"), "ed25519", &[]);
    // The right password is not tried after it.
    let target = with_key(sshd.target(), key, Some(PASSWORD));
    let (gate, _) = gate();
    for _ in 0..3 {
        let error = gate.power_state(&target, SSH).await.unwrap_err();
        assert!(matches!(error, DriverError::Refused { .. }), "{error}");
    }
    assert_eq!(sshd.sessions().0, 0);
    assert_eq!(sshd.connections(), 1);
}

#[tokio::test]
async fn a_device_that_wants_key_and_password_gets_both() {
    let sshd = Sshd::with(&["ed25519"], "AuthenticationMethods publickey,password");
    let key = sshd.authorized_key("ed25519", &[]);
    let target = with_key(sshd.target(), key.clone(), Some(PASSWORD));
    assert_eq!(state(&target).await, Ok(PowerState::Off));
    for password in [None, Some("quite-wrong")] {
        let target = with_key(sshd.target(), key.clone(), password);
        let error = state(&target).await.unwrap_err();
        assert!(matches!(error, DriverError::Refused { .. }), "{error}");
    }
}

#[tokio::test]
async fn a_device_that_hangs_up_on_a_wrong_login_has_refused_it() {
    let sshd = Sshd::with(&["ed25519"], "MaxAuthTries 1");
    let target = with_login(sshd.target(), LOGIN, "quite-wrong");
    let error = state(&target).await.unwrap_err();
    assert!(matches!(error, DriverError::Refused { .. }), "{error}");
    hides_the_login(&error, &target);
    assert_eq!(sshd.failed_logins(), 1);
    assert_eq!(state(&sshd.target()).await, Ok(PowerState::Off));
}

#[tokio::test]
async fn a_device_that_takes_no_passwords_is_said_to() {
    let sshd = Sshd::with(&["ed25519"], "PasswordAuthentication no");
    let error = state(&sshd.target()).await.unwrap_err();
    assert!(matches!(error, DriverError::Unsupported { .. }), "{error}");
    assert!(error.to_string().contains("publickey"), "{error}");
}

#[tokio::test]
async fn without_credentials_nobody_is_asked() {
    let sshd = Sshd::start();
    let before = sshd.connections();
    let (mut nameless, mut bare) = (sshd.target(), sshd.target());
    nameless.login = None;
    bare.password = None;
    for target in [nameless, bare] {
        let error = state(&target).await.unwrap_err();
        assert!(matches!(error, DriverError::Unsupported { .. }), "{error}");
    }
    assert_eq!(sshd.connections(), before);
}
