//! The certificate that all BMCs of a fleet share, as those of one maker often do.

use std::sync::Arc;

use rustls_pki_types::PrivateKeyDer;
use sha2::{Digest, Sha256};

use crate::{Error, server_tls};

/// A certificate that nobody has signed but itself, made anew each time, and its key.
#[derive(Clone)]
pub struct SimCertificate {
    /// The TLS side of a BMC.
    pub tls: Arc<rustls::ServerConfig>,
    /// SHA-256 of the certificate, by which a client may know it.
    pub fingerprint: [u8; 32],
}

impl SimCertificate {
    /// Makes one.
    pub fn new() -> Result<Self, Error> {
        let made = rcgen::generate_simple_self_signed(["simulated-bmc.invalid".to_owned()]);
        let made = made.map_err(|error| Error::Fleet(format!("no certificate: {error}")))?;
        let fingerprint = Sha256::digest(made.cert.der());
        let key = PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
        Ok(Self {
            tls: server_tls(vec![made.cert.der().clone()], key)?,
            fingerprint: fingerprint.into(),
        })
    }

    /// The fingerprint in hexadecimal digits, as a power control's settings have it.
    pub fn fingerprint_text(&self) -> String {
        use std::fmt::Write as _;
        let mut text = String::with_capacity(64);
        for byte in self.fingerprint {
            let _ = write!(text, "{byte:02x}");
        }
        text
    }
}
