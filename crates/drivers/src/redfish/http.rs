//! HTTP to one BMC: the transport under the schema-generated client.

use std::time::Duration;

use ::http::{HeaderMap, HeaderValue, StatusCode, header};
use assay_domain::Target;
use nv_redfish::bmc_http::{BmcCredentials, HttpClient, ModificationDecodeError};
use nv_redfish::bmc_http::{decode_modification, decode_poll};
use nv_redfish::core::{
    BoxTryStream, HttpPushUriUpdateRequest, ModificationResponse, MultipartUpdateRequest,
    ODataETag, Repair, SessionCreateResponse, UploadReader,
};
use reqwest::{RequestBuilder, Response, Url};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::fault::HttpFault;
use crate::http_client::{self, chain};

/// The longest answer that is read, in bytes. A large system document has some tens of kilobytes.
const BODY_LIMIT: usize = 4 << 20;
/// Redirects of a read that are followed on the same host, e.g. to a path with a slash at its end.
const REDIRECT_LIMIT: usize = 3;
/// How much longer than any other request a login is listened for: an answer that comes after the
/// caller has given up still tells which session has to be ended.
const LATE_LOGIN: Duration = Duration::from_secs(30);
/// The least time for a logout (the only DELETE here): a session left open costs more than a wait.
const LEAST_LOGOUT: Duration = Duration::from_secs(4);
/// The header with the token of a session (DSP0266, 13.3.4).
const TOKEN: &str = "x-auth-token";

/// A client of one BMC.
pub(super) struct Client {
    inner: reqwest::Client,
    timeout: Duration,
}

/// A whole answer.
struct Answer {
    url: Url,
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Client {
    /// A client for a target, with its trust and time limit.
    ///
    /// # Errors
    /// A text for the operator when the trust cannot be used.
    pub(super) fn new(target: &Target) -> Result<Self, String> {
        let inner = http_client::builder(target)?
            .build()
            .map_err(|error| chain(&error))?;
        Ok(Self {
            inner,
            timeout: target.request_timeout,
        })
    }

    async fn exchange(&self, request: RequestBuilder) -> Result<Answer, HttpFault> {
        self.exchange_within(self.timeout, request).await
    }

    async fn exchange_within(
        &self,
        limit: Duration,
        request: RequestBuilder,
    ) -> Result<Answer, HttpFault> {
        let response = request
            .timeout(limit)
            .send()
            .await
            .map_err(|error| self.fault(error))?;
        self.answer(response).await
    }

    async fn answer(&self, mut response: Response) -> Result<Answer, HttpFault> {
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.fault(error))? {
            if body.len() + chunk.len() > BODY_LIMIT {
                return Err(HttpFault::Malformed(format!(
                    "its answer is longer than {BODY_LIMIT} bytes"
                )));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answer {
            url: response.url().clone(),
            status: response.status(),
            headers: std::mem::take(response.headers_mut()),
            body,
        })
    }

    fn fault(&self, error: reqwest::Error) -> HttpFault {
        let connect = error.is_connect();
        let timeout = error.is_timeout();
        let request = error.is_builder();
        let text = chain(&error.without_url());
        if connect {
            HttpFault::Connect(text)
        } else if timeout {
            HttpFault::Timeout(self.timeout)
        } else if request {
            HttpFault::Request(text)
        } else {
            HttpFault::Broken(text)
        }
    }

    /// Reads, following redirects on the same host: a token must not go to another.
    async fn read(&self, url: Url, credentials: &BmcCredentials) -> Result<Answer, HttpFault> {
        let mut url = url;
        for _ in 0..=REDIRECT_LIMIT {
            let request = proven(self.inner.get(url.clone()), credentials);
            let answer = self.exchange(request).await?;
            match redirected(&answer) {
                Some(next) => url = next,
                None => return answer.success(),
            }
        }
        Err(HttpFault::Malformed("it redirects without end".into()))
    }

    async fn modify<T: DeserializeOwned>(
        &self,
        request: RequestBuilder,
    ) -> Result<ModificationResponse<T>, HttpFault> {
        self.exchange(request).await?.modification()
    }
}

impl Answer {
    fn success(self) -> Result<Self, HttpFault> {
        if self.status.is_success() {
            Ok(self)
        } else {
            Err(HttpFault::Status {
                status: self.status.as_u16(),
                body: String::from_utf8_lossy(&self.body).into_owned(),
            })
        }
    }

    fn header(&self, name: impl header::AsHeaderName) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    fn json(&self) -> Result<Value, HttpFault> {
        serde_json::from_slice(&self.body)
            .map_err(|error| HttpFault::Malformed(format!("its answer is not JSON: {error}")))
    }

    /// The outcome of a change. A 2xx without a usable body is a success without a body: firmware
    /// answers with texts, empty objects, or 202 without saying where the task is.
    fn modification<T: DeserializeOwned>(self) -> Result<ModificationResponse<T>, HttpFault> {
        let answer = self.success()?;
        match decode_modification(&answer.url, answer.status, &answer.headers, &answer.body) {
            Ok(response) => Ok(response),
            Err(ModificationDecodeError::InvalidResponse { text, .. })
                if serde_json::from_str::<Value>(&text).is_ok() =>
            {
                Err(HttpFault::Status {
                    status: answer.status.as_u16(),
                    body: text,
                })
            }
            Err(_) => Ok(ModificationResponse::Empty),
        }
    }
}

/// Where a read is sent next, if the answer sends it on within the same host.
fn redirected(answer: &Answer) -> Option<Url> {
    if !matches!(answer.status.as_u16(), 301 | 302 | 307 | 308) {
        return None;
    }
    let next = answer.url.join(answer.header(header::LOCATION)?).ok()?;
    (next.origin() == answer.url.origin()).then_some(next)
}

fn proven(request: RequestBuilder, credentials: &BmcCredentials) -> RequestBuilder {
    let request = request
        .header(header::ACCEPT, "application/json")
        .header("odata-version", "4.0");
    match credentials {
        BmcCredentials::Anonymous => request,
        BmcCredentials::UsernamePassword { username, password } => {
            request.basic_auth(username, password.as_ref())
        }
        BmcCredentials::Token { token } => match HeaderValue::from_str(token) {
            Ok(mut value) => {
                value.set_sensitive(true);
                request.header(TOKEN, value)
            }
            Err(_) => request,
        },
    }
}

impl HttpClient for Client {
    type Error = HttpFault;

