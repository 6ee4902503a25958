//! Opening a connection: reaching the device, knowing it, logging in. Nothing secret is sent before the
//! host key is believed.

use std::sync::Arc;
use std::time::Duration;

use assay_domain::{DriverError, Secret, Target};
use russh::client::{self, AuthResult, Handle};
use russh::keys::{Algorithm, HashAlg, PrivateKey, PrivateKeyWithHashAlg, decode_secret_key};
use russh::{Disconnect, MethodKind};
use tokio::net::TcpStream;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::client::{End, Ending, Listener};
use super::fault::Fault;
use super::trust::Trust;
use crate::peer::Peer;

/// How long the goodbye may take.
const CLOSE_LIMIT: Duration = Duration::from_secs(2);
/// How long the reason for an end is waited for.
const REASON_LIMIT: Duration = Duration::from_secs(1);
/// What a connection may be silent for beyond the longest command, before the library ends it by itself.
const SILENCE_MARGIN: Duration = Duration::from_secs(10);

/// A connection whose login was accepted.
pub(super) struct Connection {
    pub(super) handle: Handle<Listener>,
}

/// Who is at the door.
pub(super) struct Visitor {
    peer: Peer,
    login: String,
    key: Option<Arc<PrivateKey>>,
    password: Option<Secret>,
    limit: Duration,
}

impl Visitor {
    /// Reads a target's credentials.
    ///
    /// # Errors
    /// [`DriverError::Unsupported`] when there are none, or the private key cannot be read; nothing has
    /// been sent then.
    pub(super) async fn of(target: &Target, peer: &Peer) -> Result<Self, DriverError> {
        let Some(login) = target.login.clone().filter(|login| !login.is_empty()) else {
            return Err(peer.unsupported("the power control has no login name"));
        };
        let password = target.password.clone();
        let key = match &target.ssh_key {
            Some(key) => Some(read_key(key.clone(), password.clone(), peer).await?),
            None if password.is_none() => {
                let missing = "the power control has neither a password nor a private key";
                return Err(peer.unsupported(missing));
            }
            None => None,
        };
        Ok(Self {
            peer: peer.clone(),
            login,
            key: key.map(Arc::new),
            password,
            limit: target.request_timeout,
        })
    }

    /// Connects and logs in. `longest` is the time limit of a command.
    pub(super) async fn enter(
        self,
        target: &Target,
        trust: Trust,
        longest: Duration,
    ) -> Result<Connection, DriverError> {
        let ending = Ending::default();
        let preferred = trust.preferred();
        let listener = Listener::new(trust, Arc::clone(&ending));
        let config = client::Config {
            preferred,
            nodelay: true,
            // Ends what nobody holds any more, e.g. a device that went mute in the key exchange.
            inactivity_timeout: Some(longest.max(self.limit) + SILENCE_MARGIN),
            ..client::Config::default()
        };
        let handle = self.connect(target, config, listener).await;
        let mut handle = handle.map_err(|fault| fault.into_driver(&self.peer))?;
        let outcome = timeout(self.limit, self.log_in(&mut handle, &ending)).await;
        let outcome = outcome.unwrap_or_else(|_| {
            let cause = "the login was not answered within the time limit";
            Err(self.peer.timed_out(cause))
        });
        let connection = Connection { handle };
        match outcome {
            Ok(()) => Ok(connection),
            Err(error) => {
                connection.close().await;
                Err(error)
            }
        }
    }

    async fn connect(
        &self,
        target: &Target,
        config: client::Config,
        listener: Listener,
    ) -> Result<Handle<Listener>, Fault> {
        let connecting = TcpStream::connect((target.host.as_str(), target.port));
        let stream = timeout(self.limit, connecting)
            .await
            .map_err(|_| Fault::ConnectTimeout(self.limit))?
            .map_err(Fault::Connect)?;
        stream.set_nodelay(true).map_err(Fault::Connect)?;
        let greeting = client::connect_stream(Arc::new(config), stream, listener);
        timeout(self.limit, greeting)
            .await
            .map_err(|_| Fault::Timeout(self.limit))?
    }

