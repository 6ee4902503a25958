//! The service user's own token: got when it is first needed, kept, and renewed in time.

use std::time::{Duration, Instant};

use assay_domain::Secret;
use reqwest::{Client, StatusCode, Url};
use tokio::sync::Mutex;

use crate::client::{KeystoneConfig, SUBJECT};
use crate::error::Error;
use crate::wire::{self, TokenAnswer};

/// A token is renewed when this part of its life is left, in percent.
const RENEW_AT_PERCENT: u32 = 10;
/// The life of a token that does not say when it was issued.
const SHORT_LIFE: Duration = Duration::from_secs(60);

/// The token that look-ups are made with.
#[derive(Default)]
pub(crate) struct ServiceToken {
    /// Held while a new one is asked for, so that only one caller logs in.
    held: Mutex<Option<Held>>,
}

#[derive(Clone)]
struct Held {
    token: Secret,
    renew_at: Instant,
}

impl ServiceToken {
    /// The token, fresh or kept. One that Keystone has refused is named in `refused`, and another
    /// one is got in its place.
    pub(crate) async fn get(
        &self,
        http: &Client,
        url: &Url,
        config: &KeystoneConfig,
        refused: Option<&Secret>,
    ) -> Result<Secret, Error> {
        let mut held = self.held.lock().await;
        if let Some(known) = &*held
            && known.renew_at > Instant::now()
            && refused != Some(&known.token)
        {
            return Ok(known.token.clone());
        }
        *held = None;
        let fresh = log_in(http, url, config).await?;
        let token = fresh.token.clone();
        *held = Some(fresh);
        Ok(token)
    }
}

async fn log_in(http: &Client, url: &Url, config: &KeystoneConfig) -> Result<Held, Error> {
    let asked_at = Instant::now();
    let request = http.post(url.clone()).json(&wire::login(config));
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
            let told: TokenAnswer = serde_json::from_slice(&body)
                .map_err(|error| Error::Odd(format!("a token that cannot be read: {error}")))?;
            tracing::debug!("logged in at the identity service");
            Ok(Held {
                token,
                renew_at: asked_at + life(&told) * (100 - RENEW_AT_PERCENT) / 100,
            })
        }
        (StatusCode::BAD_REQUEST | StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN, _) => {
            Err(Error::ServiceUserRefused {
                status: status.as_u16(),
                message: wire::complaint(&body),
            })
        }
        _ => Err(Error::Odd(format!("{status} to the login"))),
    }
}

/// How long the token lives by Keystone's own clock, which need not agree with ours.
fn life(told: &TokenAnswer) -> Duration {
    told.token
        .issued_at
        .and_then(|from| (told.token.expires_at - from).to_std().ok())
        .unwrap_or(SHORT_LIFE)
}
