//! What goes wrong on a host.

use assay_domain::{DriverError, Error};

/// Why an action on a host did not come to its end.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HostError {
    /// The host cannot be reached, or the connection was lost in the middle.
    #[error(transparent)]
    Connection(#[from] DriverError),
    /// The host has not what the action works on.
    #[error("the host lacks what this needs: {0}")]
    Lacks(String),
    /// The host's own checker refused the new configuration; the former one is in force.
    #[error("the host refused the new configuration and keeps the former one: {0}")]
    Refused(String),
    /// A command on the host failed.
    #[error("a command on the host failed with exit code {code}: {complaint}")]
    Failed {
        /// Its exit code.
        code: u32,
        /// What it said.
        complaint: String,
    },
    /// A part of it was not done.
    #[error("not all of it was done: {0}")]
    Incomplete(String),
    /// The host's answer makes no sense.
    #[error("the host gave an answer that makes no sense")]
    Malformed,
    /// What Assay would need is not configured.
    #[error("{0}")]
    NotConfigured(String),
}

impl From<HostError> for Error {
    fn from(error: HostError) -> Self {
        match error {
            HostError::Connection(cause) => cause.into(),
            HostError::Lacks(_) => Self::Unsupported(error.to_string()),
            HostError::NotConfigured(_)
            | HostError::Refused(_)
            | HostError::Failed { .. }
            | HostError::Incomplete(_)
            | HostError::Malformed => Self::Conflict(error.to_string()),
        }
    }
}
