//! Migrations: which are applied, which are known, and applying the rest.

use std::collections::BTreeSet;

use diesel::migration::{MigrationSource, MigrationVersion};
use diesel::prelude::*;
use diesel_migrations::MigrationHarness;

use super::{Backend, Conn, MIGRATIONS, lock_schema};
use crate::fault::{Fault, Outcome};

/// Names of all migrations of this program, in order.
pub(crate) fn known() -> Outcome<Vec<String>> {
    let mut names = MigrationSource::<Backend>::migrations(&MIGRATIONS)
        .map_err(failed)?
        .iter()
        .map(|migration| migration.name().to_string())
        .collect::<Vec<_>>();
    names.sort();
    Ok(names)
}

/// Versions of the migrations that this database has, in order.
pub(crate) fn applied(connection: &mut Conn) -> Outcome<Vec<String>> {
    lock_schema(connection)?;
    let mut versions = connection
        .applied_migrations()
        .map_err(failed)?
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>();
    versions.sort();
    Ok(versions)
}

/// Versions that this database has and this program does not know.
pub(crate) fn unknown(connection: &mut Conn) -> Outcome<Vec<String>> {
    let known = MigrationSource::<Backend>::migrations(&MIGRATIONS)
        .map_err(failed)?
        .iter()
        .map(|migration| migration.name().version().to_string())
        .collect::<BTreeSet<_>>();
    let mut applied = applied(connection)?;
    applied.retain(|version| !known.contains(version));
    Ok(applied)
}

/// Applies what is missing and gives the names of what was applied.
pub(crate) fn run(connection: &mut Conn) -> Outcome<Vec<String>> {
    up_to(connection, usize::MAX)
}

/// Applies what is missing of the first `count` migrations.
pub(crate) fn up_to(connection: &mut Conn, count: usize) -> Outcome<Vec<String>> {
    lock_schema(connection)?;
    let wanted = known()?.into_iter().take(count).collect::<BTreeSet<_>>();
    let pending = connection.pending_migrations(MIGRATIONS).map_err(failed)?;
    let mut names = Vec::new();
    for migration in pending {
        let name = migration.name().to_string();
        if wanted.contains(&name) {
            let _: MigrationVersion<'_> = connection.run_migration(&migration).map_err(failed)?;
            names.push(name);
        }
    }
    Ok(names)
}

/// Takes all migrations back, newest first.
#[cfg(test)]
pub(crate) fn revert_all(connection: &mut Conn) -> Outcome<usize> {
    let reverted = connection
        .revert_all_migrations(MIGRATIONS)
        .map_err(failed)?;
    Ok(reverted.len())
}

/// A query that every sound database answers.
pub(crate) fn ping(connection: &mut Conn) -> Outcome<()> {
    diesel::sql_query("SELECT 1").execute(connection)?;
    Ok(())
}

fn failed(error: Box<dyn std::error::Error + Send + Sync>) -> Fault {
    Fault::Migration(error.to_string())
}
