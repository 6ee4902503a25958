//! What went wrong with one request to AMT, and what a driver's caller hears of it.

use std::fmt;
use std::time::Duration;

use assay_domain::DriverError;
use assay_domain::capability::SendError;

use super::digest::ChallengeError;
use super::xml::XmlError;
use crate::peer::Peer;

/// What went wrong with one request.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    /// No connection was made, so nothing was sent.
    #[error("{0}")]
    Connect(String),
    /// No answer came in time.
    #[error("no answer within {} s", .0.as_secs_f32())]
    Timeout(Duration),
    /// The connection broke before the answer was whole.
    #[error("the connection broke: {0}")]
    Broken(String),
    /// The login was refused; nobody may try it again.
    #[error("{0}")]
    Refused(&'static str),
    /// The device calls every nonce stale, its newest as well.
    #[error("it calls the nonce stale that it has just given")]
    Stale,
    /// The login cannot be given in the way that the device wants.
    #[error(transparent)]
    Login(#[from] ChallengeError),
    /// The request was never sent.
    #[error("{0}")]
    Request(String),
    /// An HTTP status that is an error, without a SOAP fault.
    #[error("HTTP status {0}")]
    Status(u16),
    /// A SOAP fault.
    #[error("{0}")]
    Soap(SoapFault),
    /// The answer is not XML.
    #[error(transparent)]
    Xml(#[from] XmlError),
    /// The answer is not what was asked for.
    #[error("{0}")]
    Answer(String),
    /// A method ended without success.
    #[error("{method} ended with {value}")]
    Method {
        /// The method's name.
        method: &'static str,
        /// What it returned.
        value: ReturnValue,
    },
}

/// A SOAP fault (SOAP 1.2 part 1, 5.4; its subcodes are those of DSP0226, 14).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct SoapFault {
    /// The device says that the request is to blame, so that it did nothing.
    pub(super) is_ours: bool,
    /// The subcode without its prefix, e.g. `AccessDenied`.
    pub(super) subcode: String,
    /// The reason and the detail in the device's words.
    pub(super) text: String,
}

impl fmt::Display for SoapFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let code = if self.subcode.is_empty() {
            "without a code"
        } else {
            &self.subcode
        };
        write!(f, "WS-Management fault {code}")?;
        if self.text.is_empty() {
            Ok(())
        } else {
            write!(f, ": {}", self.text)
        }
    }
}

/// What a method returns (DSP1027, 8.1 and the CIM schema's RequestPowerStateChange; from 32768 on
/// Intel's own status codes, as its AMT reference numbers them).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ReturnValue(pub(super) u32);

/// Where Intel's own codes begin.
const INTEL: u32 = 32_768;

impl ReturnValue {
    /// Done.
    pub(super) const COMPLETED: Self = Self(0);
    /// Begun, to end by itself.
    pub(super) const STARTED: Self = Self(4096);
    /// The method knows no such parameter.
    pub(super) const INVALID_PARAMETER: Self = Self(5);
    /// The device cannot do that.
    pub(super) const NOT_SUPPORTED: Self = Self(1);

    /// Whether the method may have had an effect, although it does not say so.
    fn is_uncertain(self) -> bool {
        // Unknown or unspecified error, not within the time limit, failed, AMT's internal error.
        matches!(self.0, 2..=4) || self.0 == INTEL + 1
    }

    /// Whether the same call cannot succeed later.
    fn is_permanent(self) -> bool {
        self == Self::NOT_SUPPORTED
            || self == Self::INVALID_PARAMETER
            || matches!(self.0.checked_sub(INTEL), Some(16 | 36))
    }
}

impl fmt::Display for ReturnValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = match self.0 {
            0 => "success",
            1 => "not supported",
            2 => "an unspecified error",
            3 => "not possible within the time limit",
            4 => "failure",
            5 | 32_804 => "invalid parameter",
            6 => "in use",
            4096 => "a job started",
            4097 => "invalid state transition",
            4098 => "time limits are not supported",
            4099 => "busy",
            32_769 => "AMT's internal error",
            32_770 => "AMT is not ready",
            32_771 => "not in AMT's present mode",
            32_784 => "not permitted",
            _ => "a value that it does not explain",
        };
        write!(f, "{words} ({})", self.0)
    }
}

