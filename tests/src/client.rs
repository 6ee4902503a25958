//! A small HTTP client that keeps the whole reply, errors included.

use std::path::Path;
use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderValue};
use reqwest::{Method, RequestBuilder};
use serde_json::Value;

/// How long a reply may take: actions on a guest take minutes beside other tests, and what hangs is
/// ended by the runner of the tests.
const PATIENCE: Duration = Duration::from_mins(5);

/// Asks one server, with a token when it has one.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    base: String,
    token: Option<String>,
}

/// A whole reply.
#[derive(Debug, Clone)]
pub struct Reply {
    /// The status code.
    pub status: u16,
    /// All headers.
    pub headers: HeaderMap,
    /// The body as it came.
    pub body: Vec<u8>,
}

impl Client {
    /// A client of the server at `base`, e.g. `http://127.0.0.1:5050`.
    pub fn new(base: &str) -> Self {
        Self::build(base, reqwest::Client::builder())
    }

    /// A client of an HTTPS server with this certificate (a PEM file), and of no other.
    pub fn trusting(base: &str, certificate: &Path) -> Self {
        let pem = std::fs::read(certificate).unwrap();
        let certificate = reqwest::Certificate::from_pem(&pem).unwrap();
        let builder = reqwest::Client::builder();
        Self::build(base, builder.tls_certs_only([certificate]))
    }

    fn build(base: &str, builder: reqwest::ClientBuilder) -> Self {
        // Somebody else in this process may have chosen the same provider already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = builder
            .timeout(PATIENCE)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .unwrap();
        Self {
            http,
            base: base.to_owned(),
            token: None,
        }
    }

    /// The same client with a token on every request.
    #[must_use]
    pub fn with_token(&self, token: &str) -> Self {
        Self {
            token: Some(token.to_owned()),
            ..self.clone()
        }
    }

    /// The same client without a token.
    #[must_use]
    pub fn without_token(&self) -> Self {
        Self {
            token: None,
            ..self.clone()
        }
    }

    /// The server's address without a path.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// The token that goes with every request.
    pub fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    /// A request to be completed and then given to [`send`].
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.base));
        match &self.token {
            Some(token) => request.header("X-Auth-Token", token),
            None => request,
        }
    }

    /// GET.
    pub async fn get(&self, path: &str) -> Reply {
        send(self.request(Method::GET, path)).await
    }

    /// GET of a server that may not answer.
    pub async fn try_get(&self, path: &str) -> Result<Reply, reqwest::Error> {
        try_send(self.request(Method::GET, path)).await
    }

    /// DELETE.
    pub async fn delete(&self, path: &str) -> Reply {
        send(self.request(Method::DELETE, path)).await
    }

    /// POST of a JSON body.
    pub async fn post(&self, path: &str, body: &Value) -> Reply {
        send(self.request(Method::POST, path).json(body)).await
    }

    /// PUT of a JSON body.
    pub async fn put(&self, path: &str, body: &Value) -> Reply {
        send(self.request(Method::PUT, path).json(body)).await
    }

    /// POST with `Content-Length: 0` and no content type, as Inspector's clients send it.
    pub async fn post_empty(&self, path: &str) -> Reply {
        send(
            self.request(Method::POST, path)
                .header("Content-Length", "0"),
        )
        .await
    }
}

/// Sends a request and reads the whole reply.
pub async fn send(request: RequestBuilder) -> Reply {
    try_send(request).await.expect("the server answers")
}

/// As [`send`], for a server that may be down.
pub async fn try_send(request: RequestBuilder) -> Result<Reply, reqwest::Error> {
    let response = request.send().await?;
    Ok(Reply {
        status: response.status().as_u16(),
        headers: response.headers().clone(),
        body: response.bytes().await?.to_vec(),
    })
}

impl Reply {
    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{} is not JSON: {error}: {}", self.status, self.text()))
    }

    /// A header's value, or nothing.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(HeaderValue::to_str)?.ok()
    }

    /// The same reply; panics with the body when its status is another one.
    #[must_use]
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "body: {}", self.text());
        self
    }
}
