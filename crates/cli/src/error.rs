//! What can go wrong in a command.

/// The reason for a command's failure, as its user reads it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The configuration cannot be used.
    #[error("configuration: {0}")]
    Config(String),
    /// A use case or the store refused.
    #[error("{}", describe(.0))]
    Domain(#[from] assay_domain::Error),
    /// A file, folder or socket failed.
    #[error("{what}: {source}")]
    Io {
        /// Which.
        what: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// The HTTP server did not start or did not end well.
    #[error("server: {0}")]
    Server(String),
    /// The ramdisk could not be built.
    #[error("ramdisk: {0}")]
    Ramdisk(#[from] assay_ramdisk::Error),
    /// The simulated machine failed.
    #[error("simulated machine: {0}")]
    Simulator(#[from] assay_sim::Error),
    /// The demo's own requests failed, or its introspection did.
    #[error("{0}")]
    Demo(String),
}

impl Error {
    /// Says what a failed input or output was about.
    pub(crate) fn io(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
        let what = what.into();
        move |source| Self::Io { what, source }
    }
}

fn describe(error: &assay_domain::Error) -> String {
    match error {
        assay_domain::Error::Internal { detail } => detail.clone(),
        other => other.to_string(),
    }
}
