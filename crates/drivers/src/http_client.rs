//! HTTP clients for devices: what all drivers over HTTP want of theirs.

use std::error::Error;
use std::sync::Arc;

use assay_domain::{Target, TlsTrust};
use reqwest::{ClientBuilder, Url, redirect};

use crate::tls;

/// The share of a request's time within which the connection, TLS included, must stand; less than
/// all of it, so that who is not reached and who does not answer can be told apart.
const CONNECT_SHARE: f64 = 0.8;

/// A client for a target, with its trust and the time limit of its connections. Proxies of the
/// environment are not used, since BMCs are near, and redirects are not followed.
///
/// # Errors
/// A text for the operator when the trust cannot be used.
pub(crate) fn builder(target: &Target) -> Result<ClientBuilder, String> {
    let builder = reqwest::Client::builder()
        .no_proxy()
        .http1_only()
        .redirect(redirect::Policy::none())
        .connect_timeout(target.request_timeout.mul_f64(CONNECT_SHARE))
        .user_agent(concat!("assay/", env!("CARGO_PKG_VERSION")));
    let tls = match tls::client_config(&target.trust)? {
        Some(tls) => tls,
        // Plain HTTP only; reqwest wants some TLS all the same, and must not go looking for one.
        None => rustls::ClientConfig::builder_with_provider(Arc::new(
            rustls::crypto::ring::default_provider(),
        ))
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth(),
    };
    Ok(builder.tls_backend_preconfigured(tls))
}

/// The target's address as a URL without a path.
///
/// # Errors
/// A text for the operator when the address cannot be one.
pub(crate) fn base_url(target: &Target) -> Result<Url, String> {
    let scheme = match target.trust {
        TlsTrust::Plain => "http",
        _ => "https",
    };
    Url::parse(&format!("{scheme}://{}", target.endpoint()))
        .map_err(|error| format!("the address cannot be used: {error}"))
}

/// Joins an error's text with those of its causes, as far as they say something new.
pub(crate) fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let more = cause.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        next = cause.source();
    }
    text
}
