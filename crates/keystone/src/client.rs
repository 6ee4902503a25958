//! The client: looks tokens up with the service user's token.

use assay_domain::{Secret, TokenHolder, TokenValidator};
use async_trait::async_trait;
use reqwest::StatusCode;
use reqwest::header::HeaderValue;

use crate::error::Error;
use crate::outage::{Outage, unavailable};
use crate::session::{KeystoneConfig, Session};
use crate::wire::{self, TokenAnswer};

/// The header that carries the token which a request is about.
pub(crate) const SUBJECT: &str = "X-Subject-Token";
const TOKEN: &str = "X-Auth-Token";
/// The longest token that is asked about, in bytes: Keystone's own are far shorter, and some web
/// servers before it hang up on a request with longer headers.
const LONGEST_TOKEN: usize = 2 << 10;

/// A Keystone that is asked whom tokens stand for.
pub struct Keystone {
    /// The service user, with whose token others are looked up.
    session: Session,
    outage: Outage,
}

impl Keystone {
    /// A client; it asks nothing yet, so that Keystone may be away when Assay starts.
    ///
    /// # Errors
    /// [`Error::Config`] for a URL or certificates that cannot be used.
    pub fn new(config: KeystoneConfig) -> Result<Self, Error> {
        Ok(Self {
            session: Session::new(config, false)?,
            outage: Outage::default(),
        })
    }

    async fn look_up(&self, token: &Secret) -> Result<Option<TokenHolder>, Error> {
        let Some(subject) = token_header(token) else {
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
        Ok(self.session.grant(refused).await?.token)
    }

    async fn ask(
        &self,
        service: &Secret,
        subject: &HeaderValue,
    ) -> Result<(StatusCode, Vec<u8>), Error> {
        let own =
            token_header(service).ok_or_else(|| Error::Odd("a token that is none".to_owned()))?;
        let answer = self
            .session
            .http()
            .get(self.session.tokens().clone())
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
                tracing::warn!(%error, url = %self.session.tokens(), "the identity service cannot be asked");
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

/// A token as the value of a header that is not logged; none when it cannot be a token.
pub fn token_header(token: &Secret) -> Option<HeaderValue> {
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
