//! Packets of an RMCP+ session: encrypted (section 13.29) and with an authentication code (13.28.4).

use cbc::cipher::{Block, BlockModeDecrypt, BlockModeEncrypt, KeyIvInit};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::Suite;
use super::packet::{BODY, PayloadType, Plus, head};
use crate::Error;

type Encryptor = cbc::Encryptor<aes::Aes128>;
type Decryptor = cbc::Decryptor<aes::Aes128>;

/// Length of AES's blocks, of the key and of the initialisation vector.
const BLOCK: usize = 16;

/// The value of the field "next header" (table 13-8).
const NEXT_HEADER: u8 = 0x07;

/// The two constants that keys are made of have this length with SHA-1 (section 13.32). The
/// specification leaves open how long they are with SHA-256; ipmitool, FreeIPMI and BMCs use the same.
const CONSTANT: usize = 20;

/// The keys of a session.
pub struct Keys {
    suite: Suite,
    /// K1, for authentication codes.
    integrity: Zeroizing<Vec<u8>>,
    /// The beginning of K2, for encryption.
    confidentiality: Zeroizing<[u8; BLOCK]>,
}

impl Keys {
    /// Makes the keys of the session integrity key (section 13.32).
    ///
    /// # Errors
    /// [`Error::Malformed`] when the library refuses a key, which it does not.
    pub fn new(suite: Suite, session_key: &[u8]) -> Result<Self, Error> {
        let integrity = suite.hash(session_key, &[&[1; CONSTANT]])?;
        let second = suite.hash(session_key, &[&[2; CONSTANT]])?;
        let mut confidentiality = Zeroizing::new([0; BLOCK]);
        for (to, from) in confidentiality.iter_mut().zip(second.iter()) {
            *to = *from;
        }
        Ok(Self {
            suite,
            integrity,
            confidentiality,
        })
    }

    /// A whole datagram around a payload.
    ///
    /// # Errors
    /// [`Error::Malformed`] when the payload is too long.
    pub fn seal(
        &self,
        payload_type: PayloadType,
        session: u32,
        sequence: u32,
        payload: &[u8],
    ) -> Result<Vec<u8>, Error> {
        let hidden = self.encrypt(payload)?;
        let mut bytes = head(payload_type, true, session, sequence, hidden.len())?;
        bytes.extend(hidden);
        // What the code is made over is a multiple of four bytes long.
        let padding = (4 - (bytes.len() - BODY + 2) % 4) % 4;
        bytes.extend(std::iter::repeat_n(0xff, padding));
        bytes.extend([u8::try_from(padding).unwrap_or(0), NEXT_HEADER]);
        let code = self.code(&bytes[BODY..])?;
        bytes.extend(code);
        Ok(bytes)
    }

    /// Checks a packet and gives its payload in clear.
    ///
    /// # Errors
    /// [`Error::Malformed`] when it is not protected, was not made with these keys, or holds nonsense.
    pub fn open(&self, packet: &Plus<'_>) -> Result<Vec<u8>, Error> {
        if !packet.authenticated || !packet.encrypted {
            return Err(Error::Malformed(
                "a packet of the session is not protected".into(),
            ));
        }
        let covered = packet.body.len().saturating_sub(self.suite.code_length());
        let (covered, code) = packet.body.split_at(covered);
        if !bool::from(self.code(covered)?.ct_eq(code)) {
            return Err(Error::Malformed(
                "a packet's authentication code is wrong".into(),
            ));
        }
        self.decrypt(packet.payload)
    }

    fn code(&self, covered: &[u8]) -> Result<Vec<u8>, Error> {
        let mut code = self.suite.hash(&self.integrity, &[covered])?.to_vec();
        code.truncate(self.suite.code_length());
        Ok(code)
    }

