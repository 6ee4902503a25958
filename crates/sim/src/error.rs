//! What can go wrong inside the simulator.

/// Why a simulated machine or BMC could not do as told.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A Debian package that the machine needs is not installed.
    #[error("missing on this host: {}", packages.join(", "))]
    Missing {
        /// The packages' names.
        packages: Vec<String>,
    },
    /// A file, folder, socket or process of this host failed.
    #[error("{what}: {source}")]
    Host {
        /// What was being done.
        what: String,
        /// The system's reason.
        source: std::io::Error,
    },
    /// The machine's hardware cannot be built (a disk without size, say).
    #[error("this machine cannot be built: {0}")]
    Hardware(String),
    /// The running machine did not take a command.
    #[error("the machine did not obey: {0}")]
    Machine(String),
    /// An HTTP client could not be set up.
    #[error("no HTTP client: {0}")]
    Client(String),
    /// A fleet cannot be set up like this.
    #[error("{0}")]
    Fleet(String),
    /// More files would have to be open than this process may have.
    #[error(
        "{needed} files would have to be open at once, and this process may have {allowed}: raise the limit \
         (`ulimit -n {needed}`, or LimitNOFILE of a service), or ask for fewer BMCs"
    )]
    Files {
        /// How many.
        needed: u64,
        /// How many it may have.
        allowed: u64,
    },
    /// The BMC's certificate or key cannot be used.
    #[error("the certificate or its key cannot be used: {0}")]
    Tls(#[from] rustls::Error),
}

impl Error {
    /// Wraps a failure of the host with what was being done.
    pub(crate) fn host(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
        let what = what.into();
        move |source| Self::Host { what, source }
    }
}
