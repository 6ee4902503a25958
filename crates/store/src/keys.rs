//! The keys that encrypt passwords and private keys at rest.
//!
//! A sealed text is `key_id:nonce:ciphertext` (nonce and ciphertext in base64), made with
//! XChaCha20-Poly1305. Table, column and row are bound to it as associated data, so that a sealed
//! text that is moved to another row does not open.

use assay_domain::{Error, Secret};
use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD as BASE64;
use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac};
use sha2::Sha256;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::convert::hex;
use crate::fault::Outcome;

/// Length of a key in bytes (XChaCha20).
const KEY_BYTES: usize = 32;

/// Length of a nonce in bytes (XChaCha20): long enough to be chosen at random each time.
const NONCE_BYTES: usize = 24;

/// Block length of SHA-256 in bytes.
const HMAC_BLOCK_BYTES: usize = 64;

/// Where a sealed text belongs.
pub(crate) struct Place(String);

impl Place {
    /// A column of one power control.
    pub(crate) fn power_control(column: &str, id: i64) -> Self {
        Self(format!("power_controls/{column}/{id}"))
    }
}

/// One key and its name.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub(crate) struct Key {
    id: String,
    bytes: [u8; KEY_BYTES],
}

impl Key {
    /// A new random key.
    pub(crate) fn random() -> Outcome<Self> {
        let mut bytes = [0; KEY_BYTES];
        fill(&mut bytes)?;
        let mut id = [0; 4];
        fill(&mut id)?;
        Ok(Self {
            id: hex(&id),
            bytes,
        })
    }

    /// The name of the key, which is no secret.
    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// The key as one line of a key file.
    pub(crate) fn to_line(&self) -> String {
        format!("{} {}", self.id, BASE64.encode(self.bytes))
    }

    /// The key in a line of a key file.
    pub(crate) fn from_line(line: &str) -> Option<Self> {
        let (id, encoded) = line.split_once(' ')?;
        let bytes = BASE64.decode(encoded.trim()).ok()?.try_into().ok()?;
        let named = !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
        named.then(|| Self {
            id: id.to_owned(),
            bytes,
        })
    }
}

/// The keys of this installation; the first one seals, all of them open.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Keyring {
    keys: Vec<Key>,
}

impl Keyring {
    /// A ring of these keys, if there is at least one.
    pub(crate) fn new(keys: Vec<Key>) -> Option<Self> {
        (!keys.is_empty()).then_some(Self { keys })
    }

    /// All keys, the sealing one first.
    pub(crate) fn keys(&self) -> &[Key] {
        &self.keys
    }

    /// Whether there is a key of that name.
    pub(crate) fn has(&self, id: &str) -> bool {
        self.keys.iter().any(|key| key.id == id)
    }

    /// Encrypts a secret for its place.
    pub(crate) fn seal(&self, place: &Place, secret: &Secret) -> Outcome<String> {
        let key = &self.keys[0];
        let mut nonce = [0; NONCE_BYTES];
        fill(&mut nonce)?;
        let sealed = cipher(key)
            .encrypt(
                &XNonce::from(nonce),
                Payload {
                    msg: secret.expose().as_bytes(),
                    aad: place.0.as_bytes(),
                },
            )
            .map_err(|_| Error::internal(format!("cannot encrypt {}", place.0)))?;
        Ok(format!(
            "{}:{}:{}",
            key.id,
            BASE64.encode(nonce),
            BASE64.encode(sealed)
        ))
    }

    /// Decrypts what was sealed for this place.
    pub(crate) fn open(&self, place: &Place, sealed: &str) -> Outcome<Secret> {
        let refuse = |why: &str| Error::internal(format!("cannot decrypt {}: {why}", place.0));
        let (id, nonce, text) = parts(sealed).ok_or_else(|| refuse("it is no sealed text"))?;
        let key = self
            .keys
            .iter()
            .find(|key| key.id == id)
            .ok_or_else(|| refuse(&format!("the key {id} is missing")))?;
        let plain = cipher(key)
            .decrypt(
                &XNonce::from(nonce),
                Payload {
                    msg: &text,
                    aad: place.0.as_bytes(),
                },
            )
            .map_err(|_| refuse("it was changed, moved, or sealed with another key"))?;
        let text = String::from_utf8(plain).map_err(|_| refuse("it is not text"))?;
        Ok(Secret::new(text))
    }

