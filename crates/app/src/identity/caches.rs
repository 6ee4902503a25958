//! Keys and caches of identity, which live as long as the process.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use assay_domain::{Error, Result, TokenValidator, User};
use assay_store::Store;
use hmac::{Hmac, KeyInit, Mac};
use moka::sync::Cache;
use sha2::Sha256;

use super::Identity;
use super::foreign::Foreign;
use super::password::Passwords;
use super::settings::KeystoneSettings;
use super::token::TokenSigner;

/// How long a caller is known without a look into the database: what another process of the fleet
/// revokes or changes holds here after that time.
const RECENT: Duration = Duration::from_secs(3);
/// How long a password that proved right is not hashed again.
const PROVED: Duration = Duration::from_secs(600);
const ENTRIES: u64 = 10_000;

/// The keyed hash of a credential, so that none is kept as it is.
pub(crate) type Key = [u8; 32];

pub(crate) struct Caches {
    pub(super) signer: TokenSigner,
    pub(super) passwords: Passwords,
    /// Callers who were looked up a moment ago.
    pub(super) recent: Cache<Key, Identity>,
    /// Names with passwords that proved right, and the state of the user for which they did.
    proved: Cache<Key, (i64, i64)>,
    foreign: OnceLock<Foreign>,
    key: Key,
}

impl Caches {
    pub(crate) fn new(store: &Store) -> Self {
        Self {
            signer: TokenSigner::new(&store.derive_secret("token signing")),
            passwords: Passwords::default(),
            recent: Cache::builder()
                .max_capacity(ENTRIES)
                .time_to_live(RECENT)
                .build(),
            proved: Cache::builder()
                .max_capacity(ENTRIES)
                .time_to_live(PROVED)
                .build(),
            foreign: OnceLock::new(),
            key: store.derive_secret("credential cache"),
        }
    }

    /// Believes the tokens of an identity service from now on; the first one stays.
    pub(crate) fn believe(&self, validator: Arc<dyn TokenValidator>, settings: &KeystoneSettings) {
        let _ = self.foreign.set(Foreign::new(validator, settings.clone()));
    }

    pub(super) fn foreign(&self) -> Option<&Foreign> {
        self.foreign.get()
    }

    pub(super) fn key(&self, parts: [&str; 3]) -> Result<Key> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).map_err(Error::internal)?;
        for part in parts {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part.as_bytes());
        }
        Ok(mac.finalize().into_bytes().into())
    }

    /// Whether a name and a password proved right for this state of the user.
    pub(super) fn has_proved(&self, key: &Key, user: &User) -> bool {
        self.proved.get(key) == Some((user.id, user.epoch))
    }

    pub(super) fn proved(&self, key: Key, user: &User) {
        self.proved.insert(key, (user.id, user.epoch));
    }

    /// Looks everybody up again.
    pub(super) fn forget(&self) {
        self.recent.invalidate_all();
    }
}
