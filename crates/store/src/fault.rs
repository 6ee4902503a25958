//! Everything that can go wrong inside the store, and what the caller is told of it.

use assay_domain::Error;
use diesel::result::{DatabaseErrorKind, Error as QueryError};

/// A failure inside the store. It leaves the store as [`assay_domain::Error`].
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    #[error(transparent)]
    Domain(#[from] Error),
    #[error("query: {0}")]
    Query(#[from] QueryError),
    #[error("connection: {0}")]
    Connect(#[from] diesel::ConnectionError),
    #[error("connection: {0}")]
    Pool(#[from] diesel::r2d2::PoolError),
    #[error("stored JSON: {0}")]
    Json(#[from] serde_json::Error),
    #[error("migration: {0}")]
    Migration(String),
    #[error("{what}: {source}")]
    Io {
        what: String,
        source: std::io::Error,
    },
    #[error("a query panicked: {0}")]
    Panicked(String),
    #[error("the writer of the database has ended")]
    WriterEnded,
}

/// The result of a query.
pub(crate) type Outcome<T> = Result<T, Fault>;

impl Fault {
    /// A failed file operation; `what` says on which file.
    pub(crate) fn io(what: impl ToString) -> impl FnOnce(std::io::Error) -> Self {
        let what = what.to_string();
        move |source| Self::Io { what, source }
    }

    /// A panic's message, as far as it has one.
    pub(crate) fn panicked(payload: &(dyn std::any::Any + Send)) -> Self {
        let text = payload
            .downcast_ref::<&str>()
            .map(ToString::to_string)
            .or_else(|| payload.downcast_ref::<String>().cloned());
        Self::Panicked(text.unwrap_or_else(|| "no message".to_owned()))
    }

    /// Whether the same transaction can succeed when it is run again: PostgreSQL ended it in
    /// favour of another one (SQLSTATE 40001, 40P01).
    pub(crate) fn is_transient(&self) -> bool {
        match self {
            Self::Query(QueryError::DatabaseError(kind, info)) => {
                matches!(kind, DatabaseErrorKind::SerializationFailure)
                    || info.message().contains("deadlock detected")
            }
            _ => false,
        }
    }

    /// Whether this is the violation of a unique index over `column` of `table`.
    ///
    /// SQLite names `table.column` in its message, PostgreSQL the index, whose name contains both.
    pub(crate) fn is_duplicate(&self, table: &str, column: &str) -> bool {
        let Self::Query(QueryError::DatabaseError(DatabaseErrorKind::UniqueViolation, info)) = self
        else {
            return false;
        };
        match info.constraint_name() {
            Some(name) => name.starts_with(table) && name.contains(column),
            None => info.message().contains(&format!("{table}.{column}")),
        }
    }

    /// Whether a row that is referred to does not exist, or one that is to go is still referred to.
    pub(crate) fn is_reference(&self) -> bool {
        matches!(
            self,
            Self::Query(QueryError::DatabaseError(
                DatabaseErrorKind::ForeignKeyViolation,
                _
            ))
        )
    }
}

/// The answer to a caller who can try again in `retry_after` seconds.
pub(crate) fn unavailable(message: impl Into<String>, retry_after: u64) -> Error {
    Error::Unavailable {
        message: message.into(),
        retry_after,
    }
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Domain(error) => error,
            Fault::Query(QueryError::DatabaseError(kind, info)) => {
                from_database(kind, info.message())
            }
            Fault::Pool(_) | Fault::Connect(_) => {
                tracing::warn!(error = %fault, "no connection to the database");
                unavailable("the database is not reachable", 1)
            }
            other => Self::internal(other),
        }
    }
}

fn from_database(kind: DatabaseErrorKind, message: &str) -> Error {
    if matches!(
        kind,
        DatabaseErrorKind::ClosedConnection | DatabaseErrorKind::UnableToSendCommand
    ) {
        return unavailable("the connection to the database was lost", 1);
    }
    if message.contains("database is locked") || message.contains("deadlock detected") {
        return unavailable("the database is busy", 1);
    }
    if message.contains("disk is full") || message.contains("No space left") {
        return unavailable("the disk of the database is full", 30);
    }
    if message.contains("invalid byte sequence") {
        return Error::invalid("a text contains a NUL character");
    }
    Error::internal(format!("{kind:?}: {message}"))
}