    async fn get<T>(
        &self,
        url: Url,
        credentials: &BmcCredentials,
        _etag: Option<ODataETag>,
        _headers: &HeaderMap,
        repair: &impl Repair,
    ) -> Result<T, HttpFault>
    where
        T: DeserializeOwned + Send + Sync,
    {
        let answer = self.read(url, credentials).await?;
        let mut document = answer.json()?;
        repair.repair(&mut document);
        if let (Some(etag), Some(object)) = (answer.header(header::ETAG), document.as_object_mut())
        {
            object.insert("@odata.etag".into(), etag.into());
        }
        serde_path_to_error::deserialize(document).map_err(HttpFault::Decode)
    }

    async fn poll<T>(
        &self,
        url: Url,
        credentials: &BmcCredentials,
        _headers: &HeaderMap,
    ) -> Result<ModificationResponse<T>, HttpFault>
    where
        T: DeserializeOwned + Send + Sync,
    {
        let answer = self.read(url, credentials).await?;
        decode_poll(&answer.url, answer.status, &answer.headers, &answer.body)
            .map_err(|error| HttpFault::Malformed(error.to_string()))
    }

    async fn post<B, T>(
        &self,
        url: Url,
        body: &B,
        credentials: &BmcCredentials,
        _headers: &HeaderMap,
    ) -> Result<ModificationResponse<T>, HttpFault>
    where
        B: Serialize + Send + Sync,
        T: DeserializeOwned + Send + Sync,
    {
        self.modify(proven(self.inner.post(url), credentials).json(body))
            .await
    }

    async fn post_session<B, T>(
        &self,
        url: Url,
        body: &B,
        _headers: &HeaderMap,
    ) -> Result<SessionCreateResponse<T>, HttpFault>
    where
        B: Serialize + Send + Sync,
        T: DeserializeOwned + Send + Sync,
    {
        let request = proven(self.inner.post(url), &BmcCredentials::Anonymous).json(body);
        let limit = self.timeout + LATE_LOGIN;
        let answer = self.exchange_within(limit, request).await?.success()?;
        let document = answer.json().unwrap_or_default();
        let auth_token = answer
            .header(TOKEN)
            .ok_or_else(|| HttpFault::Malformed("its new session has no token".into()))?
            .to_owned();
        let location = answer
            .header(header::LOCATION)
            .or_else(|| document.get("@odata.id")?.as_str())
            .and_then(|location| answer.url.join(location).ok())
            .ok_or_else(|| HttpFault::Malformed("its new session has no address".into()))?;
        Ok(SessionCreateResponse {
            entity: serde_path_to_error::deserialize(document).map_err(HttpFault::Decode)?,
            auth_token,
            location: location.path().to_owned().into(),
        })
    }

    async fn patch<B, T>(
        &self,
        url: Url,
        etag: ODataETag,
        body: &B,
        credentials: &BmcCredentials,
        _headers: &HeaderMap,
    ) -> Result<ModificationResponse<T>, HttpFault>
    where
        B: Serialize + Send + Sync,
        T: DeserializeOwned + Send + Sync,
    {
        let request = proven(self.inner.patch(url), credentials)
            .header(header::IF_MATCH, etag.to_string())
            .json(body);
        self.modify(request).await
    }

    async fn delete<T>(
        &self,
        url: Url,
        credentials: &BmcCredentials,
        _headers: &HeaderMap,
    ) -> Result<ModificationResponse<T>, HttpFault>
    where
        T: DeserializeOwned + Send + Sync,
    {
        let limit = self.timeout.max(LEAST_LOGOUT);
        let request = proven(self.inner.delete(url), credentials);
        self.exchange_within(limit, request).await?.modification()
    }

    async fn post_multipart_update<U, V, T>(
        &self,
        _url: Url,
        _request: MultipartUpdateRequest<'_, U, V>,
        _credentials: &BmcCredentials,
        _headers: &HeaderMap,
    ) -> Result<ModificationResponse<T>, HttpFault>
    where
        U: UploadReader,
        T: DeserializeOwned + Send + Sync,
        V: Serialize + Send + Sync,
    {
        Err(HttpFault::NoAction)
    }

    async fn post_http_push_uri_update<U, T>(
        &self,
        _url: Url,
        _request: HttpPushUriUpdateRequest<U>,
        _credentials: &BmcCredentials,
        _headers: &HeaderMap,
    ) -> Result<ModificationResponse<T>, HttpFault>
    where
        U: UploadReader,
        T: DeserializeOwned + Send + Sync,
    {
        Err(HttpFault::NoAction)
    }

    async fn sse<T: Sized + for<'de> Deserialize<'de> + Send>(
        &self,
        _url: Url,
        _credentials: &BmcCredentials,
        _headers: &HeaderMap,
    ) -> Result<BoxTryStream<T, HttpFault>, HttpFault> {
        Err(HttpFault::NoAction)
    }
}
