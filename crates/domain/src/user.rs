//! A local user.

use crate::Timestamp;
use crate::actor::Role;

/// A local user. The password exists only as an argon2 hash (PHC string), inside the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Key in the store.
    pub id: i64,
    /// Login name, unique.
    pub name: String,
    /// What the user may do.
    pub role: Role,
    /// argon2id hash as a PHC string.
    pub password_hash: String,
    /// Raised by each change of password, role or state; older tokens are refused.
    pub epoch: i64,
    /// When it was created.
    pub created_at: Timestamp,
}
