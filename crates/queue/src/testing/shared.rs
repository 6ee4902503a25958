//! One broker for all test processes of a user.
//!
//! Every process that uses it holds a shared lock on one file, which the kernel releases however
//! the process ends; a watchdog ends the broker once it gets the exclusive lock.

use std::fs::File;
use std::net::Ipv4Addr;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

use assay_domain::{Error, Result, Secret};

use super::node::{self, Node, Ports};
use super::{blocking, unique_prefix};
use crate::QueueSettings;

/// The shared broker, which does not end before this is dropped.
pub struct SharedBroker {
    port: u16,
    _user: File,
}

impl SharedBroker {
    /// Starts the broker unless it runs, and keeps it running.
    ///
    /// # Errors
    /// Names the Debian package when RabbitMQ is not installed.
    pub async fn join() -> Result<Self> {
        blocking(|| {
            let folder = folder()?;
            let user = node::hold(&folder, "users.lock", File::lock_shared)?;
            let starting = node::hold(&folder, "start.lock", File::lock)?;
            let file = folder.join("port");
            let running = std::fs::read_to_string(&file)
                .ok()
                .and_then(|text| text.trim().parse().ok())
                .filter(|port| node::serves(Ipv4Addr::LOCALHOST, *port));
            let port = if let Some(port) = running {
                port
            } else {
                let ports = Ports::free()?;
                let node = Node::new(&folder, Ipv4Addr::LOCALHOST, ports);
                node.configure(None)?;
                node.start()?;
                node.watch()?;
                std::fs::write(&file, ports.amqp.to_string()).map_err(Error::internal)?;
                ports.amqp
            };
            drop(starting);
            Ok(Self { port, _user: user })
        })
        .await
    }

    /// Its URL, with user and password.
    pub fn url(&self) -> String {
        node::url(Ipv4Addr::LOCALHOST, self.port)
    }

    /// Settings that lead to it, with a prefix that no other test has.
    pub fn settings(&self) -> QueueSettings {
        QueueSettings {
            url: Some(Secret::new(self.url())),
            prefix: unique_prefix(),
            ..QueueSettings::default()
        }
    }
}

fn folder() -> Result<PathBuf> {
    let user = std::fs::metadata("/proc/self")
        .map_err(Error::internal)?
        .uid();
    Ok(std::env::temp_dir().join(format!("assay-test-rabbitmq-{user}")))
}
