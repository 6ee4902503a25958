//! What the device's side of a connection tells: its host key, and why it ends.

use std::sync::Arc;

use parking_lot::Mutex;
use russh::client::{DisconnectReason, Handler};
use russh::keys::PublicKeyOrCertificate;
use russh::{Disconnect, Error};

use super::fault::Fault;
use super::trust::Trust;

/// How a connection ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum End {
    /// The device ended it because of the login, and said so.
    LoginRefused(String),
    /// Otherwise, in words.
    Other(String),
}

/// Where the end of a connection is told.
pub(super) type Ending = Arc<Mutex<Option<End>>>;

/// Checks the host key, and keeps how the connection ends.
pub(super) struct Listener {
    trust: Trust,
    ending: Ending,
}

impl Listener {
    /// A listener that believes as `trust` says and tells the end to `ending`.
    pub(super) fn new(trust: Trust, ending: Ending) -> Self {
        Self { trust, ending }
    }
}

impl Handler for Listener {
    type Error = Fault;

    async fn check_server_key(&mut self, shown: &PublicKeyOrCertificate) -> Result<bool, Fault> {
        match shown {
            PublicKeyOrCertificate::PublicKey { key, .. } => {
                self.trust.check(key).await?;
                Ok(true)
            }
            PublicKeyOrCertificate::Certificate(_) => Err(Fault::Untrusted(
                "it shows a certificate, and nobody asked for one".into(),
            )),
        }
    }

    async fn disconnected(&mut self, reason: DisconnectReason<Fault>) -> Result<(), Fault> {
        let (end, outcome) = match reason {
            DisconnectReason::ReceivedDisconnect(info) => {
                let text = format!("it said: {}", info.message);
                (told(&info.reason_code, text), Ok(()))
            }
            // Its list of what may still be tried was empty.
            DisconnectReason::Error(Fault::Ssh(Error::NoAuthMethod)) => (
                End::LoginRefused("it takes no further login".into()),
                Err(Fault::Ssh(Error::NoAuthMethod)),
            ),
            DisconnectReason::Error(fault) => (End::Other(fault.to_string()), Err(fault)),
        };
        *self.ending.lock() = Some(end);
        outcome
    }
}

/// What a device means that ends the connection while a login is under way (RFC 4253, 11.1). A device
/// that allows one attempt only, as OpenSSH with `MaxAuthTries 1`, calls its refusal a protocol error.
fn told(code: &Disconnect, text: String) -> End {
    match code {
        Disconnect::HostNotAllowedToConnect
        | Disconnect::ProtocolError
        | Disconnect::AuthCancelledByUser
        | Disconnect::NoMoreAuthMethodsAvailable
        | Disconnect::IllegalUserName => End::LoginRefused(text),
        _ => End::Other(text),
    }
}
