//! A shell on a node's operating system: the same login and the same care for host keys as for devices,
//! and scripts instead of single commands.

use std::time::Duration;

use assay_domain::capability::SendError;
use assay_domain::host::{HostDoor, HostShell, Script, ScriptEnd};
use assay_domain::{DriverError, Secret, Target, TlsTrust};
use async_trait::async_trait;
use russh::keys::decode_secret_key;
use russh::keys::ssh_key::PublicKey;
use serde_json::Map;

use super::exec::run;
use super::login::{Connection, Visitor};
use super::trust::{Rule, Trust};
use crate::peer::Peer;

/// What Assay logs in with on all hosts.
#[derive(Clone)]
pub struct HostLogin {
    /// The login name; `sudo` gives the rights of root to any other.
    pub name: String,
    /// The private key, in OpenSSH's or PEM format, not encrypted.
    pub key: Secret,
    /// How long connecting and logging in may take each.
    pub limit: Duration,
}

/// The way into one host.
pub struct SshHost {
    target: Target,
    host_key: PublicKey,
    as_root: bool,
}

impl SshHost {
    /// The way into the host at that address, which has this key.
    ///
    /// # Errors
    /// What is wrong with the host key, for the caller.
    pub fn new(
        login: HostLogin,
        address: String,
        port: u16,
        host_key: &str,
    ) -> Result<Self, String> {
        let host_key = read_host_key(host_key)?;
        Ok(Self {
            as_root: login.name == "root",
            target: Target {
                power_control_id: 0,
                control_type: String::new(),
                host: address,
                port,
                login: Some(login.name),
                password: None,
                ssh_key: Some(login.key),
                trust: TlsTrust::System,
                output: String::new(),
                settings: Map::new(),
                request_timeout: login.limit,
            },
            host_key,
        })
    }
}

impl SshHost {
    /// Checks a host key before it is stored.
    ///
    /// # Errors
    /// What is wrong with it, for the caller.
    pub fn check_key(host_key: &str) -> Result<(), String> {
        read_host_key(host_key).map(drop)
    }
}

fn read_host_key(text: &str) -> Result<PublicKey, String> {
    PublicKey::from_openssh(text)
        .map_err(|error| format!("host_key: not a key as OpenSSH writes it: {error}"))
}

/// The public half of a private key, as OpenSSH writes it.
///
/// # Errors
/// Why the private key cannot be read.
pub fn public_key_of(private: &Secret) -> Result<String, String> {
    let key = decode_secret_key(private.expose(), None).map_err(|error| error.to_string())?;
    key.public_key()
        .to_openssh()
        .map_err(|error| error.to_string())
}

/// The longest time for a script; a connection that is silent for longer is ended.
const LONGEST_SCRIPT: Duration = Duration::from_mins(15);

#[async_trait]
impl HostDoor for SshHost {
    async fn open(&self) -> Result<Box<dyn HostShell>, DriverError> {
        let peer = Peer::of(&self.target);
        let visitor = Visitor::of(&self.target, &peer).await?;
        let trust = Trust::of(Rule::Known(self.host_key.clone()), None, 0).await;
        let trust = trust.map_err(|fault| fault.into_driver(&peer))?;
        Ok(Box::new(Shell {
            connection: visitor.enter(&self.target, trust, LONGEST_SCRIPT).await?,
            peer,
            as_root: self.as_root,
        }))
    }
}

struct Shell {
    connection: Connection,
    peer: Peer,
    as_root: bool,
}

#[async_trait]
impl HostShell for Shell {
    async fn run(&self, script: Script, input: &str) -> Result<ScriptEnd, DriverError> {
        let Script { text, limit } = script;
        let shell = if self.as_root { "sh" } else { "sudo -n sh" };
        // Single quotes end at the next one, and the text has none.
        let line = format!("exec {shell} -euc '{text}'");
        let done = run(&self.connection, &self.peer, &line, Some(input), limit).await;
        let done = done.map_err(SendError::into_inner)?;
        Ok(ScriptEnd {
            code: done.code,
            printed: done.printed,
            complaint: done.complaint,
        })
    }

    async fn close(self: Box<Self>) {
        self.connection.close().await;
    }
}
