//! Who is asking: local users, passwords and tokens.

mod password;
mod token;

use std::time::Duration;

use assay_domain::{Actor, Error, Result, Role, Secret, Timestamp, User};
use assay_store::Store;
use hmac::{Hmac, KeyInit, Mac};
use moka::sync::Cache;
use sha2::Sha256;

use crate::App;
use password::Passwords;
use token::TokenSigner;

/// Longest time for which a verified credential is believed without looking again.
const CACHE_TIME: Duration = Duration::from_secs(60);
const CACHE_ENTRIES: u64 = 10_000;

/// A caller whose credential was verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The user's name.
    pub name: String,
    /// The user's role.
    pub role: Role,
    /// When the credential ends; a password has no end.
    pub expires_at: Option<Timestamp>,
}

/// A fresh token and whose it is.
pub struct Login {
    /// The token, to be sent in X-Auth-Token.
    pub token: Secret,
    /// Whose it is.
    pub user: User,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// Keys and caches that live as long as the process.
pub(crate) struct Caches {
    signer: TokenSigner,
    passwords: Passwords,
    /// Verified credentials by their keyed hash, so that none is kept as it is.
    verified: Cache<[u8; 32], Identity>,
    key: [u8; 32],
}

impl Caches {
    pub(crate) fn new(store: &Store) -> Self {
        Self {
            signer: TokenSigner::new(&store.derive_secret("token signing")),
            passwords: Passwords::default(),
            verified: Cache::builder()
                .max_capacity(CACHE_ENTRIES)
                .time_to_live(CACHE_TIME)
                .build(),
            key: store.derive_secret("credential cache"),
        }
    }

    fn cache_key(&self, parts: [&str; 3]) -> Result<[u8; 32]> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).map_err(Error::internal)?;
        for part in parts {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part.as_bytes());
        }
        Ok(mac.finalize().into_bytes().into())
    }
}

/// Use cases of users, passwords and tokens.
pub struct Identities<'a> {
    app: &'a App,
}

impl<'a> Identities<'a> {
    pub(crate) fn new(app: &'a App) -> Self {
        Self { app }
    }

    fn caches(&self) -> &Caches {
        &self.app.inner.identities
    }

    /// Checks a password and issues a token.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`], the same whether the user exists or not.
    pub async fn login(&self, name: &str, password: &Secret) -> Result<Login> {
        let user = self.verify(name, password).await?;
        let issued_at = self.app.clock().now();
        let expires_at = self.app.clock().later(self.app.settings().token_lifetime);
        let token = self.caches().signer.sign(&user, issued_at, expires_at)?;
        tracing::info!(user = user.name, "token issued");
        Ok(Login {
            token,
            user,
            issued_at,
            expires_at,
        })
    }

    /// Whose token this is.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] when it is forged, expired, or its user has changed since.
    pub async fn authenticate_token(&self, token: &str) -> Result<Identity> {
        let key = self.caches().cache_key(["token", token, ""])?;
        let now = self.app.clock().now();
        if let Some(known) = self.caches().verified.get(&key) {
            if known.expires_at.is_none_or(|end| end > now) {
                return Ok(known);
            }
            return Err(unauthenticated());
        }
        let claims = self.caches().signer.verify(token, now)?;
        let user = self
            .app
            .store()
            .user_by_name(&claims.sub)
            .await?
            .filter(|user| user.epoch == claims.epoch)
            .ok_or_else(unauthenticated)?;
        let identity = Identity {
            name: user.name,
            role: user.role,
            expires_at: Timestamp::from_timestamp(claims.exp, 0),
        };
        self.caches().verified.insert(key, identity.clone());
        Ok(identity)
    }

    /// Whose name and password these are.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`], the same whether the user exists or not.
    pub async fn authenticate_basic(&self, name: &str, password: &Secret) -> Result<Identity> {
        let key = self
            .caches()
            .cache_key(["basic", name, password.expose()])?;
        if let Some(known) = self.caches().verified.get(&key) {
            return Ok(known);
        }
        let user = self.verify(name, password).await?;
        let identity = Identity {
            name: user.name,
            role: user.role,
            expires_at: None,
        };
        self.caches().verified.insert(key, identity.clone());
        Ok(identity)
    }

    /// Creates a user.
    ///
    /// # Errors
    /// [`Error::Invalid`] for an unusable name or password, [`Error::Conflict`] for a taken name.
    pub async fn create_user(
        &self,
        actor: &Actor,
        name: &str,
        role: Role,
        password: &Secret,
    ) -> Result<User> {
        actor.require(Role::Admin)?;
        check_name(name)?;
        let hash = self.caches().passwords.hash(password).await?;
        let user = self
            .app
            .store()
            .create_user(name, role, &hash, self.app.clock().now())
            .await?;
        tracing::info!(by = actor.name, dialect = %actor.dialect, user = name, role = role.as_str(), "user created");
        Ok(user)
    }

    /// Changes a user's role, password or both; the user's tokens end.
    pub async fn update_user(
        &self,
        actor: &Actor,
        name: &str,
        role: Option<Role>,
        password: Option<&Secret>,
    ) -> Result<User> {
        actor.require(Role::Admin)?;
        let hash = match password {
            Some(password) => Some(self.caches().passwords.hash(password).await?),
            None => None,
        };
        let user = self.app.store().update_user(name, role, hash).await?;
        self.caches().verified.invalidate_all();
        tracing::info!(by = actor.name, dialect = %actor.dialect, user = name, "user changed");
        Ok(user)
    }

    /// Deletes a user; the user's tokens end.
    pub async fn delete_user(&self, actor: &Actor, name: &str) -> Result<()> {
        actor.require(Role::Admin)?;
        if !self.app.store().delete_user(name).await? {
            return Err(Error::not_found("User", name));
        }
        self.caches().verified.invalidate_all();
        tracing::info!(by = actor.name, dialect = %actor.dialect, user = name, "user deleted");
        Ok(())
    }

    /// All users.
    pub async fn users(&self, actor: &Actor) -> Result<Vec<User>> {
        actor.require(Role::Admin)?;
        self.app.store().users().await
    }

    async fn verify(&self, name: &str, password: &Secret) -> Result<User> {
        let user = self.app.store().user_by_name(name).await?;
        let hash = user.as_ref().map(|user| user.password_hash.clone());
        let matches = self.caches().passwords.verify(password, hash).await?;
        user.filter(|_| matches).ok_or_else(|| {
            tracing::warn!(user = name, "credentials refused");
            unauthenticated()
        })
    }
}

fn unauthenticated() -> Error {
    Error::Unauthenticated("the credentials are missing, wrong or expired".to_owned())
}

fn check_name(name: &str) -> Result<()> {
    let fine = (1..=64).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"._-@".contains(&byte));
    if fine {
        return Ok(());
    }
    Err(Error::invalid(
        "a user's name has 1 to 64 of the characters a-z, A-Z, 0-9, '.', '_', '-', '@'",
    ))
}
