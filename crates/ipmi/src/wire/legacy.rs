//! Authentication codes of IPMI 1.5 sessions (section 22.17.1).

use md5::{Digest, Md5};

use super::LEGACY_PASSWORD_LIMIT;

/// How an IPMI 1.5 session proves who sends. Type "none" does not exist here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proof {
    /// A hash of the password and the packet.
    Md5,
    /// The password itself, for everybody on the way to read.
    Password,
}

impl Proof {
    /// Its number in packets (table 13-8).
    pub fn number(self) -> u8 {
        match self {
            Self::Md5 => 2,
            Self::Password => 4,
        }
    }

    /// Whether a mask of authentication types has this one (table 22-15).
    pub fn is_in(self, mask: u8) -> bool {
        mask & 1 << self.number() != 0
    }

    /// The code of a packet.
    pub fn code(
        self,
        password: &[u8; LEGACY_PASSWORD_LIMIT],
        session: u32,
        sequence: u32,
        payload: &[u8],
    ) -> [u8; 16] {
        match self {
            Self::Password => *password,
            Self::Md5 => {
                let mut hash = Md5::new();
                hash.update(password);
                hash.update(session.to_le_bytes());
                hash.update(payload);
                hash.update(sequence.to_le_bytes());
                hash.update(password);
                hash.finalize().into()
            }
        }
    }
}

/// A password or name filled up with zeros; `None` when it is too long.
pub fn padded(text: &[u8]) -> Option<[u8; LEGACY_PASSWORD_LIMIT]> {
    let mut padded = [0; LEGACY_PASSWORD_LIMIT];
    padded.get_mut(..text.len())?.copy_from_slice(text);
    Some(padded)
}
