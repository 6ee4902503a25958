//! The client: looks tokens up with the service user's token.

use std::fmt;
use std::time::Duration;

use assay_domain::{Secret, TokenHolder, TokenValidator};
use async_trait::async_trait;
use reqwest::header::HeaderValue;
use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, StatusCode, Url};

use crate::error::Error;
use crate::outage::{Outage, unavailable};
use crate::service_token::ServiceToken;
use crate::wire::{self, TokenAnswer};

/// The header that carries the token which a request is about.
pub(crate) const SUBJECT: &str = "X-Subject-Token";
const TOKEN: &str = "X-Auth-Token";
/// The longest token that is asked about, in bytes: Keystone's own are far shorter, and some web
/// servers before it hang up on a request with longer headers.
const LONGEST_TOKEN: usize = 2 << 10;

/// Where Keystone is, and who asks it.
#[derive(Clone)]
pub struct KeystoneConfig {
    /// The identity API, e.g. `https://keystone.example.org:5000/v3`; `/v3` is added when absent.
    pub url: String,
    /// The service user.
    pub username: String,
    /// The service user's password.
    pub password: Secret,
    /// The name of the service user's domain.
    pub user_domain: String,
    /// The name of the project in which the service user may look tokens up.
    pub project: String,
    /// The name of that project's domain.
    pub project_domain: String,
    /// Authorities to believe in place of the system's, PEM.
    pub authorities: Option<Vec<u8>>,
    /// How long one request may take.
    pub timeout: Duration,
}

impl fmt::Debug for KeystoneConfig {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("KeystoneConfig")
            .field("url", &self.url)
            .field("username", &self.username)
            .finish_non_exhaustive()
    }
}

/// A Keystone that is asked whom tokens stand for.
pub struct Keystone {
    http: Client,
    tokens: Url,
    config: KeystoneConfig,
    service_token: ServiceToken,
    outage: Outage,
}

impl Keystone {
    /// A client; it asks nothing yet, so that Keystone may be away when Assay starts.
    ///
    /// # Errors
    /// [`Error::Config`] for a URL or certificates that cannot be used.
    pub fn new(config: KeystoneConfig) -> Result<Self, Error> {
        let tokens = tokens_url(&config.url)?;
        let mut builder = Client::builder()
            .timeout(config.timeout)
            .redirect(Policy::none())
            .no_proxy();
        if let Some(pem) = &config.authorities {
            let bad = |error| Error::Config(format!("the authorities: {error}"));
            let certificates = Certificate::from_pem_bundle(pem).map_err(bad)?;
            if certificates.is_empty() {
                return Err(Error::Config("the authorities: no certificate".to_owned()));
            }
            builder = builder.tls_certs_only(certificates);
        }
        let http = builder
            .build()
            .map_err(|error| Error::Config(error.to_string()))?;
        Ok(Self {
            http,
            tokens,
            config,
            service_token: ServiceToken::default(),
            outage: Outage::default(),
        })
    }

    async fn look_up(&self, token: &Secret) -> Result<Option<TokenHolder>, Error> {
        let Some(subject) = header(token) else {
            return Ok(None);
        };
        let mut service = self.service_token(None).await?;
        let mut renewed = false;
        loop {
            let (status, body) = self.ask(&service, &subject).await?;
            match status {
                StatusCode::OK => return read(&body).map(Some),
                StatusCode::NOT_FOUND | StatusCode::BAD_REQUEST => return Ok(None),
                // Keystone has revoked our own token, or lost the keys that it was made with.
                StatusCode::UNAUTHORIZED if !renewed => {
                    service = self.service_token(Some(&service)).await?;
                    renewed = true;
                }
                StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                    return Err(Error::NotAllowed(wire::complaint(&body)));
                }
                other => return Err(Error::Odd(format!("{other} to a look-up"))),
            }
        }
    }

    async fn service_token(&self, refused: Option<&Secret>) -> Result<Secret, Error> {
        self.service_token
            .get(&self.http, &self.tokens, &self.config, refused)
            .await
    }

    async fn ask(
        &self,
        service: &Secret,
        subject: &HeaderValue,
    ) -> Result<(StatusCode, Vec<u8>), Error> {
        let own = header(service).ok_or_else(|| Error::Odd("a token that is none".to_owned()))?;
        let answer = self
            .http
            .get(self.tokens.clone())
            .header(TOKEN, own)
            .header(SUBJECT, subject)
            .send()
            .await
            .map_err(|error| Error::of(&error))?;
        let status = answer.status();
        let body = answer.bytes().await.map_err(|error| Error::of(&error))?;
        Ok((status, body.to_vec()))
    }
}

#[async_trait]
impl TokenValidator for Keystone {
    async fn holder(&self, token: &Secret) -> assay_domain::Result<Option<TokenHolder>> {
        self.outage.check()?;
        let (end, told) = match self.look_up(token).await {
            Ok(holder) => {
                self.outage.end();
                let end = if holder.is_some() { "valid" } else { "unknown" };
                (end, Ok(holder))
            }
            Err(error) => {
                tracing::warn!(%error, url = %self.tokens, "the identity service cannot be asked");
                if error.is_everybodys() {
                    self.outage.begin(error.pause());
                }
                ("failed", Err(unavailable(error.pause())))
            }
        };
        metrics::counter!("assay_keystone_lookups_total", "end" => end).increment(1);
        told
    }
}

fn tokens_url(url: &str) -> Result<Url, Error> {
    let bad = |problem: String| Error::Config(format!("the URL '{url}': {problem}"));
    let base = url.trim_end_matches('/');
    let version = if base.ends_with("/v3") { "" } else { "/v3" };
    // Keystone leaves its catalog out of the answers then.
    let parsed = Url::parse(&format!("{base}{version}/auth/tokens?nocatalog"))
        .map_err(|error| bad(error.to_string()))?;
    if !["http", "https"].contains(&parsed.scheme()) {
        return Err(bad("expected http or https".to_owned()));
    }
    if !parsed.username().is_empty() || parsed.password().is_some() {
        return Err(bad("name and password are settings of their own".to_owned()));
    }
    Ok(parsed)
}

/// A token as a header that is not logged; none when it cannot be a token.
fn header(token: &Secret) -> Option<HeaderValue> {
    let text = token.expose();
    if text.is_empty() || text.len() > LONGEST_TOKEN {
        return None;
    }
    let mut value = HeaderValue::from_str(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

fn read(body: &[u8]) -> Result<TokenHolder, Error> {
    serde_json::from_slice::<TokenAnswer>(body)
        .map(|answer| answer.token.into_holder())
        .map_err(|error| Error::Odd(format!("a token that cannot be read: {error}")))
}
