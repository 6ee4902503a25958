//! Tokens of Assay: issued for a password or another token, looked up, revoked.

use std::time::Duration;

use assay_domain::{Actor, Error, Result, Role, Secret, Timestamp, User};
use chrono::TimeDelta;

use super::scope::{Naming, Scope, ScopeWanted};
use super::token::{Claims, new_id};
use super::{Identities, unauthenticated};

/// Revoked tokens are remembered for so long after their end, in case clocks disagree.
const REMEMBERED: TimeDelta = TimeDelta::hours(1);

/// What a caller shows to get a token.
pub enum Proof {
    /// A local user's password.
    Password {
        /// The user's name.
        user: String,
        /// The user's domain; there is one.
        domain: Option<Naming>,
        /// The password.
        password: Secret,
    },
    /// Another token of Assay.
    Token(Secret),
}

/// A token of Assay as it is described to people and clients.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenFacts {
    /// The token's id, which is no secret.
    pub id: String,
    /// The id of the first token, when this one was got for another token.
    pub chain: Option<String>,
    /// The user's name.
    pub user: String,
    /// The user's role.
    pub role: Role,
    /// What the token is for.
    pub scope: Scope,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
}

/// A fresh token and what it is.
pub struct Login {
    /// The token, to be sent in X-Auth-Token.
    pub token: Secret,
    /// What it is.
    pub facts: TokenFacts,
}

impl Identities<'_> {
    /// Checks a password or a token and issues a token. A token that is got for a token ends when
    /// that one does.
    ///
    /// # Errors
    /// [`Error::Unauthenticated`], the same whether the user exists or not, and for a scope or a
    /// domain that does not exist.
    pub async fn login(&self, proof: Proof, wanted: &ScopeWanted) -> Result<Login> {
        let settings = &self.app.settings().identity;
        if !settings.local_users {
            return Err(unauthenticated());
        }
        let now = self.app.clock().now();
        match proof {
            Proof::Password {
                user,
                domain,
                password,
            } => {
                if domain.is_some_and(|domain| !settings.is_domain(&domain)) {
                    return Err(unauthenticated());
                }
                let user = self.verify(&user, &password).await?;
                let scope = settings.scope(wanted, Scope::Project)?;
                let end = after(now, self.app.settings().token_lifetime);
                self.issue(&user, scope, now, end, None)
            }
            Proof::Token(token) => {
                let (claims, user) = self.holder(token.expose(), now).await?;
                let scope = settings.scope(wanted, claims.scope)?;
                let chain = claims.chain.unwrap_or(claims.jti);
                self.issue(&user, scope, now, instant(claims.exp), Some(chain))
            }
        }
    }

    fn issue(
        &self,
        user: &User,
        scope: Scope,
        issued_at: Timestamp,
        expires_at: Timestamp,
        chain: Option<String>,
    ) -> Result<Login> {
        let claims = Claims {
            sub: user.name.clone(),
            uid: user.id,
            epoch: user.epoch,
            iat: issued_at.timestamp(),
            exp: expires_at.timestamp(),
            jti: new_id(),
            chain,
            scope,
        };
        let token = self.caches().signer.sign(&claims)?;
        tracing::info!(user = user.name, token_id = claims.jti, "token issued");
        Ok(Login {
            token,
            facts: facts(claims, user),
        })
    }

    /// What a token of Assay is.
    ///
    /// # Errors
    /// [`Error::NotFound`] when it is none, has ended, or was revoked.
    pub async fn look_up_token(&self, actor: &Actor, token: &str) -> Result<TokenFacts> {
        actor.require(Role::Observer)?;
        let now = self.app.clock().now();
        match self.holder(token, now).await {
            Ok((claims, user)) => Ok(facts(claims, &user)),
            Err(Error::Unauthenticated(_)) => Err(Error::not_found("Token", "in question")),
            Err(other) => Err(other),
        }
    }

    /// Ends a token of Assay at once: here immediately, in other processes within seconds. Whoever
    /// holds a token may end it by itself, so it takes no more than one's own token or role admin.
    ///
    /// # Errors
    /// [`Error::NotFound`] when it is none, or has ended already.
    pub async fn revoke_token(&self, actor: &Actor, token: &str) -> Result<()> {
        let facts = self.look_up_token(actor, token).await?;
        if facts.user != actor.name {
            actor.require(Role::Admin)?;
        }
        let store = self.app.store();
        store.revoke_token(&facts.id, facts.expires_at).await?;
        self.caches().forget();
        tracing::info!(by = actor.name, dialect = %actor.dialect, user = facts.user, token_id = facts.id, "token revoked");
        Ok(())
    }

    /// Forgets revoked tokens that would have ended by now; gives how many.
    pub async fn prune_revoked_tokens(&self) -> Result<usize> {
        let before = self.app.clock().now() - REMEMBERED;
        self.app.store().prune_revoked_tokens(before).await
    }

    /// What a token of Assay says and whose it is; refused when it is none, has ended or was
    /// revoked, or when its user has changed since.
    pub(super) async fn holder(&self, token: &str, now: Timestamp) -> Result<(Claims, User)> {
        let claims = self.caches().signer.read(token);
        let claims = claims.ok_or_else(unauthenticated)?;
        if !self.app.settings().identity.local_users || claims.exp <= now.timestamp() {
            return Err(unauthenticated());
        }
        let store = self.app.store();
        let user = store
            .token_holder(&claims.sub, &claims.jti)
            .await?
            .filter(|user| user.id == claims.uid && user.epoch == claims.epoch)
            .ok_or_else(unauthenticated)?;
        Ok((claims, user))
    }
}

fn facts(claims: Claims, user: &User) -> TokenFacts {
    TokenFacts {
        id: claims.jti,
        chain: claims.chain,
        user: claims.sub,
        role: user.role,
        scope: claims.scope,
        issued_at: instant(claims.iat),
        expires_at: instant(claims.exp),
    }
}

fn after(start: Timestamp, lifetime: Duration) -> Timestamp {
    TimeDelta::from_std(lifetime)
        .ok()
        .and_then(|lifetime| start.checked_add_signed(lifetime))
        .unwrap_or(Timestamp::MAX_UTC)
}

fn instant(seconds: i64) -> Timestamp {
    Timestamp::from_timestamp(seconds, 0).unwrap_or(Timestamp::MAX_UTC)
}
