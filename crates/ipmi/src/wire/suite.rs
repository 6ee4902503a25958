//! Cipher suites (table 22-19) and their keyed hashes. Suite 0, which asks for no proof at all, does
//! not exist here, nor do those of MD5, of RC4 and those without encryption.

use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::Error;

/// Algorithms of authentication, integrity and confidentiality, which are chosen together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Suite {
    /// RAKP-HMAC-SHA1, HMAC-SHA1-96, AES-CBC-128.
    Three,
    /// RAKP-HMAC-SHA256, HMAC-SHA256-128, AES-CBC-128.
    Seventeen,
}

impl Suite {
    /// Both, the stronger first.
    pub const ALL: [Self; 2] = [Self::Seventeen, Self::Three];

    /// Its number.
    pub fn id(self) -> u8 {
        match self {
            Self::Three => 3,
            Self::Seventeen => 17,
        }
    }

    /// The numbers of its algorithms (tables 13-17 to 13-19): authentication, integrity,
    /// confidentiality.
    pub fn algorithms(self) -> [u8; 3] {
        match self {
            Self::Three => [0x01, 0x01, 0x01],
            Self::Seventeen => [0x03, 0x04, 0x01],
        }
    }

    /// The suite of these algorithms, if it is one of ours.
    pub fn of_algorithms(algorithms: [u8; 3]) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|suite| suite.algorithms() == algorithms)
    }

    /// Length of a hash in bytes.
    pub fn hash_length(self) -> usize {
        match self {
            Self::Three => 20,
            Self::Seventeen => 32,
        }
    }

    /// Length of a packet's authentication code, and of that in RAKP 4, in bytes (13.28.1, 13.28.4).
    pub fn code_length(self) -> usize {
        match self {
            Self::Three => 12,
            Self::Seventeen => 16,
        }
    }

    /// The keyed hash of `parts`, one after the other.
    ///
    /// # Errors
    /// [`Error::Malformed`] when the library refuses the key, which it does not.
    pub fn hash(self, key: &[u8], parts: &[&[u8]]) -> Result<Zeroizing<Vec<u8>>, Error> {
        match self {
            Self::Three => keyed::<Hmac<Sha1>>(key, parts),
            Self::Seventeen => keyed::<Hmac<Sha256>>(key, parts),
        }
    }
}

fn keyed<M: Mac + KeyInit>(key: &[u8], parts: &[&[u8]]) -> Result<Zeroizing<Vec<u8>>, Error> {
    let mut mac = <M as KeyInit>::new_from_slice(key)
        .map_err(|_| Error::Malformed("a key has the wrong length".into()))?;
    for part in parts {
        mac.update(part);
    }
    Ok(Zeroizing::new(mac.finalize().into_bytes().to_vec()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Test case 2 of RFC 2202 (3) and of RFC 4231 (4.3).
    #[test]
    fn hashes_are_those_of_the_rfcs() {
        let parts: [&[u8]; 2] = [b"what do ya want ", b"for nothing?"];
        let sha1 = Suite::Three.hash(b"Jefe", &parts).unwrap();
        assert_eq!(sha1[..6], [0xef, 0xfc, 0xdf, 0x6a, 0xe5, 0xeb]);
        assert_eq!(sha1.len(), Suite::Three.hash_length());
        let sha256 = Suite::Seventeen.hash(b"Jefe", &parts).unwrap();
        assert_eq!(sha256[..6], [0x5b, 0xdc, 0xc1, 0x46, 0xbf, 0x60]);
        assert_eq!(sha256.len(), Suite::Seventeen.hash_length());
    }

    #[test]
    fn no_other_suite_is_known() {
        for suite in Suite::ALL {
            assert_eq!(Suite::of_algorithms(suite.algorithms()), Some(suite));
        }
        for others in [[0, 0, 0], [1, 0, 0], [1, 1, 0], [2, 2, 1], [1, 4, 1]] {
            assert_eq!(Suite::of_algorithms(others), None);
        }
    }
}
