//! Rows of the table of revoked tokens.

use chrono::NaiveDateTime;
use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use crate::schema::revoked_tokens;

/// A revoked token as it is stored: its id, never the token.
#[derive(Queryable, Selectable, Insertable, Serialize, Deserialize)]
#[diesel(table_name = revoked_tokens)]
pub(crate) struct RevokedTokenRow {
    pub(crate) id: i64,
    pub(crate) token_id: String,
    pub(crate) expires_at: NaiveDateTime,
}
