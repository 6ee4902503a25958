//! Who is asking: local users, passwords, tokens of Assay and of an external Keystone.

mod caches;
mod foreign;
mod logins;
mod password;
mod scope;
mod settings;
mod token;
mod users;

use std::sync::Arc;

use assay_domain::{Error, Result, Role, Secret, Timestamp, TokenValidator, User};

use crate::App;

pub(crate) use caches::Caches;
pub use logins::{Login, Proof, TokenFacts};
pub use scope::{Naming, Scope, ScopeWanted};
pub use settings::{IdentitySettings, KeystoneSettings, RoleNames, stable_id};

/// A caller whose credential was verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// The user's name; `keystone:NAME@DOMAIN` for a user of an external Keystone.
    pub name: String,
    /// The user's role.
    pub role: Role,
    /// When the credential ends; a password has no end.
    pub expires_at: Option<Timestamp>,
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

    /// Believes the tokens of an identity service from now on, as the settings of `keystone` say.
    ///
    /// # Errors
    /// [`Error::Invalid`] when there are no such settings.
    pub fn believe(&self, validator: Arc<dyn TokenValidator>) -> Result<()> {
        let settings = self.app.settings().keystone.as_ref();
        let settings = settings.ok_or_else(|| Error::invalid("there is no [keystone]"))?;
        self.caches().believe(validator, settings);
        Ok(())
    }

    /// Whose token this is, be it of Assay or of the external Keystone.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`] when it is forged, expired or revoked, or its user has changed
    /// since; [`Error::Forbidden`] when Keystone's user has no role here; [`Error::Unavailable`]
    /// when Keystone cannot be asked.
    pub async fn authenticate_token(&self, token: &str) -> Result<Identity> {
        let caches = self.caches();
        let key = caches.key(["token", token, ""])?;
        let now = self.app.clock().now();
        if let Some(known) = caches.recent.get(&key) {
            if known.expires_at.is_none_or(|end| end > now) {
                return Ok(known);
            }
            return Err(unauthenticated());
        }
        // What carries our own signature is never shown to Keystone, whether it is good or not.
        if caches.signer.read(token).is_none() {
            return self.foreign(key, token, now).await;
        }
        let (claims, user) = self.holder(token, now).await?;
        let identity = Identity {
            name: user.name,
            role: user.role,
            expires_at: Timestamp::from_timestamp(claims.exp, 0),
        };
        caches.recent.insert(key, identity.clone());
        Ok(identity)
    }

    async fn foreign(&self, key: caches::Key, token: &str, now: Timestamp) -> Result<Identity> {
        let settings = self.app.settings();
        match (self.caches().foreign(), &settings.keystone) {
            (Some(foreign), _) => {
                let roles = &settings.identity.roles;
                foreign.authenticate(key, token, roles, now).await
            }
            (None, None) => Err(unauthenticated()),
            (None, Some(_)) => Err(Error::internal("nobody asks the configured Keystone")),
        }
    }

    /// Whose name and password these are.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`], the same whether the user exists or not.
    pub async fn authenticate_basic(&self, name: &str, password: &Secret) -> Result<Identity> {
        if !self.app.settings().identity.local_users {
            return Err(unauthenticated());
        }
        let caches = self.caches();
        let key = caches.key(["basic", name, password.expose()])?;
        if let Some(known) = caches.recent.get(&key) {
            return Ok(known);
        }
        let user = self.verify(name, password).await?;
        let identity = Identity {
            name: user.name,
            role: user.role,
            expires_at: None,
        };
        caches.recent.insert(key, identity.clone());
        Ok(identity)
    }

    /// The user with that name and password. A password that proved right a while ago is not
    /// hashed again while the user is the same.
    async fn verify(&self, name: &str, password: &Secret) -> Result<User> {
        let caches = self.caches();
        let key = caches.key(["password", name, password.expose()])?;
        let user = self.app.store().user_by_name(name).await?;
        if let Some(user) = &user
            && caches.has_proved(&key, user)
        {
            return Ok(user.clone());
        }
        let hash = user.as_ref().map(|user| user.password_hash.clone());
        let matches = caches.passwords.verify(password, hash).await?;
        let Some(user) = user.filter(|_| matches) else {
            tracing::warn!(user = name, "credentials refused");
            return Err(unauthenticated());
        };
        caches.proved(key, &user);
        Ok(user)
    }
}

fn unauthenticated() -> Error {
    Error::Unauthenticated("the credentials are missing, wrong or expired".to_owned())
}
