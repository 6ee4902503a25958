//! Private RabbitMQ brokers for tests (feature `testing`).
//!
//! [`SharedBroker`] is one broker for all test processes of a user; each test takes a
//! [`unique_prefix`]. [`Broker`] belongs to one test, which may stop, kill, wipe and start it again.
//! A broker ends seconds after the last process that uses it has ended or was killed. A [`Listener`]
//! hears what is published there.

mod certificates;
mod listener;
mod node;
mod shared;

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};

use assay_domain::{Error, Result, Secret};
use tempfile::TempDir;
use tokio::task::spawn_blocking;
use uuid::Uuid;

use crate::QueueSettings;
use certificates::Certificates;
use node::{Node, Ports};

pub use listener::{Heard, Listener};
pub use shared::SharedBroker;

/// A prefix for exchanges and queues that no other test has.
pub fn unique_prefix() -> String {
    format!("test-{}", Uuid::new_v4().simple())
}

/// A broker of one test. Dropping it ends it and removes its data.
pub struct Broker {
    node: Node,
    // Before the folder, so that the watchdog does not come first.
    _user: std::fs::File,
    folder: TempDir,
    certificates: Option<Certificates>,
}

impl Broker {
    /// Starts a broker; takes about ten seconds.
    ///
    /// # Errors
    /// Names the Debian package when RabbitMQ is not installed.
    pub async fn start() -> Result<Self> {
        Self::with(Ipv4Addr::LOCALHOST, false).await
    }

    /// Starts a broker that listens on another address than 127.0.0.1, for clients that are in
    /// network namespaces of their own.
    pub async fn start_at(address: Ipv4Addr) -> Result<Self> {
        Self::with(address, false).await
    }

    /// Starts a broker that also listens with TLS and asks its clients for a certificate.
    pub async fn start_with_tls() -> Result<Self> {
        Self::with(Ipv4Addr::LOCALHOST, true).await
    }

    async fn with(address: Ipv4Addr, tls: bool) -> Result<Self> {
        blocking(move || {
            let folder = TempDir::with_prefix("assay-test-broker-").map_err(Error::internal)?;
            let made = tls.then(|| Certificates::make(folder.path()));
            let certificates = made.transpose()?;
            let user = node::hold(folder.path(), "users.lock", std::fs::File::lock_shared)?;
            let node = Node::new(folder.path(), address, Ports::free()?);
            node.configure(certificates.as_ref())?;
            node.start()?;
            node.watch()?;
            Ok(Self {
                node,
                folder,
                certificates,
                _user: user,
            })
        })
        .await
    }

    /// Its URL, with user and password.
    pub fn url(&self) -> String {
        self.node.url()
    }

    /// The settings that lead to it.
    pub fn settings(&self, prefix: &str) -> QueueSettings {
        QueueSettings {
            url: Some(Secret::new(self.url())),
            prefix: prefix.to_owned(),
            ..QueueSettings::default()
        }
    }

    /// The settings that lead to it over TLS, with this test's authority and client certificate.
    ///
    /// A broker without TLS does not answer there.
    pub fn tls_settings(&self, prefix: &str) -> QueueSettings {
        let made = self.certificates.as_ref();
        QueueSettings {
            url: Some(Secret::new(self.node.tls_url())),
            ca_file: made.map(|made| made.ca.clone()),
            client_certificate: made.map(|made| made.client.clone()),
            client_key: made.map(|made| made.client_key.clone()),
            ..self.settings(prefix)
        }
    }

    /// Ends it in order; what it holds stays on disk.
    pub async fn stop(&self) -> Result<()> {
        let node = self.node.clone();
        blocking(move || node.stop()).await
    }

    /// Kills it in any line.
    pub async fn kill(&self) -> Result<()> {
        let node = self.node.clone();
        blocking(move || node.kill()).await
    }

    /// Starts it again after it was stopped or killed, on the same ports.
    pub async fn start_again(&self) -> Result<()> {
        let node = self.node.clone();
        blocking(move || node.start()).await
    }

    /// Removes all that it holds; only while it is stopped.
    pub async fn wipe(&self) -> Result<()> {
        let node = self.node.clone();
        blocking(move || node.wipe()).await
    }

    /// The process that is the broker, as long as it runs.
    pub fn pid(&self) -> Option<i32> {
        self.node.pid()
    }

    /// Its folder, with its log.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Where it writes its log.
    pub fn log(&self) -> PathBuf {
        self.folder.path().join("out.log")
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        self.node.end();
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    spawn_blocking(work).await.map_err(Error::internal)?
}