    /// The private key, else the password; the password after the key when the device wants both.
    async fn log_in(
        &self,
        handle: &mut Handle<Listener>,
        ending: &Ending,
    ) -> Result<(), DriverError> {
        let (method, answer) = match (&self.key, &self.password) {
            (Some(key), _) => (MethodKind::PublicKey, self.show(handle, key).await?),
            (None, password) => (
                MethodKind::Password,
                self.tell(handle, password.as_ref()).await?,
            ),
        };
        let AuthResult::Failure {
            remaining_methods,
            partial_success: true,
        } = &answer
        else {
            return self.judge(handle, ending, answer, method).await;
        };
        if self.password.is_none() || !remaining_methods.contains(&MethodKind::Password) {
            return Err(self
                .peer
                .refused("the login was accepted, and the device wants more than that"));
        }
        let answer = self.tell(handle, self.password.as_ref()).await?;
        self.judge(handle, ending, answer, MethodKind::Password)
            .await
    }

    async fn tell(
        &self,
        handle: &mut Handle<Listener>,
        password: Option<&Secret>,
    ) -> Result<AuthResult, DriverError> {
        let password = password.map(|secret| secret.expose().to_owned());
        let answer = handle.authenticate_password(&self.login, password.unwrap_or_default());
        answer.await.map_err(|error| self.broken(error))
    }

    /// Proves to own the private key, with RSA by SHA-2 only (RFC 8332).
    async fn show(
        &self,
        handle: &mut Handle<Listener>,
        key: &Arc<PrivateKey>,
    ) -> Result<AuthResult, DriverError> {
        let mut hash = None;
        if matches!(key.algorithm(), Algorithm::Rsa { .. }) {
            let supported = handle.best_supported_rsa_hash().await;
            hash = match supported.map_err(|error| self.broken(error))? {
                Some(None) => {
                    return Err(self.peer.unsupported(
                        "the device takes RSA keys with SHA-1 only; use an Ed25519 or ECDSA key",
                    ));
                }
                Some(best) => best,
                None => Some(HashAlg::Sha512),
            };
        }
        let key = PrivateKeyWithHashAlg::new(Arc::clone(key), hash);
        let answer = handle.authenticate_publickey(&self.login, key).await;
        answer.map_err(|error| self.broken(error))
    }

    /// What the device's answer to a login means. The library gives an empty refusal when the connection
    /// broke, which says nothing about the credentials.
    async fn judge(
        &self,
        handle: &mut Handle<Listener>,
        ending: &Ending,
        answer: AuthResult,
        method: MethodKind,
    ) -> Result<(), DriverError> {
        let AuthResult::Failure {
            remaining_methods, ..
        } = answer
        else {
            return Ok(());
        };
        let name = <&str>::from(&method);
        if remaining_methods.contains(&method) {
            return Err(self.peer.refused(format!("its answer to '{name}' is no")));
        }
        if !remaining_methods.is_empty() {
            let others: Vec<&str> = remaining_methods.iter().map(<&str>::from).collect();
            return Err(self.peer.unsupported(format!(
                "it takes no login by '{name}', only by {}",
                others.join(", ")
            )));
        }
        // Its end tells the listener why.
        let _ = timeout(REASON_LIMIT, &mut *handle).await;
        Err(match ending.lock().take() {
            Some(End::LoginRefused(reason)) => self.peer.refused(reason),
            Some(End::Other(reason)) => self
                .peer
                .failed(format!("the connection ended during the login: {reason}")),
            None => self.peer.failed("the connection ended during the login"),
        })
    }

    fn broken(&self, error: russh::Error) -> DriverError {
        Fault::from(error).into_driver(&self.peer)
    }
}

/// Reads a private key; an encrypted one takes a moment of computing.
async fn read_key(
    key: Secret,
    password: Option<Secret>,
    peer: &Peer,
) -> Result<PrivateKey, DriverError> {
    let reading = spawn_blocking(move || {
        decode_secret_key(key.expose(), password.as_ref().map(Secret::expose))
    });
    match reading.await {
        Ok(Ok(key)) => Ok(key),
        Ok(Err(error)) => Err(peer.unsupported(format!(
            "the power control's private key cannot be read: {error}"
        ))),
        // The library panicked over it.
        Err(_) => Err(peer.unsupported("the power control's private key cannot be read")),
    }
}

impl Connection {
    /// Says goodbye and waits until the connection is closed, for a moment.
    pub(super) async fn close(mut self) {
        if self.handle.is_closed() {
            return;
        }
        // It fails only when the connection ends at this moment.
        let _ = self
            .handle
            .disconnect(Disconnect::ByApplication, "", "")
            .await;
        if timeout(CLOSE_LIMIT, &mut self.handle).await.is_err() {
            tracing::debug!("an SSH connection was not closed in time and is dropped");
        }
    }
}
