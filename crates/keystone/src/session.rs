//! A user who is logged in: the token is got when it is first needed, kept, and renewed in time.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use assay_domain::Secret;
use reqwest::redirect::Policy;
use reqwest::{Certificate, Client, StatusCode, Url};
use tokio::sync::Mutex;

use crate::catalog::Catalog;
use crate::client::SUBJECT;
use crate::error::Error;
use crate::wire::{self, LoginAnswer};

/// A token is renewed when this part of its life is left, in percent.
const RENEW_AT_PERCENT: u32 = 10;
/// The life of a token that does not say when it was issued.
const SHORT_LIFE: Duration = Duration::from_secs(60);

/// The longest time that a connection may take to be there.
const CONNECT_LIMIT: Duration = Duration::from_secs(5);

/// Where Keystone is, and who logs in.
#[derive(Clone)]
pub struct KeystoneConfig {
    /// The identity API, e.g. `https://keystone.example.org:5000/v3`; `/v3` is added when absent.
    pub url: String,
    /// The user.
    pub username: String,
    /// The user's password.
    pub password: Secret,
    /// The name of the user's domain.
    pub user_domain: String,
    /// The name of the project in which the user works.
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

/// What a login gives.
#[derive(Clone)]
pub struct Grant {
    /// The token.
    pub token: Secret,
    /// The services that it is good for; empty when they were not asked for.
    pub catalog: Arc<Catalog>,
}

/// A user who is logged in, in one project.
pub struct Session {
    http: Client,
    tokens: Url,
    config: Arc<KeystoneConfig>,
    /// The id of the project that counts in place of the configured one.
    project_id: Option<String>,
    /// Held while a new token is asked for, so that only one caller logs in.
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    held: Option<Held>,
    /// The last refusal, and until when it is believed: accounts that keep failing may be locked.
    refusal: Option<(Instant, Error)>,
}

struct Held {
    grant: Grant,
    renew_at: Instant,
}

impl Session {
    /// A user who has not logged in yet, so that Keystone may be away when Assay starts.
    ///
    /// # Errors
    /// [`Error::Config`] for a URL or certificates that cannot be used.
    pub fn new(config: KeystoneConfig, wants_catalog: bool) -> Result<Self, Error> {
        let tokens = tokens_url(&config.url, wants_catalog)?;
        let mut builder = Client::builder()
            .timeout(config.timeout)
            .connect_timeout(config.timeout.min(CONNECT_LIMIT))
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
            config: Arc::new(config),
            project_id: None,
            state: Mutex::default(),
        })
    }

    /// The same user in another project, not logged in there yet.
    #[must_use]
    pub fn in_project(&self, project_id: &str) -> Self {
        Self {
            http: self.http.clone(),
            tokens: self.tokens.clone(),
            config: Arc::clone(&self.config),
            project_id: Some(project_id.to_owned()),
            state: Mutex::default(),
        }
    }

    /// The client that has the configured authorities and limit, and follows no redirections.
    pub fn http(&self) -> &Client {
        &self.http
    }

    /// Where tokens are made and looked up.
    pub(crate) fn tokens(&self) -> &Url {
        &self.tokens
    }

    /// The token, fresh or kept. One that was refused somewhere is named in `refused`, and another
    /// one is got in its place.
    ///
    /// # Errors
    /// [`Error`], when Keystone is away or refuses the user; a refusal is believed for a while.
    pub async fn grant(&self, refused: Option<&Secret>) -> Result<Grant, Error> {
        let mut state = self.state.lock().await;
        let now = Instant::now();
        if let Some(known) = &state.held
            && known.renew_at > now
            && refused != Some(&known.grant.token)
        {
            return Ok(known.grant.clone());
        }
        if let Some((until, error)) = &state.refusal
            && *until > now
        {
            return Err(error.clone());
        }
        *state = State::default();
        match self.log_in().await {
            Ok(fresh) => {
                let grant = fresh.grant.clone();
                state.held = Some(fresh);
                Ok(grant)
            }
            Err(error) => {
                if matches!(error, Error::ServiceUserRefused { .. }) {
                    state.refusal = Some((Instant::now() + error.pause(), error.clone()));
                }
                Err(error)
            }
        }
    }

    async fn log_in(&self) -> Result<Held, Error> {
        let asked_at = Instant::now();
        let body = wire::login(&self.config, self.project_id.as_deref());
        let request = self.http.post(self.tokens.clone()).json(&body);
        let answer = request.send().await.map_err(|error| Error::of(&error))?;
        let status = answer.status();
        let token = answer
            .headers()
            .get(SUBJECT)
            .and_then(|value| value.to_str().ok())
            .map(Secret::new);
        let body = answer.bytes().await.map_err(|error| Error::of(&error))?;
        match (status, token) {
            (StatusCode::CREATED, Some(token)) => {
                let told: LoginAnswer = serde_json::from_slice(&body)
                    .map_err(|error| Error::Odd(format!("a token that cannot be read: {error}")))?;
                tracing::debug!("logged in at the identity service");
                let renew_at = asked_at + life(&told) * (100 - RENEW_AT_PERCENT) / 100;
                let catalog = Arc::new(told.token.catalog);
                let grant = Grant { token, catalog };
                Ok(Held { grant, renew_at })
            }
            (StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN, _) => {
                Err(Error::ServiceUserRefused {
                    status: status.as_u16(),
                    message: wire::complaint(&body),
                })
            }
            (busy, _) if busy.is_server_error() => Err(Error::Busy(busy.as_u16())),
            _ => Err(Error::Odd(format!("{status} to the login"))),
        }
    }
}

/// How long the token lives by Keystone's own clock, which need not agree with ours.
fn life(told: &LoginAnswer) -> Duration {
    told.token
        .issued_at
        .and_then(|from| (told.token.expires_at - from).to_std().ok())
        .unwrap_or(SHORT_LIFE)
}

fn tokens_url(url: &str, wants_catalog: bool) -> Result<Url, Error> {
    let bad = |problem: String| Error::Config(format!("the URL '{url}': {problem}"));
    let base = url.trim_end_matches('/');
    let version = if base.ends_with("/v3") { "" } else { "/v3" };
    // Keystone leaves its catalog out of the answers then.
    let query = if wants_catalog { "" } else { "?nocatalog" };
    let parsed = Url::parse(&format!("{base}{version}/auth/tokens{query}"))
        .map_err(|error| bad(error.to_string()))?;
    if !["http", "https"].contains(&parsed.scheme()) {
        return Err(bad("expected http or https".to_owned()));
    }
    if !parsed.username().is_empty() || parsed.password().is_some() {
        return Err(bad("name and password are settings of their own".to_owned()));
    }
    Ok(parsed)
}
