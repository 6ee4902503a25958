//! What a service answered, and what its refusals mean.

use std::time::Duration;

use assay_domain::cloud::{CloudError, CloudResult};
use reqwest::{Response, StatusCode, header};
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::call::Call;

/// The longest answer that is read, in bytes: a page of 1,000 servers has about 4 MB.
const LONGEST: usize = 64 << 20;
/// The longest text of a refusal that is passed on, in characters.
const LONGEST_TEXT: usize = 500;
/// Seconds until a service that does not say when is asked again.
const SOON: u64 = 1;
/// The longest pause that a service may ask for, in seconds.
const LONGEST_PAUSE: u64 = 300;

/// An answer whose body has been read.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    /// Seconds after which the service wants to be asked again.
    retry_after: Option<u64>,
    body: Vec<u8>,
}

impl Answer {
    /// Reads a response to its end.
    pub(crate) async fn read(mut response: Response) -> Result<Self, String> {
        let status = response.status();
        let retry_after = response
            .headers()
            .get(header::RETRY_AFTER)
            .and_then(|value| value.to_str().ok()?.trim().parse::<u64>().ok())
            .map(|seconds| seconds.clamp(1, LONGEST_PAUSE));
        let mut body = Vec::new();
        while let Some(piece) = response.chunk().await.map_err(|error| network(&error))? {
            if body.len() + piece.len() > LONGEST {
                return Err(format!("the answer is longer than {LONGEST} bytes"));
            }
            body.extend_from_slice(&piece);
        }
        Ok(Self {
            status,
            retry_after,
            body,
        })
    }

    /// The body in these types.
    pub(crate) fn json<T: DeserializeOwned>(&self, service: &'static str) -> CloudResult<T> {
        serde_json::from_slice(&self.body).map_err(|error| CloudError::Malformed {
            service,
            reason: error.to_string(),
        })
    }

    /// The answer, when it is no refusal.
    pub(crate) fn accepted(self, call: &Call<'_>) -> CloudResult<Self> {
        if self.status.is_success() {
            return Ok(self);
        }
        Err(self.refusal(call))
    }

    fn refusal(&self, call: &Call<'_>) -> CloudError {
        let service = call.api.name();
        let text = complaint(&self.body).unwrap_or_else(|| self.status.to_string());
        match self.status.as_u16() {
            400 | 403 | 409 if text.contains("No valid host") => CloudError::NoValidHost(text),
            401 => CloudError::Unauthorized(text),
            // A quota is refused with the same status as a lack of rights.
            403 if text.starts_with("Policy") => CloudError::Unauthorized(text),
            400 | 403 | 422 => CloudError::Refused(text),
            404 => CloudError::NotFound {
                what: call.about.0,
                key: call.about.1.to_owned(),
            },
            406 => CloudError::Unsupported(text),
            409 => CloudError::Conflict(text),
            // What is told to wait has not been begun.
            413 | 429 | 503 => self.unavailable(service),
            // A question changes nothing, however it ended.
            500..=599 if call.is_question() => self.unavailable(service),
            500..=599 => CloudError::OutcomeUnknown {
                service,
                reason: text,
            },
            _ => CloudError::Malformed {
                service,
                reason: format!("it answered {}", self.status),
            },
        }
    }

    fn unavailable(&self, service: &'static str) -> CloudError {
        CloudError::Unavailable {
            service,
            retry_after: self.retry_after.unwrap_or(SOON),
        }
    }
}

/// What became of a request that got no answer.
pub(crate) fn lost(call: &Call<'_>, error: &reqwest::Error) -> CloudError {
    let (service, reason) = (call.api.name(), network(error));
    if error.is_connect() || error.is_builder() {
        return CloudError::Unreachable { service, reason };
    }
    cut_off(call, reason, error.is_timeout())
}

/// What became of a request whose answer did not come, or broke off.
pub(crate) fn cut_off(call: &Call<'_>, reason: String, is_timeout: bool) -> CloudError {
    let service = call.api.name();
    if !call.is_question() {
        return CloudError::OutcomeUnknown { service, reason };
    }
    if is_timeout {
        return CloudError::Timeout { service };
    }
    CloudError::Unreachable { service, reason }
}

/// How soon a question may be repeated after this error; none when it would fail alike.
pub(crate) fn pause(error: &CloudError, attempt: u32) -> Option<Duration> {
    let grown = Duration::from_millis(200) * 2_u32.pow(attempt.min(5));
    match error {
        CloudError::Unavailable { retry_after, .. } if *retry_after > SOON => {
            Some(Duration::from_secs(*retry_after))
        }
        passing if passing.is_passing() => Some(grown),
        _ => None,
    }
}

/// An error of the network with its causes; neither a URL's query nor a header is part of it.
fn network(error: &reqwest::Error) -> String {
    let mut cause = std::error::Error::source(error);
    let mut text = match cause {
        Some(_) => String::new(),
        None => error.to_string(),
    };
    while let Some(deeper) = cause {
        let colon = if text.is_empty() { "" } else { ": " };
        text = format!("{text}{colon}{deeper}");
        cause = deeper.source();
    }
    text
}

/// A refusal's own words: Nova and Cinder put them below the name of the error, Keystone below
/// `error`, Placement into a list.
fn complaint(body: &[u8]) -> Option<String> {
    let told: Value = serde_json::from_slice(body).ok()?;
    let of_list = || told.pointer("/errors/0/detail").and_then(Value::as_str);
    let text = told
        .as_object()?
        .values()
        .find_map(|value| value.get("message")?.as_str())
        .or_else(of_list)?;
    let text = text.trim();
    Some(text.chars().take(LONGEST_TEXT).collect())
}
