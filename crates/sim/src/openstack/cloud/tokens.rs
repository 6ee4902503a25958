//! Tokens of Keystone.

use std::time::Duration;

use super::Cloud;
use super::clock::Moment;
use crate::openstack::answer::Refusal;

/// What a token is good for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::openstack) enum Scope {
    /// To prove who one is, and nothing else.
    None,
    /// The whole domain `Default`.
    Domain,
    /// A project, by its id.
    Project(String),
}

/// A token that was given.
#[derive(Debug, Clone)]
pub(in crate::openstack) struct Token {
    pub(in crate::openstack) scope: Scope,
    /// How its owner proved to be the owner: `password`, `token`.
    pub(in crate::openstack) method: &'static str,
    pub(in crate::openstack) issued: Moment,
    pub(in crate::openstack) expires: Moment,
    pub(in crate::openstack) audit_id: String,
}

impl Cloud {
    /// Gives a token to whoever knows the password.
    pub(in crate::openstack) fn log_in(
        &mut self,
        scope: Scope,
        method: &'static str,
        expires: Option<Moment>,
        now: Moment,
    ) -> String {
        let (id, audit_id) = (self.id().replace('-', ""), self.id());
        let lifetime: Duration = self.options.token_lifetime;
        let token = Token {
            scope,
            method,
            issued: now,
            expires: expires.unwrap_or(now + lifetime),
            audit_id,
        };
        self.tokens.retain(|_, token| token.expires > now);
        self.tokens.insert(id.clone(), token);
        id
    }

    /// A token that is good now.
    pub(in crate::openstack) fn token(
        &self,
        id: Option<&str>,
        now: Moment,
    ) -> Result<&Token, Refusal> {
        id.and_then(|id| self.tokens.get(id))
            .filter(|token| token.expires > now)
            .ok_or_else(Refusal::unauthorized)
    }

    /// Whether these are the one user's name and password.
    pub(in crate::openstack) fn is_user(&self, name_or_id: &str, password: &str) -> bool {
        (name_or_id == self.options.username || name_or_id == self.user_id)
            && password == self.options.password
    }

    /// The one user's name.
    pub(in crate::openstack) fn username(&self) -> &str {
        &self.options.username
    }
}
