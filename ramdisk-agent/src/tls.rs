//! TLS for the report: whom to trust, and how a wrong clock is survived.
//!
//! A machine whose battery ran out believes in 1970, or in its build year. So
//! a certificate whose only fault is its dates is accepted, provided that the
//! chain to the given CA and the server's name are right at some moment
//! within the certificates' own validity. The price: a certificate that has
//! really expired is accepted too, for this one post, by a machine that holds
//! no secrets but a nonce that is good once.

use std::io::{Read, Write};
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, ClientConnection, DigitallySignedStruct, RootCertStore,
    SignatureScheme, StreamOwned,
};
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, Either, LazyBuffers, NextTimeout, Transport,
    TransportAdapter,
};

use crate::Error;

/// How servers are checked: against the CA with this DER; without one, and
/// told to be insecure, not at all; else there is no configuration for https.
pub fn client_config(ca: Option<&[u8]>, insecure: bool) -> Result<Option<ClientConfig>, Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let trust = match ca {
        Some(der) => Some(trust_in(der, &provider)?),
        None if insecure => None,
        None => return Ok(None),
    };
    let verifier = Arc::new(Verifier {
        trust,
        provider: provider.clone(),
    });
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::Tls(error.to_string()))?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    Ok(Some(config))
}

fn trust_in(der: &[u8], provider: &Arc<CryptoProvider>) -> Result<Trust, Error> {
    let ca = CertificateDer::from(der.to_vec());
    let wrong = |error: &dyn std::fmt::Display| Error::Tls(format!("assay.ca: {error}"));
    let mut roots = RootCertStore::empty();
    roots.add(ca.clone()).map_err(|error| wrong(&error))?;
    let chain = WebPkiServerVerifier::builder_with_provider(roots.into(), provider.clone())
        .build()
        .map_err(|error| wrong(&error))?;
    Ok(Trust { ca, chain })
}

#[derive(Debug)]
struct Trust {
    ca: CertificateDer<'static>,
    chain: Arc<WebPkiServerVerifier>,
}

#[derive(Debug)]
struct Verifier {
    /// `None`: anybody is trusted.
    trust: Option<Trust>,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let Some(trust) = &self.trust else {
            return Ok(ServerCertVerified::assertion());
        };
        if *end_entity == trust.ca {
            // A self-signed certificate given as its own CA.
            let parsed = rustls::server::ParsedCertificate::try_from(end_entity)?;
            rustls::client::verify_server_name(&parsed, server_name)?;
            return Ok(ServerCertVerified::assertion());
        }
        let at = |moment| {
            trust.chain.verify_server_cert(
                end_entity,
                intermediates,
                server_name,
                ocsp_response,
                moment,
            )
        };
        survive_wrong_clock(at, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let known = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signature, known)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let known = &self.provider.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signature, known)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider
            .signature_verification_algorithms
            .supported_schemes()
    }
}

/// Verifies now; and where only a date is wrong, at the end of the validity
/// that it names. Each of a chain's certificates may name another.
fn survive_wrong_clock<T>(
    verify: impl Fn(UnixTime) -> Result<T, rustls::Error>,
    now: UnixTime,
) -> Result<T, rustls::Error> {
    let mut outcome = verify(now);
    for _ in 0..4 {
        let moment = match &outcome {
            Err(rustls::Error::InvalidCertificate(CertificateError::ExpiredContext {
                not_after,
                ..
            })) => *not_after,
            Err(rustls::Error::InvalidCertificate(CertificateError::NotValidYetContext {
                not_before,
                ..
            })) => *not_before,
            _ => return outcome,
        };
        outcome = verify(moment);
    }
    outcome
}

/// Wraps connections for https in TLS.
#[derive(Debug)]
pub struct TlsConnector(Option<Arc<ClientConfig>>);

impl TlsConnector {
    /// Without a configuration https fails.
    pub fn new(config: Option<ClientConfig>) -> Self {
        Self(config.map(Arc::new))
    }
}

impl<In: Transport> Connector<In> for TlsConnector {
    type Out = Either<In, TlsTransport>;

    fn connect(
        &self,
        details: &ConnectionDetails,
        chained: Option<In>,
    ) -> Result<Option<Self::Out>, ureq::Error> {
        let Some(transport) = chained else {
            return Ok(None);
        };
        if !details.needs_tls() {
            return Ok(Some(Either::A(transport)));
        }
        let config = self
            .0
            .clone()
            .ok_or(ureq::Error::Tls("https needs assay.ca or assay.insecure=1"))?;
        let host = details.uri.host().unwrap_or_default();
        let name = ServerName::try_from(host.trim_matches(['[', ']']).to_owned())
            .map_err(|_| ureq::Error::Tls("the server's name is invalid"))?;
        let connection = ClientConnection::new(config, name).map_err(ureq::Error::Rustls)?;
        let mut socket = TransportAdapter::new(transport.boxed(), details.current_time.clone());
        socket.set_timeout(details.timeout);
        let mut stream = StreamOwned::new(connection, socket);
        stream.conn.complete_io(&mut stream.sock)?;
        let config = details.config;
        let buffers = LazyBuffers::new(config.input_buffer_size(), config.output_buffer_size());
        Ok(Some(Either::B(TlsTransport { buffers, stream })))
    }
}

/// A connection within TLS.
pub struct TlsTransport {
    buffers: LazyBuffers,
    stream: StreamOwned<ClientConnection, TransportAdapter>,
}

impl Transport for TlsTransport {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), ureq::Error> {
        self.stream.sock.set_timeout(timeout);
        let output = &self.buffers.output()[..amount];
        Ok(self.stream.write_all(output)?)
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, ureq::Error> {
        self.stream.sock.set_timeout(timeout);
        let amount = self.stream.read(self.buffers.input_append_buf())?;
        self.buffers.input_appended(amount);
        Ok(amount > 0)
    }

    fn is_open(&mut self) -> bool {
        self.stream.sock.get_mut().is_open()
    }

    fn is_tls(&self) -> bool {
        true
    }
}

impl std::fmt::Debug for TlsTransport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TlsTransport").finish_non_exhaustive()
    }
}
