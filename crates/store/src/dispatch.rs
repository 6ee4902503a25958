//! One call for both databases: the same query, compiled for the one and for the other.

/// Runs a query on a reading connection: `read!(store, module::function(arguments…))`. The
/// connection is passed as the function's first argument; the arguments move to another thread.
macro_rules! read {
    ($store:expr, $module:ident :: $function:ident ( $($argument:expr),* $(,)? )) => {
        match $store.database() {
            $crate::database::Database::Sqlite(database) => database
                .read(move |connection| {
                    $crate::on_sqlite::$module::$function(connection, $($argument),*)
                })
                .await,
            $crate::database::Database::Postgres(database) => database
                .read(move |connection| {
                    $crate::on_postgres::$module::$function(connection, $($argument),*)
                })
                .await,
        }
    };
}

/// Runs a query in a writing transaction of its own, like [`read!`]. The answer comes after the
/// commit. On PostgreSQL the query runs again when the transaction lost against another one, so
/// its arguments are borrowed or copied.
macro_rules! write {
    ($store:expr, $module:ident :: $function:ident ( $($argument:expr),* $(,)? )) => {
        match $store.database() {
            $crate::database::Database::Sqlite(database) => database
                .write(move |connection| {
                    $crate::on_sqlite::$module::$function(connection, $($argument),*)
                })
                .await,
            $crate::database::Database::Postgres(database) => database
                .write(move |connection| {
                    $crate::on_postgres::$module::$function(connection, $($argument),*)
                })
                .await,
        }
    };
}
