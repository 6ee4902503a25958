//! What went wrong with one SNMP request, and what a driver's caller hears of it.

use std::time::Duration;

use assay_domain::DriverError;
use assay_domain::capability::SendError;
use async_snmp::v3::ReportStatus;
use async_snmp::{Error, ErrorStatus};

use crate::peer::Peer;

/// What went wrong with one SNMP request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Fault {
    /// The network would not carry it.
    #[error("{0}")]
    Unreachable(String),
    /// No answer came in time. Agents do not answer a wrong community either (RFC 1157, 4.1), nor
    /// what they decrypt to nonsense.
    #[error("no answer within {} s", .0.as_secs_f32())]
    Silent(Duration),
    /// The agent does not believe who is asking (RFC 3414, 3.2), so it did nothing.
    #[error("{0}")]
    Refused(&'static str),
    /// The agent said no or failed, in SNMP's own words (RFC 3416, 3).
    #[error("{0}")]
    Status(ErrorStatus),
    /// The agent has no such object.
    #[error("it has no object {0}")]
    NoObject(String),
    /// The agent could not process the message, and said so.
    #[error("{0}")]
    Report(String),
    /// The answer makes no sense.
    #[error("{0}")]
    Malformed(String),
    /// Nothing was sent.
    #[error("nothing was sent: {0}")]
    Local(String),
}

impl Fault {
    /// Whether the device certainly did not do what it was told.
    pub(super) fn certainly_not(&self) -> bool {
        match self {
            Self::Refused(_) | Self::NoObject(_) | Self::Report(_) | Self::Local(_) => true,
            // A SET is done wholly or not at all (RFC 3416, 4.2.5), but for a commit or undo that
            // failed half way; genErr is whatever an agent wants it to be.
            Self::Status(status) => !matches!(
                status,
                ErrorStatus::GenErr
                    | ErrorStatus::CommitFailed
                    | ErrorStatus::UndoFailed
                    | ErrorStatus::NoError
                    | ErrorStatus::Unknown(_)
            ),
            Self::Unreachable(_) | Self::Silent(_) | Self::Malformed(_) => false,
        }
    }

    /// The driver's error.
    pub(super) fn into_driver(self, peer: &Peer) -> DriverError {
        match &self {
            Self::Unreachable(cause) => peer.unreachable(cause),
            Self::Silent(_) => peer.timed_out(format!(
                "{self}; an agent is as silent to a wrong community, or passphrase of the privacy"
            )),
            Self::Refused(cause) => peer.refused(cause),
            Self::Status(status) => of_status(*status, peer),
            Self::NoObject(_) => peer.unsupported(self.to_string()),
            Self::Report(_) | Self::Local(_) => peer.failed(self.to_string()),
            Self::Malformed(cause) => peer.malformed(cause),
        }
    }

    /// The error of a command, by whether the device can have acted on it.
    pub(super) fn into_send(self, peer: &Peer) -> SendError {
        if self.certainly_not() {
            SendError::NotSent(self.into_driver(peer))
        } else {
            SendError::Unknown(self.into_driver(peer))
        }
    }
}

fn of_status(status: ErrorStatus, peer: &Peer) -> DriverError {
    match status {
        ErrorStatus::NoSuchName
        | ErrorStatus::ReadOnly
        | ErrorStatus::NoAccess
        | ErrorStatus::NotWritable
        | ErrorStatus::NoCreation
        | ErrorStatus::InconsistentName => peer.unsupported(format!(
            "it has no such object, or lets this community or user not write it ({status})"
        )),
        ErrorStatus::AuthorizationError => {
            peer.unsupported(format!("the community or user may not do this ({status})"))
        }
        ErrorStatus::BadValue
        | ErrorStatus::WrongType
        | ErrorStatus::WrongLength
        | ErrorStatus::WrongEncoding
        | ErrorStatus::WrongValue => {
            peer.unsupported(format!("it does not take the value ({status})"))
        }
        ErrorStatus::TooBig | ErrorStatus::NoError | ErrorStatus::Unknown(_) => {
            peer.malformed(format!("it answers with the error '{status}'"))
        }
        _ => peer.failed(format!("it answers with the error '{status}'")),
    }
}

