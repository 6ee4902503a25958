//! Migrations: both trees alike, the way up with data in it, and the way back.

use std::collections::BTreeSet;

use assay_domain::{Error, IntrospectionState, PowerCommand, ReportKind, Timestamp};
use chrono::{TimeZone, Utc};
use diesel::prelude::*;
use diesel::sql_types::Text;

use crate::database::Database;
use crate::testing::{Kind, TestDatabase};
use crate::{Store, on_postgres, on_sqlite};

/// Data as the first migration knows it; the report is `{}` in zstd.
const FIRST_DATA: &str = "
INSERT INTO nodes (id, uuid, name, created_at) VALUES (7, 'u7', 'old', '2026-01-01 00:00:00');
INSERT INTO ports (id, uuid, node_id, address, pxe_enabled, local_link_connection, extra)
    VALUES (3, 'p3', 7, 'aa:00:00:00:00:01', TRUE, '{}', '{}');
INSERT INTO introspections (id, node_id, node_uuid, state, started_at, finished_at, deadline,
    manage_boot, keep_power, requested_by, is_current)
    VALUES (5, 7, 'u7', 'finished', '2026-01-01 00:00:00', '2026-01-01 00:01:00',
    '2026-01-01 01:00:00', TRUE, FALSE, 'ann', TRUE);
";
const FIRST_REPORT: &str = "INSERT INTO reports (introspection_id, node_id, received_at, size, raw)
    VALUES (5, 7, '2026-01-01 00:00:30', 2, ";

#[derive(QueryableByName, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Column {
    #[diesel(sql_type = Text)]
    of_table: String,
    #[diesel(sql_type = Text)]
    name: String,
    #[diesel(sql_type = Text)]
    data_type: String,
    #[diesel(sql_type = Text)]
    nullable: String,
}

#[derive(QueryableByName)]
struct Name {
    #[diesel(sql_type = Text)]
    name: String,
}

const SQLITE_COLUMNS: &str = "
SELECT t.name AS of_table, c.name AS name,
    CASE WHEN c.pk = 1 THEN 'bigint' WHEN c.type = 'BLOB' THEN 'bytea' ELSE lower(c.type) END
        AS data_type,
    CASE WHEN c.\"notnull\" = 1 THEN 'NO' ELSE 'YES' END AS nullable
FROM sqlite_schema AS t, pragma_table_info(t.name) AS c
WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite%' AND t.name NOT LIKE '\\_\\_%' ESCAPE '\\'
ORDER BY 1, 2";

const POSTGRES_COLUMNS: &str = "
SELECT table_name::text AS of_table, column_name::text AS name, is_nullable::text AS nullable,
    replace(data_type, 'timestamp without time zone', 'timestamp')::text AS data_type
FROM information_schema.columns
WHERE table_schema = 'public' AND table_name NOT LIKE '\\_\\_%'
ORDER BY 1, 2";

/// Indexes that have a name of ours; the others are those of UNIQUE and PRIMARY KEY.
const SQLITE_INDEXES: &str = "SELECT name FROM sqlite_schema WHERE type = 'index'
    AND sql IS NOT NULL ORDER BY name";
const POSTGRES_INDEXES: &str = "SELECT indexname::text AS name FROM pg_indexes
    WHERE schemaname = 'public'
    AND indexname NOT IN (SELECT conname FROM pg_constraint) ORDER BY indexname";

fn now() -> Timestamp {
    Utc.with_ymd_and_hms(2026, 2, 2, 2, 2, 2).unwrap()
}

async fn opened(kind: Kind) -> (TestDatabase, Store) {
    let database = TestDatabase::empty(kind).await.unwrap();
    let store = database.store().await.unwrap();
    (database, store)
}

/// Runs statements on either database.
async fn execute(store: &Store, statements: &'static str) {
    use diesel::connection::SimpleConnection;
    match store.database() {
        Database::Sqlite(sqlite) => sqlite
            .write(move |connection| Ok(connection.batch_execute(statements)?))
            .await
            .unwrap(),
        Database::Postgres(postgres) => postgres
            .write(move |connection| Ok(connection.batch_execute(statements)?))
            .await
            .unwrap(),
    }
}

