//! The two databases: how each is opened, read and written.

mod pool;
mod postgres;
mod sqlite;
mod writer;

use assay_domain::Error;

use crate::StoreConfig;
use crate::fault::Outcome;

pub(crate) use postgres::Postgres;
pub(crate) use sqlite::Sqlite;

/// The database that was chosen by its URL.
pub(crate) enum Database {
    /// A file of this host.
    Sqlite(Sqlite),
    /// A server.
    Postgres(Postgres),
}

impl Database {
    /// Connects. Blocks.
    pub(crate) fn open(config: &StoreConfig) -> Outcome<Self> {
        let url = config.url.as_str();
        if let Some(path) = url.strip_prefix("sqlite:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            return Ok(Self::Sqlite(Sqlite::open(path, config)?));
        }
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return Ok(Self::Postgres(Postgres::open(config)?));
        }
        let scheme = url.split(':').next().unwrap_or_default();
        Err(Error::invalid(format!(
            "unknown kind of database '{scheme}': expected sqlite:PATH or postgres://…"
        ))
        .into())
    }
}