impl Fault {
    /// The driver's error.
    pub(super) fn into_driver(self, peer: &Peer) -> DriverError {
        let text = self.to_string();
        match self {
            Self::Connect(_) => peer.unreachable(text),
            Self::Timeout(_) => peer.timed_out(text),
            Self::Refused(_) => peer.refused(text),
            Self::Login(ChallengeError::Other(_)) => peer.unsupported(text),
            Self::Login(_) | Self::Request(_) | Self::Xml(_) | Self::Answer(_) => {
                peer.malformed(text)
            }
            Self::Status(status) => of_status(status, peer),
            Self::Soap(fault) => of_soap(&fault, peer),
            Self::Method { value, .. } if value.is_permanent() => peer.unsupported(text),
            Self::Broken(_) | Self::Stale | Self::Method { .. } => peer.failed(text),
        }
    }

    /// The error of a power command, by whether the device can have acted on it.
    pub(super) fn into_send(self, peer: &Peer) -> SendError {
        let certainly_not = self.is_refusal();
        let error = self.into_driver(peer);
        if certainly_not {
            SendError::NotSent(error)
        } else {
            SendError::Unknown(error)
        }
    }

    /// Whether the device certainly did nothing of what was asked.
    pub(super) fn is_refusal(&self) -> bool {
        match self {
            Self::Connect(_)
            | Self::Refused(_)
            | Self::Stale
            | Self::Login(_)
            | Self::Request(_) => true,
            Self::Timeout(_) | Self::Broken(_) | Self::Xml(_) | Self::Answer(_) => false,
            Self::Status(status) => (400..500).contains(status) && *status != 408,
            Self::Soap(fault) => fault.is_ours,
            Self::Method { value, .. } => !value.is_uncertain(),
        }
    }

    /// Whether the device does not have the class or the instance that was asked for.
    pub(super) fn is_absence(&self) -> bool {
        matches!(self, Self::Soap(fault) if matches!(fault.subcode.as_str(),
            "DestinationUnreachable" | "InvalidResourceURI" | "InvalidSelectors"))
    }
}

fn of_status(status: u16, peer: &Peer) -> DriverError {
    match status {
        403 => peer.unsupported("the account may not do this (HTTP status 403)"),
        404 | 405 | 501 => peer.unsupported(format!(
            "it has no WS-Management at /wsman (HTTP status {status})"
        )),
        300..=399 => peer.malformed(format!("it redirects elsewhere (HTTP status {status})")),
        _ => peer.failed(format!("HTTP status {status}")),
    }
}

fn of_soap(fault: &SoapFault, peer: &Peer) -> DriverError {
    match fault.subcode.as_str() {
        "AccessDenied" => peer.unsupported(format!("the account may not do this: {fault}")),
        "Concurrency" | "TimedOut" | "QuotaLimit" | "InternalError" | "EndpointUnavailable" => {
            peer.failed(fault.to_string())
        }
        _ if fault.is_ours => peer.unsupported(fault.to_string()),
        _ => peer.failed(fault.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn method(value: u32) -> Fault {
        Fault::Method {
            method: "RequestPowerStateChange",
            value: ReturnValue(value),
        }
    }

    #[test]
    fn only_a_certain_no_is_not_sent() {
        let peer = Peer::unknown();
        let not_sent = |fault: Fault| matches!(fault.into_send(&peer), SendError::NotSent(_));
        for fault in [
            Fault::Connect("no route".into()),
            Fault::Refused("wrong"),
            Fault::Status(403),
            method(1),
            method(4097),
            method(32_784),
        ] {
            assert!(not_sent(fault));
        }
        for fault in [
            Fault::Timeout(Duration::from_secs(1)),
            Fault::Broken("reset".into()),
            Fault::Status(500),
            Fault::Xml(XmlError::Cut),
            Fault::Soap(SoapFault::default()),
            method(2),
            method(32_769),
        ] {
            assert!(!not_sent(fault));
        }
    }

    #[test]
    fn faults_are_put_into_classes_and_words() {
        let peer = Peer::unknown();
        let denied = Fault::Soap(SoapFault {
            is_ours: true,
            subcode: "AccessDenied".into(),
            text: "no rights".into(),
        });
        let error = denied.into_driver(&peer);
        assert!(matches!(error, DriverError::Unsupported { .. }), "{error}");
        assert!(error.to_string().contains("no rights"), "{error}");
        let error = method(4099).into_driver(&peer);
        assert!(matches!(error, DriverError::Failed { .. }), "{error}");
        assert!(error.to_string().contains("busy (4099)"), "{error}");
        let error = Fault::Login(ChallengeError::Other("Basic".into())).into_driver(&peer);
        assert!(matches!(error, DriverError::Unsupported { .. }), "{error}");
    }
}
