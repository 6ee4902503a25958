//! The HTTP client of simulated firmware and agents.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::{StreamExt, stream};
use http_body_util::StreamBody;
use hyper::body::Frame;
use rustls::RootCertStore;
use rustls_pki_types::CertificateDer;

use crate::Error;

/// A server that does not take a connection in this time is not there.
const CONNECT: Duration = Duration::from_secs(5);
/// No single request takes longer.
const WHOLE: Duration = Duration::from_mins(2);

/// How long half a report takes to reach the network.
const ON_ITS_WAY: Duration = Duration::from_millis(200);

/// A client to be shared by any number of machines.
#[derive(Debug, Clone)]
pub struct Http {
    client: reqwest::Client,
}

impl Http {
    /// A client that trusts these certification authorities for HTTPS and no others.
    pub fn new(trusted: impl IntoIterator<Item = CertificateDer<'static>>) -> Result<Self, Error> {
        let mut roots = RootCertStore::empty();
        for certificate in trusted {
            roots.add(certificate)?;
        }
        let tls = rustls::ClientConfig::builder_with_provider(Arc::new(
            rustls::crypto::ring::default_provider(),
        ))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
        let client = reqwest::Client::builder()
            .no_proxy()
            .connect_timeout(CONNECT)
            .timeout(WHOLE)
            .tls_backend_preconfigured(tls)
            .build()
            .map_err(|error| Error::Client(error.to_string()))?;
        Ok(Self { client })
    }

    /// The whole body of a successful answer; the error says why there is none.
    pub(crate) async fn get(&self, url: &str, largest: usize) -> Result<Bytes, String> {
        let mut answer = self.ask(url).await?;
        let mut body = Vec::new();
        while let Some(part) = answer.chunk().await.map_err(|error| error.to_string())? {
            if body.len() + part.len() > largest {
                return Err(format!("{url} is larger than {largest} bytes"));
            }
            body.extend_from_slice(&part);
        }
        Ok(body.into())
    }

    /// Loads at most the first `wanted` bytes of a successful answer and forgets them; gives how many they were.
    pub(crate) async fn load(&self, url: &str, wanted: u64) -> Result<u64, String> {
        let mut answer = self.ask(url).await?;
        let mut loaded = 0;
        while loaded < wanted {
            match answer.chunk().await.map_err(|error| error.to_string())? {
                Some(part) => loaded += part.len() as u64,
                None => break,
            }
        }
        Ok(loaded)
    }

    /// Posts JSON, or nothing, and gives the status of the answer.
    pub(crate) async fn post(&self, url: &str, body: Option<Bytes>) -> Result<u16, String> {
        let mut request = self.client.post(url);
        request = match body {
            Some(body) => request
                .header("content-type", "application/json")
                .body(body),
            None => request.header("content-length", "0"),
        };
        request
            .send()
            .await
            .map(|answer| answer.status().as_u16())
            .map_err(|error| error.to_string())
    }

    /// Posts half of a body that it has announced whole, hangs up, and says what came of it.
    pub(crate) async fn break_off(&self, url: &str, body: Bytes) -> String {
        let half = body.slice(..body.len() / 2);
        let gone = std::io::Error::other("the machine is gone");
        let begin = stream::once(std::future::ready(Ok(Frame::data(half))));
        // What was begun is on its way before the machine goes.
        let end = stream::once(async {
            tokio::time::sleep(ON_ITS_WAY).await;
            Err(gone)
        });
        let broken = StreamBody::new(Box::pin(begin.chain(end)));
        let request = self
            .client
            .post(url)
            .header("content-type", "application/json")
            .header("content-length", body.len());
        match request.body(reqwest::Body::wrap(broken)).send().await {
            Ok(answer) => format!("answered {} to half a report", answer.status()),
            Err(error) => error.to_string(),
        }
    }

    async fn ask(&self, url: &str) -> Result<reqwest::Response, String> {
        let answer = self
            .client
            .get(url)
            .send()
            .await
            .map_err(|error| error.to_string())?;
        let status = answer.status();
        if status.is_success() {
            Ok(answer)
        } else {
            Err(format!("{url} answered {status}"))
        }
    }
}
