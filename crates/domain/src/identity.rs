//! Tokens of an identity service beside Assay's own, such as OpenStack Keystone.

use async_trait::async_trait;

use crate::Timestamp;
use crate::error::Result;
use crate::secret::Secret;

/// What a token of an identity service is good for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenScope {
    /// For nothing but getting another token.
    Unscoped,
    /// For the whole installation.
    System,
    /// For one project.
    Project {
        /// The project's id.
        id: String,
        /// The project's name, unique in its domain.
        name: String,
        /// The id of the project's domain.
        domain_id: String,
        /// The name of the project's domain.
        domain_name: String,
    },
    /// For something else: a domain, or a trust of unknown kind.
    Other,
}

/// Whom a token of an identity service stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenHolder {
    /// The user's name, unique in the user's domain.
    pub user: String,
    /// The name of the user's domain.
    pub user_domain: String,
    /// What the token is good for.
    pub scope: TokenScope,
    /// The names of the roles that the user has in that scope.
    pub roles: Vec<String>,
    /// When the token ends.
    pub expires_at: Timestamp,
}

/// An identity service that knows whose token is whose.
#[async_trait]
pub trait TokenValidator: Send + Sync {
    /// Whom a token stands for; none when the service does not know it, or no longer.
    ///
    /// # Errors
    /// [`crate::Error::Unavailable`] when the service cannot be asked: nothing is known then.
    async fn holder(&self, token: &Secret) -> Result<Option<TokenHolder>>;
}
