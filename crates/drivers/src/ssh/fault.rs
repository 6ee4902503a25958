//! What can go wrong on an SSH connection, in the words of the driver.

use std::io;
use std::time::Duration;

use assay_domain::DriverError;
use russh::{AlgorithmKind, Error};

use crate::peer::Peer;

/// Why a connection is not there or of no use.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    /// No connection.
    #[error("{0}")]
    Connect(io::Error),
    /// No connection in time.
    #[error("no connection within {} s", .0.as_secs_f32())]
    ConnectTimeout(Duration),
    /// The device does not answer.
    #[error("no answer within {} s", .0.as_secs_f32())]
    Timeout(Duration),
    /// The device's host key is not the one that is believed.
    #[error("{0}")]
    Untrusted(String),
    /// Host keys are to be remembered and cannot be.
    #[error("its first host key cannot be remembered: {0}")]
    Memory(String),
    /// This process remembers no host keys.
    #[error("'trust_on_first_use' cannot be: this process remembers no host keys")]
    NoMemory,
    /// What the library says.
    #[error(transparent)]
    Ssh(#[from] Error),
}

impl Fault {
    /// The error for callers.
    pub(super) fn into_driver(self, peer: &Peer) -> DriverError {
        let cause = self.to_string();
        match self {
            Self::Connect(_) | Self::ConnectTimeout(_) => peer.unreachable(cause),
            Self::Timeout(_) => peer.timed_out(cause),
            Self::Untrusted(_) => peer.untrusted(cause),
            Self::NoMemory => peer.unsupported(cause),
            Self::Memory(_) => peer.failed(cause),
            Self::Ssh(error) => of_library(&error, cause, peer),
        }
    }
}

fn of_library(error: &Error, cause: String, peer: &Peer) -> DriverError {
    match error {
        // Only kinds of the expected key are asked for; and who cannot sign with the key that he shows
        // does not own it.
        Error::NoCommonAlgo {
            kind: AlgorithmKind::Key,
            ..
        } => peer.untrusted(format!("it has no host key of the expected kind: {cause}")),
        Error::WrongServerSig | Error::UnknownKey => peer.untrusted(format!(
            "it does not own the host key that it shows: {cause}"
        )),
        Error::NoCommonAlgo { .. } => peer.unsupported(cause),
        Error::InactivityTimeout | Error::KeepaliveTimeout | Error::ConnectionTimeout => {
            peer.timed_out(cause)
        }
        Error::Version
        | Error::Kex
        | Error::KexInit
        | Error::UnknownAlgo
        | Error::PacketAuth
        | Error::PacketSize(_)
        | Error::DecryptionError
        | Error::Inconsistent
        | Error::IndexOutOfBounds
        | Error::StrictKeyExchangeViolation { .. }
        | Error::Signature(_)
        | Error::SshKey(_)
        | Error::SshEncoding(_)
        | Error::Utf8(_)
        | Error::Keys(_) => peer.malformed(format!("it does not speak SSH properly: {cause}")),
        Error::Disconnect | Error::HUP | Error::IO(_) | Error::SendError | Error::RecvError => {
            peer.failed(format!("the connection broke: {cause}"))
        }
        _ => peer.failed(cause),
    }
}
