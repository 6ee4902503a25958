//! The encrypted columns: which keys they need, and sealing them anew.

use std::collections::BTreeSet;

use diesel::prelude::*;

use super::{Conn, migrations};
use crate::fault::Outcome;
use crate::keys::{Keyring, Place, key_id};
use crate::schema::power_controls;

type Row = (i64, Option<String>, Option<String>);

/// The names of the keys that stored secrets need; none in a database without tables.
pub(crate) fn key_ids(connection: &mut Conn) -> Outcome<BTreeSet<String>> {
    if migrations::applied(connection)?.is_empty() {
        return Ok(BTreeSet::new());
    }
    let rows = sealed(connection)?;
    let texts = rows.iter().flat_map(|(_, password, key)| [password, key]);
    Ok(texts
        .flatten()
        .map(|text| key_id(text).to_owned())
        .collect())
}

/// Seals every secret with the first key of the ring, which must have the keys of all of them.
/// Gives how many power controls have secrets.
pub(crate) fn reseal(connection: &mut Conn, keys: &Keyring) -> Outcome<usize> {
    let rows = sealed(connection)?;
    let count = rows.len();
    for (id, password, ssh_key) in rows {
        let again = |column, text: Option<String>| {
            let place = Place::power_control(column, id);
            text.map(|text| keys.seal(&place, &keys.open(&place, &text)?))
                .transpose()
        };
        diesel::update(power_controls::table.find(id))
            .set((
                power_controls::password.eq(again("password", password)?),
                power_controls::ssh_key.eq(again("ssh_key", ssh_key)?),
            ))
            .execute(connection)?;
    }
    Ok(count)
}

fn sealed(connection: &mut Conn) -> Outcome<Vec<Row>> {
    Ok(power_controls::table
        .filter(
            power_controls::password
                .is_not_null()
                .or(power_controls::ssh_key.is_not_null()),
        )
        .select((
            power_controls::id,
            power_controls::password,
            power_controls::ssh_key,
        ))
        .order(power_controls::id)
        .load(connection)?)
}
