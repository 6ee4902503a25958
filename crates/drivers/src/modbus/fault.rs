//! What can go wrong between Assay and a relay, and what it means for a command that was under way.

use std::io;
use std::time::Duration;

use assay_domain::DriverError;
use assay_domain::capability::SendError;
use tokio_modbus::{Error, ExceptionCode, ProtocolError};

use crate::peer::Peer;

/// Why a request has no answer that is of use.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    /// No connection.
    #[error("{0}")]
    Connect(io::Error),
    /// No connection in time.
    #[error("no connection within {} s", .0.as_secs_f32())]
    ConnectTimeout(Duration),
    /// No answer in time.
    #[error("no answer within {} s", .0.as_secs_f32())]
    Timeout(Duration),
    /// The connection ended while an answer was waited for.
    #[error("the connection broke: {0}")]
    Broken(io::Error),
    /// An answer that is not one to the request.
    #[error("{0}")]
    Nonsense(String),
    /// The device said no, and why.
    #[error("{}", meaning(*.0))]
    Exception(ExceptionCode),
}

impl Fault {
    /// The error for callers; `what` says what was asked.
    pub(super) fn into_driver(self, peer: &Peer, what: &str) -> DriverError {
        let cause = format!("{what}: {self}");
        match self {
            Self::Connect(_) | Self::ConnectTimeout(_) => peer.unreachable(cause),
            Self::Timeout(_) => peer.timed_out(cause),
            Self::Nonsense(_) => peer.malformed(cause),
            Self::Exception(code) if is_lack(code) => peer.unsupported(cause),
            Self::Broken(_) | Self::Exception(_) => peer.failed(cause),
        }
    }

    /// The outcome of a write that has failed: whether the coil can have changed.
    pub(super) fn into_send(self, peer: &Peer, what: &str) -> SendError {
        let is_no = match &self {
            Self::Connect(_) | Self::ConnectTimeout(_) => true,
            // Busy and "no path" (V1.1b3, 7) come before the deed; a failure of the device, a late
            // acknowledgement and a mute device behind a gateway come after it may have begun.
            Self::Exception(code) => {
                is_lack(*code)
                    || matches!(
                        code,
                        ExceptionCode::ServerDeviceBusy | ExceptionCode::GatewayPathUnavailable
                    )
            }
            Self::Timeout(_) | Self::Broken(_) | Self::Nonsense(_) => false,
        };
        let error = self.into_driver(peer, what);
        if is_no {
            SendError::NotSent(error)
        } else {
            SendError::Unknown(error)
        }
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        match error {
            Error::Protocol(ProtocolError::HeaderMismatch { message, .. }) => {
                Self::Nonsense(format!("the answer is to another request ({message})"))
            }
            Error::Protocol(ProtocolError::FunctionCodeMismatch { request, .. }) => Self::Nonsense(
                format!("the answer is not one to a request of function {request}"),
            ),
            Error::Transport(error) if is_nonsense(&error) => {
                Self::Nonsense(format!("the answer is not Modbus/TCP ({error})"))
            }
            Error::Transport(error) => Self::Broken(error),
        }
    }
}

/// Whether the library could not read an answer, as opposed to the connection: a frame that is shorter
/// than it says ends a read from memory, whose error has no inner one.
fn is_nonsense(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::InvalidData
        || (error.kind() == io::ErrorKind::UnexpectedEof && error.get_ref().is_none())
}

/// Whether the device does not have what was asked for.
fn is_lack(code: ExceptionCode) -> bool {
    matches!(
        code,
        ExceptionCode::IllegalFunction
            | ExceptionCode::IllegalDataAddress
            | ExceptionCode::IllegalDataValue
    )
}

/// An exception in words (V1.1b3, 7).
fn meaning(code: ExceptionCode) -> String {
    let words = match code {
        ExceptionCode::IllegalFunction => "the device does not know this function",
        ExceptionCode::IllegalDataAddress => {
            "the device has no such coil; check the setting 'first_coil' and the output"
        }
        ExceptionCode::IllegalDataValue => "the device does not take this value",
        ExceptionCode::ServerDeviceFailure => "the device failed while it did it",
        ExceptionCode::Acknowledge => "the device is still doing it",
        ExceptionCode::ServerDeviceBusy => "the device is busy",
        ExceptionCode::MemoryParityError => "the device's memory is corrupt",
        ExceptionCode::GatewayPathUnavailable => "the gateway has no path to the unit",
        ExceptionCode::GatewayTargetDevice => "the unit behind the gateway does not answer",
        ExceptionCode::Custom(_) => "the device says no",
    };
    format!("exception {}: {words}", u8::from(code))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exception_tells_whether_the_write_can_have_happened() {
        let sent =
            |code| Fault::Exception(ExceptionCode::new(code)).into_send(&Peer::unknown(), "x");
        for code in [1, 2, 3, 6, 10] {
            assert!(matches!(sent(code), SendError::NotSent(_)), "{code}");
        }
        for code in [4, 5, 8, 11, 99] {
            assert!(matches!(sent(code), SendError::Unknown(_)), "{code}");
        }
    }

    #[test]
    fn a_coil_that_is_not_there_is_said_so() {
        let fault = Fault::Exception(ExceptionCode::IllegalDataAddress);
        let error = fault.into_driver(&Peer::unknown(), "reading coils 12 to 19");
        assert!(matches!(error, DriverError::Unsupported { .. }), "{error}");
        let text = error.to_string();
        assert!(
            text.contains("coils 12 to 19") && text.contains("exception 2"),
            "{text}"
        );
    }
}
