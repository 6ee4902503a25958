//! The domains of a cloud's users, and how users log in.

use std::collections::BTreeMap;

use async_trait::async_trait;

use super::CloudResult;
use crate::Secret;

/// A domain of users and projects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Domain {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
}

/// The configuration of one domain: values by option, by group. Any of them may be a password.
pub type DomainConfig = BTreeMap<String, BTreeMap<String, Secret>>;

/// A cloud's identity service.
#[async_trait]
pub trait Identity: Send + Sync {
    /// One domain, by its id.
    ///
    /// # Errors
    /// [`CloudError::NotFound`](super::CloudError::NotFound) when it does not exist.
    async fn domain(&self, id: &str) -> CloudResult<Domain>;

    /// Has the identity service keep a configuration of a domain in its database, in place of the one
    /// that it had there.
    ///
    /// # Errors
    /// [`CloudError::NotFound`](super::CloudError::NotFound) when the domain does not exist,
    /// [`CloudError::Refused`](super::CloudError::Refused) for options that cannot be of one domain.
    async fn configure(&self, id: &str, config: &DomainConfig) -> CloudResult<()>;

    /// The methods by which users may log in, of the service's own configuration (`password`, `token`,
    /// `totp`, …).
    ///
    /// # Errors
    /// As of [`CloudError`](super::CloudError).
    async fn login_methods(&self) -> CloudResult<Vec<String>>;
}
