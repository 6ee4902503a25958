//! Host keys that were trusted at first use.

use assay_domain::Error;
use diesel::dsl::{exists, select};
use diesel::prelude::*;

use super::Conn;
use crate::fault::Outcome;
use crate::schema::{host_keys, power_controls};

/// The key that is remembered for a power control.
pub(crate) fn known(connection: &mut Conn, power_control_id: i64) -> Outcome<Option<String>> {
    Ok(host_keys::table
        .filter(host_keys::power_control_id.eq(power_control_id))
        .select(host_keys::public_key)
        .first(connection)
        .optional()?)
}

/// Remembers a key unless there is one; gives the one there is, and whether it is new.
pub(crate) fn remember(
    connection: &mut Conn,
    power_control_id: i64,
    key: &str,
) -> Outcome<(String, bool)> {
    let missing = || Error::not_found("Power control", power_control_id);
    let control = power_controls::table.find(power_control_id);
    if !select(exists(control)).get_result::<bool>(connection)? {
        return Err(missing().into());
    }
    let added = diesel::insert_into(host_keys::table)
        .values((
            host_keys::power_control_id.eq(power_control_id),
            host_keys::public_key.eq(key),
        ))
        .on_conflict(host_keys::power_control_id)
        .do_nothing()
        .execute(connection)?;
    let kept = known(connection, power_control_id)?.ok_or_else(missing)?;
    Ok((kept, added == 1))
}

/// Forgets the key of a power control; gives whether there was one.
pub(crate) fn forget(connection: &mut Conn, power_control_id: i64) -> Outcome<bool> {
    let kept = host_keys::table.filter(host_keys::power_control_id.eq(power_control_id));
    Ok(diesel::delete(kept).execute(connection)? > 0)
}
