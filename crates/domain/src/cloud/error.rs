//! Why a cloud did not do or say what it was asked.

use crate::error::Error;

/// The result of asking a cloud.
pub type CloudResult<T> = std::result::Result<T, CloudError>;

/// Why a cloud did not do or say what it was asked. No variant holds a token or a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CloudError {
    /// There is no connection: what was asked has not reached it.
    #[error("the cloud's {service} service cannot be reached: {reason}")]
    Unreachable {
        /// The kind of service, e.g. `compute`.
        service: &'static str,
        /// What the network says.
        reason: String,
    },
    /// It is busy or down, and has not done what was asked.
    #[error("the cloud's {service} service is not available")]
    Unavailable {
        /// The kind of service.
        service: &'static str,
        /// Seconds until another request makes sense.
        retry_after: u64,
    },
    /// It did not answer a question in time.
    #[error("the cloud's {service} service did not answer in time")]
    Timeout {
        /// The kind of service.
        service: &'static str,
    },
    /// It was told to do something, and the answer was lost: it may have been done.
    #[error("the answer of the cloud's {service} service was lost, it may have done it: {reason}")]
    OutcomeUnknown {
        /// The kind of service.
        service: &'static str,
        /// How the answer was lost.
        reason: String,
    },
    /// It does not let Assay in, or does not let it do this.
    #[error("the cloud does not allow Assay this: {0}")]
    Unauthorized(String),
    /// The thing does not exist in the cloud.
    #[error("{what} {key} was not found in the cloud")]
    NotFound {
        /// The kind of thing, e.g. `Instance`.
        what: &'static str,
        /// What it was looked for by.
        key: String,
    },
    /// The state of the thing does not allow this, now.
    #[error("the cloud refuses: {0}")]
    Conflict(String),
    /// It will not do this; the text is its own.
    #[error("the cloud refuses: {0}")]
    Refused(String),
    /// No host can take the instance.
    #[error("the cloud has no host for it: {0}")]
    NoValidHost(String),
    /// It is too old for this, or has no such service.
    #[error("this cloud cannot do that: {0}")]
    Unsupported(String),
    /// It answered what its API does not know.
    #[error("the answer of the cloud's {service} service cannot be read: {reason}")]
    Malformed {
        /// The kind of service.
        service: &'static str,
        /// What is wrong with it.
        reason: String,
    },
}

impl CloudError {
    /// Whether this says nothing of what was asked, only that it is not possible at the moment, and
    /// nothing was done.
    pub fn is_passing(&self) -> bool {
        self.retry_after().is_some()
    }

    /// Seconds until another request makes sense, of an error that passes.
    pub fn retry_after(&self) -> Option<u64> {
        match self {
            Self::Unavailable { retry_after, .. } => Some(*retry_after),
            Self::Unreachable { .. } | Self::Timeout { .. } => Some(5),
            _ => None,
        }
    }
}

impl From<CloudError> for Error {
    /// What the cloud refuses is a conflict, not the caller's lack of rights: the caller has rights
    /// on Assay, which has some on the cloud.
    fn from(error: CloudError) -> Self {
        let message = error.to_string();
        match error {
            CloudError::NotFound { what, key } => Self::NotFound { what, key },
            CloudError::Unsupported(_) => Self::Unsupported(message),
            other => match other.retry_after() {
                Some(retry_after) => Self::Unavailable {
                    message,
                    retry_after,
                },
                None => Self::Conflict(message),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_passes_is_unavailable_and_what_was_lost_is_not() {
        let busy = CloudError::Unavailable {
            service: "compute",
            retry_after: 7,
        };
        assert!(matches!(
            Error::from(busy),
            Error::Unavailable { retry_after: 7, .. }
        ));
        let lost = CloudError::OutcomeUnknown {
            service: "compute",
            reason: "reset".to_owned(),
        };
        assert!(!lost.is_passing());
        assert!(!Error::from(lost).is_passing());
    }
}