    fn encrypt(&self, payload: &[u8]) -> Result<Vec<u8>, Error> {
        let vector: [u8; BLOCK] = rand::random();
        let padding = (BLOCK - (payload.len() + 1) % BLOCK) % BLOCK;
        let mut hidden = vector.to_vec();
        hidden.extend_from_slice(payload);
        hidden.extend((1..=u8::MAX).take(padding));
        hidden.push(u8::try_from(padding).unwrap_or(0));
        let mut mode = Encryptor::new_from_slices(&self.confidentiality[..], &vector)
            .map_err(|_| wrong_key())?;
        for chunk in hidden[BLOCK..].chunks_exact_mut(BLOCK) {
            let mut block = Block::<Encryptor>::default();
            block.copy_from_slice(chunk);
            mode.encrypt_block(&mut block);
            chunk.copy_from_slice(&block);
        }
        Ok(hidden)
    }

    fn decrypt(&self, hidden: &[u8]) -> Result<Vec<u8>, Error> {
        let what = "an encrypted payload";
        let Some((vector, hidden)) = hidden.split_at_checked(BLOCK) else {
            return Err(Error::too_short(what));
        };
        if hidden.is_empty() || !hidden.len().is_multiple_of(BLOCK) {
            return Err(Error::Malformed(format!("{what} has no whole blocks")));
        }
        let mut mode = Decryptor::new_from_slices(&self.confidentiality[..], vector)
            .map_err(|_| wrong_key())?;
        let mut payload = hidden.to_vec();
        for chunk in payload.chunks_exact_mut(BLOCK) {
            let mut block = Block::<Decryptor>::default();
            block.copy_from_slice(chunk);
            mode.decrypt_block(&mut block);
            chunk.copy_from_slice(&block);
        }
        // BMCs differ in the padding's bytes, and the code has proved who sent them: only its length
        // counts.
        let padding = usize::from(payload.pop().unwrap_or(0));
        let Some(length) = payload.len().checked_sub(padding) else {
            return Err(Error::Malformed(format!(
                "{what} has more padding than bytes"
            )));
        };
        payload.truncate(length);
        Ok(payload)
    }
}

fn wrong_key() -> Error {
    Error::Malformed("a key has the wrong length".into())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::wire::Packet;

    fn opened(keys: &Keys, datagram: &[u8]) -> Result<Vec<u8>, Error> {
        match Packet::decode(datagram)? {
            Packet::Plus(packet) => keys.open(&packet),
            Packet::Legacy { .. } => Err(Error::Malformed("not RMCP+".into())),
        }
    }

    proptest! {
        #[test]
        fn what_is_sealed_is_opened_with_the_same_keys_only(
            payload in proptest::collection::vec(any::<u8>(), 0..90),
            session: u32, sequence: u32, flip in 4..40_usize, seventeen: bool,
        ) {
            let suite = if seventeen { Suite::Seventeen } else { Suite::Three };
            let keys = Keys::new(suite, b"one").unwrap();
            let mut datagram = keys.seal(PayloadType::IPMI, session, sequence, &payload).unwrap();
            prop_assert_eq!(opened(&keys, &datagram), Ok(payload));
            prop_assert_eq!((datagram.len() - BODY - suite.code_length()) % 4, 0);
            prop_assert!(opened(&Keys::new(suite, b"two").unwrap(), &datagram).is_err());
            datagram[flip] ^= 1;
            prop_assert!(opened(&keys, &datagram).is_err());
        }

        #[test]
        fn no_bytes_make_opening_panic(
            hidden in proptest::collection::vec(any::<u8>(), 0..70),
            body in proptest::collection::vec(any::<u8>(), 0..40),
        ) {
            let keys = Keys::new(Suite::Three, b"one").unwrap();
            let _ = keys.decrypt(&hidden);
            let packet = Plus {
                payload_type: PayloadType::IPMI, encrypted: true, authenticated: true,
                session: 1, sequence: 1, payload: &hidden, body: &body,
            };
            prop_assert!(keys.open(&packet).is_err());
        }
    }
}
