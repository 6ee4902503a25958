//! Tokens that were revoked before their end.

use assay_domain::{Timestamp, User};
use diesel::dsl::{exists, select};
use diesel::prelude::*;

use super::{Conn, users};
use crate::convert::naive;
use crate::fault::Outcome;
use crate::schema::revoked_tokens;

/// The user whom a token stands for; none when there is no such user, or the token was revoked.
pub(crate) fn holder(connection: &mut Conn, user: &str, token_id: &str) -> Outcome<Option<User>> {
    let revoked = revoked_tokens::table.filter(revoked_tokens::token_id.eq(token_id));
    if select(exists(revoked)).get_result(connection)? {
        return Ok(None);
    }
    users::find(connection, user)
}

/// Revokes a token; revoking it again changes nothing.
pub(crate) fn revoke(connection: &mut Conn, token_id: &str, expires_at: Timestamp) -> Outcome<()> {
    diesel::insert_into(revoked_tokens::table)
        .values((
            revoked_tokens::token_id.eq(token_id),
            revoked_tokens::expires_at.eq(naive(expires_at)),
        ))
        .on_conflict(revoked_tokens::token_id)
        .do_nothing()
        .execute(connection)?;
    Ok(())
}

/// Forgets revoked tokens that have ended by themselves before that time; gives how many.
pub(crate) fn prune(connection: &mut Conn, before: Timestamp) -> Outcome<usize> {
    let ended = revoked_tokens::table.filter(revoked_tokens::expires_at.lt(naive(before)));
    Ok(diesel::delete(ended).execute(connection)?)
}
