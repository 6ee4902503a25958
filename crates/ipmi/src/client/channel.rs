//! The protection of a session's packets, both ways.

use zeroize::Zeroizing;

use crate::Error;
use crate::wire::legacy::Proof;
use crate::wire::window::Window;
use crate::wire::{Keys, LEGACY_PASSWORD_LIMIT, Packet, PayloadType, packet};
use subtle::ConstantTimeEq;

/// How far ahead of the last number a BMC's next one may be. The specification has 15 (6.12.14); the
/// numbers are authenticated, and a BMC that lost packets must not lose its session with them.
const AHEAD: u32 = 1 << 16;

/// What a session's packets are made with.
pub(super) enum Channel {
    /// RMCP+.
    Plus {
        keys: Keys,
        console: u32,
        managed: u32,
        sequence: u32,
        window: Window,
    },
    /// IPMI 1.5.
    Legacy {
        proof: Proof,
        password: Zeroizing<[u8; LEGACY_PASSWORD_LIMIT]>,
        session: u32,
        sequence: u32,
        window: Window,
    },
}

impl Channel {
    pub(super) fn plus(keys: Keys, console: u32, managed: u32) -> Self {
        Self::Plus {
            keys,
            console,
            managed,
            sequence: 0,
            window: Window::new(AHEAD),
        }
    }

    /// `sequence` is the number of the last packet that was sent.
    pub(super) fn legacy(
        proof: Proof,
        password: Zeroizing<[u8; LEGACY_PASSWORD_LIMIT]>,
        session: u32,
        sequence: u32,
    ) -> Self {
        Self::Legacy {
            proof,
            password,
            session,
            sequence,
            window: Window::new(AHEAD),
        }
    }

    /// The session id by which the BMC knows the session.
    pub(super) fn session(&self) -> u32 {
        match self {
            Self::Plus { managed, .. } => *managed,
            Self::Legacy { session, .. } => *session,
        }
    }

    /// The datagram around a payload; only RMCP+ has others than IPMI messages.
    pub(super) fn wrap(
        &mut self,
        payload_type: PayloadType,
        payload: &[u8],
    ) -> Result<Vec<u8>, Error> {
        match self {
            Self::Plus {
                keys,
                managed,
                sequence,
                ..
            } => {
                *sequence = next(*sequence);
                keys.seal(payload_type, *managed, *sequence, payload)
            }
            Self::Legacy {
                proof,
                password,
                session,
                sequence,
                ..
            } => {
                if payload_type != PayloadType::IPMI {
                    let text = "sessions of IPMI 1.5 carry IPMI messages only";
                    return Err(Error::Unsupported(text.into()));
                }
                *sequence = next(*sequence);
                let code = proof.code(password, *session, *sequence, payload);
                packet::legacy(Some((proof.number(), code)), *sequence, *session, payload)
            }
        }
    }

    /// The payload of a datagram that belongs to the session and was not seen before.
    pub(super) fn unwrap(&mut self, datagram: &[u8]) -> Result<(PayloadType, Vec<u8>), Error> {
        match (self, Packet::decode(datagram)?) {
            (
                Self::Plus {
                    keys,
                    console,
                    window,
                    ..
                },
                Packet::Plus(packet),
            ) if packet.session == *console => {
                let payload = keys.open(&packet)?;
                if window.take(packet.sequence) {
                    Ok((packet.payload_type, payload))
                } else {
                    Err(seen())
                }
            }
            (
                Self::Legacy {
                    proof,
                    password,
                    session,
                    window,
                    ..
                },
                Packet::Legacy {
                    auth,
                    sequence,
                    session: found,
                    code: Some(code),
                    payload,
                },
            ) if found == *session && auth == proof.number() => {
                let expected = proof.code(password, *session, sequence, payload);
                if !bool::from(expected.ct_eq(&code)) {
                    let text = "a packet's authentication code is wrong";
                    return Err(Error::Malformed(text.into()));
                }
                if window.take(sequence) {
                    Ok((PayloadType::IPMI, payload.to_vec()))
                } else {
                    Err(seen())
                }
            }
            _ => Err(Error::Malformed("a packet is not of this session".into())),
        }
    }
}

fn seen() -> Error {
    Error::Malformed("a packet came twice or too late".into())
}

/// The next sequence number; 0 is for packets outside of sessions.
fn next(sequence: u32) -> u32 {
    match sequence.wrapping_add(1) {
        0 => 1,
        next => next,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Suite;

    fn plus() -> Channel {
        Channel::plus(Keys::new(Suite::Three, b"key").unwrap(), 7, 7)
    }

    #[test]
    fn a_packet_is_taken_once() {
        let (mut one, mut other) = (plus(), plus());
        let datagram = one.wrap(PayloadType::IPMI, b"hello").unwrap();
        let taken = other.unwrap(&datagram).unwrap();
        assert_eq!(taken, (PayloadType::IPMI, b"hello".to_vec()));
        assert_eq!(other.unwrap(&datagram), Err(seen()));
    }

    #[test]
    fn unprotected_packets_are_not_taken() {
        let mut session = Channel::legacy(Proof::Md5, Zeroizing::new([1; 16]), 9, 0);
        let without = packet::legacy(None, 1, 9, b"hello").unwrap();
        assert!(session.unwrap(&without).is_err());
        let weaker = packet::legacy(Some((4, [1; 16])), 1, 9, b"hello").unwrap();
        assert!(session.unwrap(&weaker).is_err());
        let code = Proof::Md5.code(&[1; 16], 9, 1, b"hello");
        let right = packet::legacy(Some((2, code)), 1, 9, b"hello").unwrap();
        assert!(session.unwrap(&right).is_ok());
        assert!(plus().unwrap(&without).is_err());
    }
}
