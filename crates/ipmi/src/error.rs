//! What can go wrong between a client and a BMC. No error holds a name, a password or a key.

use std::time::Duration;

/// Why a BMC did not do as asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Nothing could be sent to it.
    #[error("nothing can be sent to it: {0}")]
    Unreachable(String),
    /// No answer came in time.
    #[error("no answer to {what} within {} ms", .after.as_millis())]
    TimedOut {
        /// What was asked.
        what: &'static str,
        /// How long was waited in all.
        after: Duration,
    },
    /// The BMC did not take the login, or we could not take the BMC's proof that it knows it.
    #[error("{0}")]
    Refused(String),
    /// The BMC cannot do that, or not in the way that was asked for.
    #[error("{0}")]
    Unsupported(String),
    /// An answer that does not follow the specification.
    #[error("{0}")]
    Malformed(String),
    /// A message of the handshake was answered with an error.
    #[error("{what}: {status}")]
    Handshake {
        /// Which message.
        what: &'static str,
        /// What the BMC said.
        status: Status,
    },
    /// A command was answered with a completion code that is not zero.
    #[error("{what}: completion code {code:#04x} ({})", completion(*.code))]
    Completion {
        /// Which command.
        what: &'static str,
        /// The completion code (table 5-2, and with the commands).
        code: u8,
    },
}

impl Error {
    pub(crate) fn too_short(what: &str) -> Self {
        Self::Malformed(format!("{what} is too short"))
    }

    /// The completion code, if this is one.
    pub fn code(&self) -> Option<u8> {
        match self {
            Self::Completion { code, .. } => Some(*code),
            _ => None,
        }
    }

    /// Whether the BMC said that it does not have the command, the parameter, or the sensor or record
    /// that was meant.
    pub fn is_unsupported(&self) -> bool {
        matches!(self, Self::Unsupported(_))
            || matches!(
                self.code(),
                Some(0x80 | 0xc1 | 0xc2 | 0xc9 | 0xcb | 0xcc | 0xcd)
            )
    }
}

/// The status of an answer in the RMCP+ handshake (table 13-15).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Status(pub u8);

impl Status {
    /// No error.
    pub const OK: Self = Self(0);
    /// No room for another session.
    pub const NO_RESOURCES: Self = Self(0x01);
    /// The session id is not known.
    pub const INVALID_SESSION: Self = Self(0x02);
    /// The privilege level is not allowed.
    pub const NO_PRIVILEGE: Self = Self(0x0a);
    /// The name is not known.
    pub const NO_NAME: Self = Self(0x0d);
    /// The proof of the password is wrong.
    pub const WRONG_PROOF: Self = Self(0x0f);
    /// None of the proposed algorithms is available.
    pub const NO_SUITE: Self = Self(0x11);
    /// A parameter is not allowed.
    pub const ILLEGAL: Self = Self(0x12);

    /// Whether the BMC does not have the algorithms that were proposed.
    pub fn is_other_suite(self) -> bool {
        matches!(self.0, 0x04..=0x07 | 0x10 | 0x11)
    }

    /// Whether it is the login that was not taken: its name, its password, or its privilege level.
    pub fn is_refusal(self) -> bool {
        matches!(self.0, 0x09 | 0x0a | 0x0d | 0x0f)
    }
}

impl std::fmt::Display for Status {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let text = match self.0 {
            0x00 => "no error",
            0x01 => "no room for another session",
            0x02 => "unknown session",
            0x03 => "unknown payload type",
            0x04 => "unknown authentication algorithm",
            0x05 => "unknown integrity algorithm",
            0x06 => "no matching authentication",
            0x07 => "no matching integrity",
            0x08 => "the session is not active",
            0x09 => "unknown role",
            0x0a => "the account may not have this role or privilege level",
            0x0b => "no room for another session of this role",
            0x0c => "the name's length is not allowed",
            0x0d => "the name is not known, or may not have this privilege level",
            0x0e => "the GUID is not known",
            0x0f => "the proof of the password is wrong",
            0x10 => "unknown confidentiality algorithm",
            0x11 => "no cipher suite with these algorithms",
            0x12 => "a parameter is not allowed",
            _ => "an error that the specification does not have",
        };
        write!(f, "status {:#04x} ({text})", self.0)
    }
}

/// What a completion code says (table 5-2).
fn completion(code: u8) -> &'static str {
    match code {
        0xc0 => "busy",
        0xc1 => "unknown command",
        0xc2 => "unknown command for this LUN",
        0xc3 => "it took the BMC too long",
        0xc4 => "out of space",
        0xc5 => "the reservation has ended",
        0xc6 => "the request was cut off",
        0xc7 => "the request has the wrong length",
        0xc8 => "the request is too long",
        0xc9 => "a parameter is out of range",
        0xca => "it cannot give so many bytes",
        0xcb => "there is no such sensor, data or record",
        0xcc => "a field is not valid",
        0xcd => "not for this sensor or record",
        0xce => "no answer could be given",
        0xcf => "it was asked twice",
        0xd0 => "the sensor data are being changed",
        0xd1 => "the firmware is being changed",
        0xd2 => "the BMC is starting",
        0xd3 => "what it is meant for does not answer",
        0xd4 => "the privilege level is too low",
        0xd5 => "not in its present state",
        0xd6 => "it was switched off",
        _ => "of this command alone, or of the maker",
    }
}
