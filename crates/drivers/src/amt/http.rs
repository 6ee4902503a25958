//! HTTP to one AMT device.

use std::time::Duration;

use ::http::{HeaderValue, header};
use assay_domain::Target;
use reqwest::{Client, Response, Url};

use super::fault::Fault;
use crate::http_client::{self, chain};

/// Where AMT takes WS-Management; the digest is made of it as well.
pub(super) const PATH: &str = "/wsman";
/// The longest answer that is read, in bytes. AMT's longest, its whole event log, has 30,000.
const BODY_LIMIT: usize = 256 << 10;

/// A client of one device.
pub(super) struct Http {
    inner: Client,
    url: Url,
    timeout: Duration,
}

/// A whole answer.
pub(super) struct HttpAnswer {
    /// The HTTP status.
    pub(super) status: u16,
    /// The values of its `WWW-Authenticate` headers.
    pub(super) challenges: Vec<String>,
    /// Its body.
    pub(super) body: Vec<u8>,
}

impl Http {
    /// A client for a target, with its trust and time limit.
    ///
    /// # Errors
    /// A text for the operator when the trust or the address cannot be used.
    pub(super) fn new(target: &Target) -> Result<Self, String> {
        // Each request has a connection of its own: AMT ends idle ones when it likes, and a power
        // command that meets such an end could not be told from one that was carried out.
        let inner = http_client::builder(target)?
            .pool_max_idle_per_host(0)
            .build()
            .map_err(|error| chain(&error))?;
        let mut url = http_client::base_url(target)?;
        url.set_path(PATH);
        Ok(Self {
            inner,
            url,
            timeout: target.request_timeout,
        })
    }

    /// Sends an envelope, once.
    pub(super) async fn post(
        &self,
        envelope: String,
        authorization: Option<String>,
    ) -> Result<HttpAnswer, Fault> {
        let mut request = self
            .inner
            .post(self.url.clone())
            .timeout(self.timeout)
            // DSP0226, A.2: SOAP 1.2 over HTTP.
            .header(header::CONTENT_TYPE, "application/soap+xml;charset=UTF-8")
            .header(header::CONNECTION, "close")
            .body(envelope);
        if let Some(authorization) = authorization {
            let mut value = HeaderValue::try_from(authorization)
                .map_err(|_| Fault::Request("the login does not fit into a header".into()))?;
            value.set_sensitive(true);
            request = request.header(header::AUTHORIZATION, value);
        }
        let response = request.send().await.map_err(|error| self.fault(error))?;
        self.answer(response).await
    }

    async fn answer(&self, mut response: Response) -> Result<HttpAnswer, Fault> {
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.fault(error))? {
            if body.len() + chunk.len() > BODY_LIMIT {
                return Err(Fault::Answer(format!(
                    "its answer is longer than {BODY_LIMIT} bytes"
                )));
            }
            body.extend_from_slice(&chunk);
        }
        let challenges = response.headers().get_all(header::WWW_AUTHENTICATE);
        Ok(HttpAnswer {
            status: response.status().as_u16(),
            challenges: challenges
                .iter()
                .filter_map(|value| value.to_str().ok().map(str::to_owned))
                .collect(),
            body,
        })
    }

    fn fault(&self, error: reqwest::Error) -> Fault {
        let connect = error.is_connect();
        let timeout = error.is_timeout();
        let request = error.is_builder();
        let text = chain(&error.without_url());
        if connect {
            Fault::Connect(text)
        } else if timeout {
            Fault::Timeout(self.timeout)
        } else if request {
            Fault::Request(text)
        } else {
            Fault::Broken(text)
        }
    }
}