#[tokio::test]
async fn both_trees_make_the_same_tables() {
    let (_file, sqlite) = opened(Kind::Sqlite).await;
    let (_server, postgres) = opened(Kind::Postgres).await;
    assert_eq!(
        sqlite.migrate().await.unwrap(),
        postgres.migrate().await.unwrap()
    );
    let Database::Sqlite(file) = sqlite.database() else {
        panic!("no SQLite");
    };
    let (columns, indexes) = file
        .read(|connection| {
            let columns = diesel::sql_query(SQLITE_COLUMNS).load::<Column>(connection)?;
            Ok((
                columns,
                names(diesel::sql_query(SQLITE_INDEXES).load(connection)?),
            ))
        })
        .await
        .unwrap();
    let Database::Postgres(server) = postgres.database() else {
        panic!("no PostgreSQL");
    };
    let (server_columns, server_indexes) = server
        .read(|connection| {
            let columns = diesel::sql_query(POSTGRES_COLUMNS).load::<Column>(connection)?;
            Ok((
                columns,
                names(diesel::sql_query(POSTGRES_INDEXES).load(connection)?),
            ))
        })
        .await
        .unwrap();
    assert!(columns.len() > 100);
    let columns = columns.into_iter().collect::<BTreeSet<_>>();
    assert_eq!(columns, server_columns.into_iter().collect());
    assert!(indexes.len() > 10);
    assert_eq!(indexes, server_indexes);
}

fn names(rows: Vec<Name>) -> BTreeSet<String> {
    rows.into_iter().map(|row| row.name).collect()
}

async fn a_database_with_data_is_upgraded(kind: Kind) {
    let (_database, store) = opened(kind).await;
    let applied = write!(store, migrations::up_to(1)).unwrap();
    assert_eq!(applied, ["0001_tables"]);
    execute(&store, FIRST_DATA).await;
    // What the first program had stored as its report.
    let report = crate::compression::compress(b"{}".to_vec()).await.unwrap();
    let hex = crate::convert::hex(&report.bytes);
    let literal = match kind {
        Kind::Sqlite => format!("{FIRST_REPORT} x'{hex}')"),
        Kind::Postgres => format!("{FIRST_REPORT} '\\x{hex}')"),
    };
    execute(&store, Box::leak(literal.into_boxed_str())).await;

    let rest = &on_sqlite::migrations::known().unwrap()[1..];
    assert_eq!(rest[0], "0002_power_actions");
    assert_eq!(store.migrate().await.unwrap(), rest);
    assert!(store.migrate().await.unwrap().is_empty());
    let node = store.node_by_uuid("u7").await.unwrap().unwrap();
    assert_eq!(
        (node.id, node.name.as_deref(), node.active),
        (7, Some("old"), true)
    );
    assert_eq!(store.ports(7).await.unwrap().len(), 1);
    let current = store.current_by_node_uuid("u7").await.unwrap().unwrap();
    assert_eq!(current.state, IntrospectionState::Finished);
    let bytes = store.latest_report_bytes(7, ReportKind::Raw).await.unwrap();
    assert_eq!(bytes.as_deref(), Some(&b"{}"[..]));
    let action = store
        .begin_power_action(7, PowerCommand::On, "ann", "t1", now())
        .await
        .unwrap();
    assert_eq!(action.node_id, Some(7));
}

#[tokio::test]
async fn a_sqlite_database_with_data_is_upgraded() {
    a_database_with_data_is_upgraded(Kind::Sqlite).await;
}

#[tokio::test]
async fn a_postgres_database_with_data_is_upgraded() {
    a_database_with_data_is_upgraded(Kind::Postgres).await;
}

async fn the_way_back_leaves_nothing(kind: Kind) {
    let (_database, store) = opened(kind).await;
    store.migrate().await.unwrap();
    let count = on_sqlite::migrations::known().unwrap().len();
    assert_eq!(write!(store, migrations::revert_all()).unwrap(), count);
    assert_eq!(store.migrate().await.unwrap().len(), count);
}

#[tokio::test]
async fn the_way_back_leaves_nothing_on_either() {
    the_way_back_leaves_nothing(Kind::Sqlite).await;
    the_way_back_leaves_nothing(Kind::Postgres).await;
}

#[tokio::test]
async fn a_newer_database_is_refused() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let (database, store) = opened(kind).await;
        store.migrate().await.unwrap();
        execute(
            &store,
            "INSERT INTO __diesel_schema_migrations (version) VALUES ('9999')",
        )
        .await;
        let refused = database.store().await.err();
        let Some(Error::Conflict(text)) = refused else {
            panic!("{refused:?}");
        };
        assert!(
            text.contains("newer than this program") && text.contains("9999"),
            "{text}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_processes_migrate_at_once() {
    for kind in [Kind::Sqlite, Kind::Postgres] {
        let database = TestDatabase::empty(kind).await.unwrap();
        let mut stores = Vec::new();
        for _ in 0..4 {
            stores.push(database.store().await.unwrap());
        }
        let all = stores.iter().map(Store::migrate);
        let mut applied = 0;
        for outcome in futures::future::join_all(all).await {
            applied += outcome.unwrap().len();
        }
        let known = on_sqlite::migrations::known().unwrap().len();
        assert_eq!(applied, known, "{kind:?}");
    }
}

#[test]
fn the_server_knows_the_same_migrations() {
    assert_eq!(
        on_sqlite::migrations::known().unwrap(),
        on_postgres::migrations::known().unwrap()
    );
}
