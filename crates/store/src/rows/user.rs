//! Rows of the table of users.

use assay_domain::User;
use chrono::NaiveDateTime;
use diesel::prelude::*;
use serde::{Deserialize, Serialize};

use crate::convert::{parse, utc};
use crate::fault::{Fault, Outcome};
use crate::schema::users;

/// A user as it is stored.
#[derive(Queryable, Selectable, Insertable, Serialize, Deserialize)]
#[diesel(table_name = users)]
pub(crate) struct UserRow {
    pub(crate) id: i64,
    pub(crate) name: String,
    pub(crate) role: String,
    pub(crate) password_hash: String,
    pub(crate) epoch: i64,
    pub(crate) created_at: NaiveDateTime,
}

impl TryFrom<UserRow> for User {
    type Error = Fault;

    fn try_from(row: UserRow) -> Outcome<Self> {
        Ok(Self {
            id: row.id,
            name: row.name,
            role: parse(&row.role)?,
            password_hash: row.password_hash,
            epoch: row.epoch,
            created_at: utc(row.created_at),
        })
    }
}
