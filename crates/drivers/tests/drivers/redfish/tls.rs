//! TLS: whom the driver believes.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use assay_domain::{DriverError, PowerState, Target, TlsTrust};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use sha2::{Digest, Sha256};
use tempfile::TempDir;

use crate::support::sushy::{Options, Sushy};
use crate::support::{REDFISH, gate, target};

/// An authority, and a certificate for 127.0.0.1 by it.
struct Certificates {
    folder: TempDir,
    authority: String,
    fingerprint: [u8; 32],
}

impl Certificates {
    fn make() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
        let leaf = params.signed_by(&key, &authority).unwrap();
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("leaf.pem"), leaf.pem()).unwrap();
        fs::write(folder.path().join("key.pem"), key.serialize_pem()).unwrap();
        Self {
            folder,
            authority: authority.pem(),
            fingerprint: Sha256::digest(leaf.der()).into(),
        }
    }

    fn files(&self) -> (PathBuf, PathBuf) {
        let file = |name| self.folder.path().join(name);
        (file("leaf.pem"), file("key.pem"))
    }
}

fn start(certificates: &Certificates) -> Sushy {
    let (leaf, key) = certificates.files();
    Sushy::start(&Options {
        tls: Some((&leaf, &key)),
        ..Options::default()
    })
}

async fn state(sushy: &Sushy, trust: TlsTrust) -> Result<PowerState, DriverError> {
    let target = Target {
        trust,
        ..sushy.target()
    };
    gate().0.power_state(&target, REDFISH).await
}

#[tokio::test]
async fn those_who_are_believed_are_reached() {
    let certificates = Certificates::make();
    let sushy = start(&certificates);
    for trust in [
        TlsTrust::Ca(certificates.authority.clone()),
        TlsTrust::Fingerprint(certificates.fingerprint),
        TlsTrust::Insecure,
    ] {
        assert_eq!(
            state(&sushy, trust.clone()).await,
            Ok(PowerState::Off),
            "{trust:?}"
        );
    }
}

#[tokio::test]
async fn others_are_not_and_the_error_says_why() {
    let certificates = Certificates::make();
    let sushy = start(&certificates);
    for trust in [
        TlsTrust::System,
        TlsTrust::Ca(Certificates::make().authority),
        TlsTrust::Fingerprint([7; 32]),
    ] {
        let error = state(&sushy, trust.clone()).await.unwrap_err();
        // A host without any authority of its own cannot even try.
        let untried = trust == TlsTrust::System && matches!(error, DriverError::Unsupported { .. });
        assert!(
            untried || matches!(error, DriverError::Unreachable { .. }),
            "{error}"
        );
        assert!(error.to_string().contains("certificate"), "{error}");
    }
    assert_eq!(sushy.requests("GET"), 0, "nothing was told to a stranger");
    let plain = state(&sushy, TlsTrust::Plain).await;
    assert!(plain.is_err());
}

#[tokio::test]
async fn a_peer_that_does_not_shake_hands_is_given_up() {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0))
        .await
        .unwrap();
    let mut target = target(listener.local_addr().unwrap());
    target.trust = TlsTrust::Insecure;
    target.request_timeout = Duration::from_millis(300);
    let error = gate().0.power_state(&target, REDFISH).await.unwrap_err();
    assert!(matches!(error, DriverError::Unreachable { .. }), "{error}");
}
