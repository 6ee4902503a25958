//! What goes over the wire, for both sides and without I/O.

pub mod exchange;
pub mod legacy;
pub mod message;
pub mod packet;
pub mod rakp;
pub mod sealed;
pub mod suite;
pub mod window;

pub use exchange::Exchange;
pub use message::Message;
pub use packet::{Packet, PayloadType};
pub use sealed::Keys;
pub use suite::Suite;

/// The longest name of an account in bytes (22.28).
pub const NAME_LIMIT: usize = 16;

/// The longest password of an RMCP+ session in bytes (22.30).
pub const PASSWORD_LIMIT: usize = 20;

/// The longest password of an IPMI 1.5 session in bytes (22.30).
pub const LEGACY_PASSWORD_LIMIT: usize = 16;

/// What a session may do (table 22-20).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Privilege {
    /// Calls back only.
    Callback = 1,
    /// Reads.
    User = 2,
    /// Reads and switches power.
    Operator = 3,
    /// Everything.
    Administrator = 4,
}

impl Privilege {
    /// The level of this number in a message.
    pub fn from_bits(bits: u8) -> Option<Self> {
        Some(match bits {
            1 => Self::Callback,
            2 => Self::User,
            3 => Self::Operator,
            4 => Self::Administrator,
            _ => return None,
        })
    }

    /// Its number in messages.
    pub fn bits(self) -> u8 {
        self as u8
    }

    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Callback => "callback",
            Self::User => "user",
            Self::Operator => "operator",
            Self::Administrator => "administrator",
        }
    }
}
