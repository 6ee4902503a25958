//! What a caller of the driver hears of what went wrong with a request.

use assay_domain::DriverError;
use assay_domain::capability::SendError;
use assay_ipmi::Error;

use crate::peer::Peer;

/// "The privilege level is too low" (table 5-2).
const PRIVILEGE: u8 = 0xd4;

/// The driver's error.
pub(super) fn driver(peer: &Peer, error: &Error) -> DriverError {
    let cause = error.to_string();
    match error {
        Error::Unreachable(_) => peer.unreachable(cause),
        Error::TimedOut { .. } => peer.timed_out(cause),
        Error::Refused(_) => peer.refused(cause),
        Error::Unsupported(_) => peer.unsupported(cause),
        Error::Malformed(_) => peer.malformed(cause),
        Error::Completion { code, .. } if *code == PRIVILEGE || error.is_unsupported() => {
            peer.unsupported(cause)
        }
        Error::Completion { .. } | Error::Handshake { .. } => peer.failed(cause),
    }
}

/// The error of a power command, by whether the BMC can have acted on it. Three codes leave that open:
/// it took too long (0xc3), no answer could be given (0xce), and whatever it was (0xff).
pub(super) fn send(peer: &Peer, error: &Error) -> SendError {
    let certainly_not = match error {
        Error::Completion { code, .. } => !matches!(code, 0xc3 | 0xce | 0xff),
        Error::TimedOut { .. } | Error::Malformed(_) => false,
        Error::Unreachable(_)
        | Error::Refused(_)
        | Error::Unsupported(_)
        | Error::Handshake { .. } => true,
    };
    let error = driver(peer, error);
    if certainly_not {
        SendError::NotSent(error)
    } else {
        SendError::Unknown(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_have_happened_is_told_apart() {
        let peer = Peer::unknown();
        let completion = |code| Error::Completion {
            what: "Chassis Control",
            code,
        };
        for code in [0xc0, 0xc1, 0xcc, 0xd4, 0xd5] {
            let error = send(&peer, &completion(code));
            assert!(matches!(error, SendError::NotSent(_)), "{code:#x}");
        }
        for error in [
            completion(0xff),
            completion(0xc3),
            Error::Malformed("cut off".into()),
        ] {
            assert!(
                matches!(send(&peer, &error), SendError::Unknown(_)),
                "{error}"
            );
        }
        let unsupported = driver(&peer, &completion(0xc1));
        assert!(matches!(unsupported, DriverError::Unsupported { .. }));
        let busy = driver(&peer, &completion(0xc0));
        assert!(matches!(busy, DriverError::Failed { .. }));
    }
}