    /// 32 bytes that follow from the sealing key and a label: HMAC-SHA256.
    pub(crate) fn derive(&self, label: &str) -> [u8; 32] {
        // A key shorter than the hash's block counts as filled up with zeros (RFC 2104).
        let mut block = Zeroizing::new([0; HMAC_BLOCK_BYTES]);
        block[..KEY_BYTES].copy_from_slice(&self.keys[0].bytes);
        let mut mac = <Hmac<Sha256> as KeyInit>::new((&*block).into());
        mac.update(b"assay-derive-1:");
        mac.update(label.as_bytes());
        mac.finalize().into_bytes().into()
    }
}

/// The name of the key that a text was sealed with.
pub(crate) fn key_id(sealed: &str) -> &str {
    sealed.split(':').next().unwrap_or_default()
}

fn parts(sealed: &str) -> Option<(&str, [u8; NONCE_BYTES], Vec<u8>)> {
    let mut parts = sealed.split(':');
    let (id, nonce, text) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() {
        return None;
    }
    let nonce = BASE64.decode(nonce).ok()?.try_into().ok()?;
    Some((id, nonce, BASE64.decode(text).ok()?))
}

fn cipher(key: &Key) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(&key.bytes.into())
}

fn fill(bytes: &mut [u8]) -> Outcome<()> {
    getrandom::fill(bytes)
        .map_err(|error| Error::internal(format!("no random numbers: {error}")).into())
}

#[cfg(test)]
mod tests {
    use assay_domain::Secret;

    use super::{Key, Keyring, Place};

    fn ring() -> Keyring {
        Keyring::new(vec![Key::random().unwrap()]).unwrap()
    }

    #[test]
    fn a_sealed_text_opens_in_its_own_place_only() {
        let ring = ring();
        let place = Place::power_control("password", 7);
        let sealed = ring.seal(&place, &Secret::new("pässword")).unwrap();
        assert!(!sealed.contains("pässword"));
        assert_eq!(ring.open(&place, &sealed).unwrap().expose(), "pässword");
        for other in [
            Place::power_control("password", 8),
            Place::power_control("ssh_key", 7),
        ] {
            assert!(ring.open(&other, &sealed).is_err());
        }
    }

    #[test]
    fn a_changed_text_and_another_key_do_not_open() {
        let ring = ring();
        let place = Place::power_control("password", 7);
        let sealed = ring.seal(&place, &Secret::new("secret")).unwrap();
        for wrong in [
            "",
            "a",
            "a:b",
            "a:b:c",
            &format!("{sealed}:x"),
            &sealed[1..],
        ] {
            assert!(ring.open(&place, wrong).is_err(), "{wrong}");
        }
        assert!(super::tests::ring().open(&place, &sealed).is_err());
    }

    #[test]
    fn equal_secrets_are_sealed_differently() {
        let ring = ring();
        let place = Place::power_control("password", 7);
        let one = ring.seal(&place, &Secret::new("secret")).unwrap();
        assert_ne!(one, ring.seal(&place, &Secret::new("secret")).unwrap());
    }

    #[test]
    fn derived_secrets_differ_by_label_and_stay_the_same() {
        let ring = ring();
        assert_eq!(ring.derive("tokens"), ring.derive("tokens"));
        assert_ne!(ring.derive("tokens"), ring.derive("cache"));
    }

    #[test]
    fn keys_survive_their_file_line() {
        let key = Key::random().unwrap();
        assert!(Key::from_line(&key.to_line()).unwrap() == key);
        for wrong in ["", "id", "id ", " AAAA", "id AAAA", "a:b AAAA"] {
            assert!(Key::from_line(wrong).is_none(), "{wrong}");
        }
    }
}
