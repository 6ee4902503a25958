//! Databases of the previous schema are upgraded, those of a newer program are refused.

use std::process::Command;

use assay_tests::database::Database;
use assay_tests::{Machine, Setup, folder, status};
use serde_json::Value;

const LIMIT: std::time::Duration = std::time::Duration::from_secs(20);

/// The migrations of one kind of database, oldest first.
fn migrations(kind: &str) -> Vec<std::path::PathBuf> {
    let folder = folder::root().join("migrations").join(kind);
    let mut found: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.join("up.sql").exists())
        .collect();
    found.sort();
    found
}

/// A migration's version as the table of migrations keeps it: the digits of its name.
fn version(migration: &std::path::Path) -> String {
    let name = migration
        .file_name()
        .unwrap()
        .to_string_lossy()
        .into_owned();
    let number = name.split('_').next().unwrap_or_default();
    number.replace('-', "")
}

async fn a_database_of_the_previous_schema_is_upgraded(database: Database) {
    let mut server = Setup::new().database(&database).start().await;
    let client = server.client().clone();
    let machine = Machine::numbered(11);
    let node = machine.enrol(&client, "old").await;
    let uuid = node["uuid"].as_str().unwrap();
    let _ = machine.introspect(&client, uuid).await.expect(200);
    let before = status::finished(&client, uuid, LIMIT).await;
    assert!(server.stop(LIMIT).await);

    let newest = migrations(database.kind()).pop().unwrap();
    let down = std::fs::read_to_string(newest.join("down.sql")).unwrap();
    let forget = format!(
        "DELETE FROM __diesel_schema_migrations WHERE version = '{}';",
        version(&newest)
    );
    database.execute(&format!("{down}\n{forget}"));
    server.start_again();
    assert_eq!(status::status(&client, uuid).await, before);
    let shown = client
        .get(&format!("/v1/nodes/{}", node["id"]))
        .await
        .expect(200)
        .json();
    assert_eq!(shown["node"]["name"], "old");
    let _ = machine.introspect(&client, uuid).await.expect(200);
    status::finished(&client, uuid, LIMIT).await;
}

#[tokio::test]
async fn an_old_sqlite_is_upgraded() {
    a_database_of_the_previous_schema_is_upgraded(Database::sqlite().await).await;
}

#[tokio::test]
async fn an_old_postgresql_is_upgraded() {
    a_database_of_the_previous_schema_is_upgraded(Database::postgres().await).await;
}

fn a_newer_database_is_refused(database: &Database) {
    let setup = Setup::new().database(database);
    setup.run(&["migrate"], "");
    let newer = "INSERT INTO __diesel_schema_migrations (version) VALUES ('99991231235959');";
    database.execute(newer);
    for arguments in [
        &["migrate"][..],
        &["serve", "--listen", "127.0.0.1:0", "--auth", "none"],
    ] {
        let output = ended(setup.command(arguments));
        assert!(!output.status.success(), "{arguments:?} worked");
        let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(complaint.contains("newer"), "{arguments:?}: {complaint}");
    }
}

/// Runs a command that is expected to end by itself.
fn ended(mut command: Command) -> std::process::Output {
    command.output().unwrap()
}

#[tokio::test]
async fn a_newer_sqlite_is_refused() {
    a_newer_database_is_refused(&Database::sqlite().await);
}

#[tokio::test]
async fn a_newer_postgresql_is_refused() {
    a_newer_database_is_refused(&Database::postgres().await);
}

#[test]
fn both_databases_have_the_same_migrations() {
    let names = |kind: &str| -> Vec<Value> {
        let names = migrations(kind).into_iter();
        names
            .map(|path| {
                path.file_name()
                    .unwrap()
                    .to_string_lossy()
                    .into_owned()
                    .into()
            })
            .collect()
    };
    assert_eq!(names("sqlite"), names("postgres"));
    assert!(names("sqlite").len() > 1, "an upgrade needs two");
}
