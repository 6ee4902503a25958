//! Tokens that were revoked before their end.

use assay_domain::{Result, Timestamp, User};

use crate::Store;

impl Store {
    /// The user whom a token stands for; none when there is no user of that name, or the token was
    /// revoked. The caller compares the user with what else the token says.
    pub async fn token_holder(&self, user: &str, token_id: &str) -> Result<Option<User>> {
        let (user, token_id) = (user.to_owned(), token_id.to_owned());
        read!(self, tokens::holder(&user, &token_id))
    }

    /// Revokes a token by its id; revoking it again changes nothing. `expires_at` is when the
    /// token would have ended anyway.
    pub async fn revoke_token(&self, token_id: &str, expires_at: Timestamp) -> Result<()> {
        let token_id = token_id.to_owned();
        write!(self, tokens::revoke(&token_id, expires_at))
    }

    /// Forgets revoked tokens that would have ended before that time; gives how many.
    pub async fn prune_revoked_tokens(&self, before: Timestamp) -> Result<usize> {
        write!(self, tokens::prune(before))
    }
}
