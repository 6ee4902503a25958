//! Why Keystone could not be asked.

use std::time::Duration;

/// Why Keystone could not be asked. No variant holds a token or a password.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// The URL or a certificate of the configuration is none.
    #[error("{0}")]
    Config(String),
    /// There is no connection, or no answer in time.
    #[error("it does not answer: {0}")]
    Unreachable(String),
    /// It refused the service user's name and password.
    #[error("it refused the service user ({status}): {message}")]
    ServiceUserRefused {
        /// The HTTP status.
        status: u16,
        /// Keystone's own words.
        message: String,
    },
    /// The service user may not look tokens up.
    #[error("the service user may not look tokens up: {0}")]
    NotAllowed(String),
    /// It answered that it cannot, with this HTTP status.
    #[error("it is not available ({0})")]
    Busy(u16),
    /// It answered something that the identity API does not know here.
    #[error("it answered {0}")]
    Odd(String),
}

impl Error {
    /// How long it makes little sense to ask again. A refused service user waits longest, because
    /// Keystone may lock an account that keeps failing.
    pub(crate) fn pause(&self) -> Duration {
        match self {
            Self::ServiceUserRefused { .. } => Duration::from_secs(30),
            Self::NotAllowed(_) | Self::Config(_) => Duration::from_secs(5),
            Self::Unreachable(_) | Self::Busy(_) | Self::Odd(_) => Duration::from_secs(2),
        }
    }

    /// Whether the next question would fail alike. An odd answer may be one token's own.
    pub(crate) fn is_everybodys(&self) -> bool {
        !matches!(self, Self::Odd(_))
    }

    pub(crate) fn of(error: &reqwest::Error) -> Self {
        // Neither the URL nor a header is part of it: tokens are in headers.
        let mut text = error.to_string();
        let mut cause = std::error::Error::source(error);
        while let Some(deeper) = cause {
            text = format!("{text}: {deeper}");
            cause = deeper.source();
        }
        Self::Unreachable(text)
    }
}
