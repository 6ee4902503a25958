//! The one error type of the agent.

/// Why the agent could not do something.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file or socket could not be used.
    #[error("{what}: {source}")]
    Io {
        /// What was attempted.
        what: String,
        /// Why it failed.
        source: std::io::Error,
    },
    /// The kernel or a peer answered something that cannot be understood.
    #[error("{0}")]
    Malformed(String),
    /// The kernel line asks for something impossible, or lacks a necessity.
    #[error("kernel line: {0}")]
    KernelLine(String),
    /// No network could be brought up.
    #[error("network: {0}")]
    Network(String),
    /// The server cannot be trusted or reached safely.
    #[error("tls: {0}")]
    Tls(String),
    /// The server refused the report for good.
    #[error("the server refused the report: HTTP {status}: {message}")]
    Refused {
        /// The status code, 400 to 499.
        status: u16,
        /// The beginning of the server's answer.
        message: String,
    },
    /// The report could not be delivered within the limit of attempts.
    #[error("the report was not delivered after {attempts} attempts: {last}")]
    Undelivered {
        /// How often it was tried.
        attempts: u32,
        /// What went wrong the last time.
        last: String,
    },
}

impl Error {
    /// For `map_err`: names what was attempted.
    pub(crate) fn io<E: Into<std::io::Error>>(what: impl Into<String>) -> impl FnOnce(E) -> Self {
        let what = what.into();
        move |source| Self::Io {
            what,
            source: source.into(),
        }
    }
}
