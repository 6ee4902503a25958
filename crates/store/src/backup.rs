//! Backup and restore, from either database into either.

use std::path::Path;

use assay_domain::{Error, Result};

use crate::Store;
use crate::backup_file;
use crate::store::blocking;

impl Store {
    /// Saves everything into one file, as it was at one moment; gives how many rows that are. The
    /// store can be used meanwhile.
    ///
    /// Encrypted secrets stay encrypted: **the key file is not part of the backup and has to be
    /// kept apart from it, but kept.** Password hashes of users are in the backup, so only its
    /// owner may read the file.
    pub async fn backup(&self, to: &Path) -> Result<u64> {
        let to = to.to_owned();
        let migrations = write!(self, migrations::applied())?;
        read!(self, backup::save(&to, &migrations))
    }

    /// Puts back what was saved, from whichever database, in one transaction; gives how many rows
    /// that are. The database must be migrated and have no nodes, tasks, rules, users or power
    /// controls, unless `force` allows to replace them. The key file must be the one of the saved
    /// installation.
    ///
    /// # Errors
    /// `Invalid` for a file that is damaged or no backup; `Conflict` when the database is not
    /// empty, or when its migrations are others than those of the saved one.
    pub async fn restore(&self, from: &Path, force: bool) -> Result<u64> {
        let path = from.to_owned();
        let header = blocking(move || backup_file::verify(&path)).await?;
        let applied = write!(self, migrations::applied())?;
        if applied != header.migrations {
            return Err(Error::conflict(format!(
                "the backup is of a database with the migrations {}, this one has {}: \
                 restore it with the program of that time, then migrate",
                header.migrations.join(", "),
                applied.join(", ")
            )));
        }
        let path = from.to_owned();
        write!(self, backup::load(&path, force))
    }
}
