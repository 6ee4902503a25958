//! Local users.

use assay_domain::{Error, Role, Timestamp, User};
use diesel::prelude::*;

use super::Conn;
use crate::convert::{all, naive};
use crate::fault::{Fault, Outcome};
use crate::rows::UserRow;
use crate::schema::users;

/// Adds a user.
pub(crate) fn create(
    connection: &mut Conn,
    name: &str,
    role: Role,
    password_hash: &str,
    now: Timestamp,
) -> Outcome<User> {
    let row: UserRow = diesel::insert_into(users::table)
        .values((
            users::name.eq(name),
            users::role.eq(role.as_str()),
            users::password_hash.eq(password_hash),
            users::epoch.eq(0),
            users::created_at.eq(naive(now)),
        ))
        .returning(UserRow::as_returning())
        .get_result(connection)
        .map_err(|error| {
            let fault = Fault::from(error);
            if fault.is_duplicate("users", "name") {
                return Error::conflict(format!("a user {name} exists already")).into();
            }
            fault
        })?;
    row.try_into()
}

/// The user with that name.
pub(crate) fn find(connection: &mut Conn, name: &str) -> Outcome<Option<User>> {
    let row: Option<UserRow> = users::table
        .filter(users::name.eq(name))
        .select(UserRow::as_select())
        .first(connection)
        .optional()?;
    row.map(User::try_from).transpose()
}

/// All users by name.
pub(crate) fn list(connection: &mut Conn) -> Outcome<Vec<User>> {
    let rows: Vec<UserRow> = users::table
        .select(UserRow::as_select())
        .order(users::name)
        .load(connection)?;
    all(rows)
}

/// Changes role, password or both; tokens from before are refused from now on.
pub(crate) fn update(
    connection: &mut Conn,
    name: &str,
    role: Option<Role>,
    password_hash: Option<&str>,
) -> Outcome<User> {
    let row: Option<UserRow> = diesel::update(users::table.filter(users::name.eq(name)))
        .set((
            role.map(|role| users::role.eq(role.as_str())),
            password_hash.map(|hash| users::password_hash.eq(hash)),
            users::epoch.eq(users::epoch + 1),
        ))
        .returning(UserRow::as_returning())
        .get_result(connection)
        .optional()?;
    row.ok_or_else(|| Error::not_found("User", name))?
        .try_into()
}

/// Removes a user.
pub(crate) fn delete(connection: &mut Conn, name: &str) -> Outcome<bool> {
    let removed = diesel::delete(users::table.filter(users::name.eq(name))).execute(connection)?;
    Ok(removed == 1)
}
