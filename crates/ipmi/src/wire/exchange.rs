//! The proofs in the handshake of an RMCP+ session (section 13.31), and its key (13.32).

use zeroize::Zeroizing;

use super::Suite;
use crate::Error;

/// What both sides know after RAKP 2, and all proofs are made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exchange {
    /// The algorithms.
    pub suite: Suite,
    /// The console's session id.
    pub console: u32,
    /// The BMC's session id.
    pub managed: u32,
    /// The console's random number.
    pub console_random: [u8; 16],
    /// The BMC's random number.
    pub managed_random: [u8; 16],
    /// The BMC's GUID.
    pub guid: [u8; 16],
    /// The role of RAKP 1.
    pub role: u8,
    /// The account's name.
    pub name: Vec<u8>,
}

impl Exchange {
    /// The proof in RAKP 2, with the account's password as the key.
    ///
    /// # Errors
    /// As [`Suite::hash`], here and below.
    pub fn second(&self, password: &[u8]) -> Result<Vec<u8>, Error> {
        let proof = self.suite.hash(
            password,
            &[
                &self.console.to_le_bytes(),
                &self.managed.to_le_bytes(),
                &self.console_random,
                &self.managed_random,
                &self.guid,
                &self.who(),
                &self.name,
            ],
        )?;
        Ok(proof.to_vec())
    }

    /// The proof in RAKP 3, with the account's password as the key.
    pub fn third(&self, password: &[u8]) -> Result<Vec<u8>, Error> {
        let proof = self.suite.hash(
            password,
            &[
                &self.managed_random,
                &self.console.to_le_bytes(),
                &self.who(),
                &self.name,
            ],
        )?;
        Ok(proof.to_vec())
    }

    /// The session integrity key, with the BMC's key K_G as the key, or the password where there is
    /// none.
    pub fn session_key(&self, key: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
        self.suite.hash(
            key,
            &[
                &self.console_random,
                &self.managed_random,
                &self.who(),
                &self.name,
            ],
        )
    }

    /// The proof in RAKP 4, with the session integrity key as the key; cut off as packets' codes are.
    pub fn fourth(&self, session_key: &[u8]) -> Result<Vec<u8>, Error> {
        let mut proof = self
            .suite
            .hash(
                session_key,
                &[
                    &self.console_random,
                    &self.managed.to_le_bytes(),
                    &self.guid,
                ],
            )?
            .to_vec();
        proof.truncate(self.suite.code_length());
        Ok(proof)
    }

    fn who(&self) -> [u8; 2] {
        [self.role, u8::try_from(self.name.len()).unwrap_or(0)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_proof_depends_on_the_password_and_on_both_random_numbers() {
        for suite in Suite::ALL {
            let one = Exchange {
                suite,
                console: 1,
                managed: 2,
                console_random: [3; 16],
                managed_random: [4; 16],
                guid: [5; 16],
                role: 0x14,
                name: b"admin".to_vec(),
            };
            let other = Exchange {
                managed_random: [6; 16],
                ..one.clone()
            };
            assert_eq!(one.second(b"right").unwrap().len(), suite.hash_length());
            assert_ne!(one.second(b"right"), one.second(b"wrong"));
            assert_ne!(one.second(b"right"), other.second(b"right"));
            assert_ne!(one.third(b"right"), one.third(b"wrong"));
            assert_ne!(one.third(b"right"), other.third(b"right"));
            let key = one.session_key(b"right").unwrap();
            assert_ne!(key, other.session_key(b"right").unwrap());
            assert_eq!(one.fourth(&key).unwrap().len(), suite.code_length());
        }
    }
}
