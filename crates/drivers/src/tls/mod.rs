//! TLS towards devices: whom to believe, as an operator said it.

mod settings;
mod verifier;

use std::sync::{Arc, OnceLock};

use assay_domain::TlsTrust;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

pub use settings::trust_from_settings;

use verifier::{Anybody, Pinned};

/// The TLS configuration for a trust; `None` for plain HTTP. TLS 1.2 and 1.3, ring's cipher suites.
///
/// # Errors
/// A text for the operator when the trust cannot be used.
pub(crate) fn client_config(trust: &TlsTrust) -> Result<Option<ClientConfig>, String> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?;
    let config = match trust {
        TlsTrust::Plain => return Ok(None),
        TlsTrust::System => builder
            .with_root_certificates(system_roots()?)
            .with_no_client_auth(),
        TlsTrust::Ca(pem) => builder
            .with_root_certificates(roots_of(pem)?)
            .with_no_client_auth(),
        TlsTrust::Fingerprint(fingerprint) => builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Pinned::new(*fingerprint, &provider)))
            .with_no_client_auth(),
        TlsTrust::Insecure => builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Anybody::new(&provider)))
            .with_no_client_auth(),
    };
    Ok(Some(config))
}

/// The authorities in a PEM text; what else the text holds is passed over.
fn roots_of(pem: &str) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
        let certificate = certificate.map_err(|error| format!("the CA is not PEM: {error}"))?;
        roots
            .add(certificate)
            .map_err(|error| format!("the CA cannot be used: {error}"))?;
    }
    if roots.is_empty() {
        return Err("the CA holds no certificate".into());
    }
    Ok(roots)
}

/// This host's authorities, read once: a change of them needs a restart.
fn system_roots() -> Result<Arc<RootCertStore>, String> {
    static ROOTS: OnceLock<Arc<RootCertStore>> = OnceLock::new();
    let roots = ROOTS.get_or_init(|| {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        Arc::new(roots)
    });
    if roots.is_empty() {
        return Err("this host has no certificate authorities to check the device by".into());
    }
    Ok(Arc::clone(roots))
}