impl From<Box<Error>> for Fault {
    fn from(error: Box<Error>) -> Self {
        match error.exchange_source() {
            Error::Network { source, .. } => Self::Unreachable(source.to_string()),
            Error::Closed { .. } => Self::Unreachable("the socket was closed".into()),
            Error::ConstructionTimeout { .. } => {
                Self::Unreachable("its name was not resolved in time".into())
            }
            Error::Timeout { elapsed, .. } => Self::Silent(*elapsed),
            Error::Snmp { status, .. } => Self::Status(*status),
            Error::Report { status, .. } => of_report(status),
            Error::Auth { .. } => {
                Self::Malformed("the answer's signature is wrong or out of date".into())
            }
            Error::Decode(cause) => Self::Malformed(cause.kind.to_string()),
            Error::MalformedResponse { .. } => {
                Self::Malformed("the answer is not one to the request".into())
            }
            Error::ResponseShape { .. } => {
                Self::Malformed("the answer holds other objects than were asked for".into())
            }
            Error::WalkAborted { reason, .. } => Self::Malformed(reason.to_string()),
            other => Self::Local(other.to_string()),
        }
    }
}

/// A report of the agent's security (RFC 3414, 3.2): the first four speak of our credentials.
fn of_report(status: &ReportStatus) -> Fault {
    match status {
        ReportStatus::UnknownUserName { .. } => Fault::Refused("it does not know the user"),
        ReportStatus::WrongDigest { .. } => {
            Fault::Refused("the passphrase of the authentication, or its algorithm, is wrong")
        }
        ReportStatus::DecryptionError { .. } => {
            Fault::Refused("the passphrase of the privacy, or its algorithm, is wrong")
        }
        ReportStatus::UnsupportedSecurityLevel { .. } => {
            Fault::Refused("it does not grant the user this security level")
        }
        other => Fault::Report(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use async_snmp::Oid;

    use super::*;

    #[test]
    fn only_what_speaks_of_credentials_is_a_refusal() {
        let peer = Peer::unknown();
        let refused = |status: ReportStatus| {
            let error = of_report(&status).into_driver(&peer);
            matches!(error, DriverError::Refused { .. })
        };
        let counter = 1;
        assert!(refused(ReportStatus::UnknownUserName { counter }));
        assert!(refused(ReportStatus::WrongDigest { counter }));
        assert!(refused(ReportStatus::DecryptionError { counter }));
        assert!(refused(ReportStatus::UnsupportedSecurityLevel { counter }));
        assert!(!refused(ReportStatus::NotInTimeWindow { counter }));
        assert!(!refused(ReportStatus::UnknownEngineId { counter }));
        assert!(!refused(ReportStatus::Other {
            oid: Oid::empty(),
            value: async_snmp::Value::Null
        }));
    }

    #[test]
    fn a_lost_answer_leaves_a_command_unknown_and_a_no_does_not() {
        let peer = Peer::unknown();
        for fault in [
            Fault::Silent(Duration::from_secs(1)),
            Fault::Unreachable(String::new()),
            Fault::Malformed(String::new()),
            Fault::Status(ErrorStatus::GenErr),
            Fault::Status(ErrorStatus::CommitFailed),
            Fault::Status(ErrorStatus::Unknown(99)),
        ] {
            let error = fault.clone().into_send(&peer);
            assert!(matches!(error, SendError::Unknown(_)), "{fault:?}");
        }
        for fault in [
            Fault::Status(ErrorStatus::NoSuchName),
            Fault::Status(ErrorStatus::NotWritable),
            Fault::Status(ErrorStatus::WrongValue),
            Fault::Refused("x"),
            Fault::Local(String::new()),
        ] {
            let error = fault.clone().into_send(&peer);
            assert!(matches!(error, SendError::NotSent(_)), "{fault:?}");
        }
    }
}
