//! The one error of all use cases. It knows no HTTP: each dialect answers every variant itself.

use crate::driver::DriverError;

/// The result of a use case.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a use case did not happen. The text of each variant is for the caller; what only the
/// operator may see is in [`Error::Internal`]'s `detail` and goes to the log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The request is wrong in itself; the text says what and where.
    #[error("{0}")]
    Invalid(String),
    /// The named thing does not exist.
    #[error("{what} {key} was not found")]
    NotFound {
        /// The kind of thing, e.g. `Node`.
        what: &'static str,
        /// What it was looked for by.
        key: String,
    },
    /// A report fits no node, or several; the text is uniform for agents.
    #[error("{0}")]
    LookupFailed(String),
    /// The thing exists, but its state does not allow this.
    #[error("{0}")]
    Conflict(String),
    /// The thing is held by somebody else now.
    #[error("{0}")]
    Locked(String),
    /// No valid proof of identity came with the request.
    #[error("{0}")]
    Unauthenticated(String),
    /// The actor is known and may not do this.
    #[error("{0}")]
    Forbidden(String),
    /// This installation, driver or device cannot do that.
    #[error("{0}")]
    Unsupported(String),
    /// The body, or a part of it, is over a limit.
    #[error("{0}")]
    TooLarge(String),
    /// The caller asks too often.
    #[error("too many requests; try again in {retry_after} s")]
    RateLimited {
        /// Seconds until another request makes sense.
        retry_after: u64,
    },
    /// Assay cannot do this now, and can later.
    #[error("{message}")]
    Unavailable {
        /// What is not available.
        message: String,
        /// Seconds until another request makes sense.
        retry_after: u64,
    },
    /// A BMC, PDU or other device failed us.
    #[error(transparent)]
    Device(#[from] DriverError),
    /// A fault of Assay or of what it stands on.
    #[error("internal error")]
    Internal {
        /// What happened, for the log only.
        detail: String,
    },
}

impl Error {
    /// A request that is wrong in itself.
    pub fn invalid(message: impl Into<String>) -> Self {
        Self::Invalid(message.into())
    }

    /// A thing that does not exist.
    pub fn not_found(what: &'static str, key: impl ToString) -> Self {
        Self::NotFound {
            what,
            key: key.to_string(),
        }
    }

    /// A state that does not allow what was asked.
    pub fn conflict(message: impl Into<String>) -> Self {
        Self::Conflict(message.into())
    }

    /// Whether this says nothing of what was tried, only that it is not possible at the moment: a
    /// task that ends with it is to be tried again, and what it works on has not failed.
    pub fn is_passing(&self) -> bool {
        matches!(
            self,
            Self::Unavailable { .. } | Self::Locked(_) | Self::Device(DriverError::NotAsked { .. })
        )
    }

    /// A fault of Assay; `detail` is for the log.
    pub fn internal(detail: impl ToString) -> Self {
        Self::Internal {
            detail: detail.to_string(),
        }
    }
}
