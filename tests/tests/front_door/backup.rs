//! `assay backup` and `assay restore`, within one kind of database and from one to the other.

use std::time::Duration;

use assay_tests::database::Database;
use assay_tests::{Client, Machine, Setup, status};
use serde_json::{Value, json};

const LIMIT: Duration = Duration::from_secs(20);
const PASSWORD: &str = "canary-in-the-backup";

/// Everything that the API shows of what [`fill`] made.
async fn everything(client: &Client, uuid: &str) -> Vec<Value> {
    let mut all = Vec::new();
    for path in [
        "/v1/nodes/".to_owned(),
        "/v1/power-controls/".to_owned(),
        "/v1/rules".to_owned(),
        format!("/v1/introspection/{uuid}/data"),
        format!("/v1/introspection/{uuid}/data/unprocessed"),
    ] {
        all.push(client.get(&path).await.expect(200).json());
    }
    let mut status = status::status(client, uuid).await;
    status.as_object_mut().unwrap().remove("links");
    all.push(status);
    all
}

async fn fill(client: &Client) -> String {
    let machine = Machine::numbered(21);
    let node = machine.enrol(client, "saved").await;
    let uuid = node["uuid"].as_str().unwrap().to_owned();
    let control = json!({"power_control": {
        "control_type": "SupermicroRackDevice", "protocol_type": "ipmi", "host": "192.0.2.9",
        "port_number": 623, "login": "ADMIN", "password": PASSWORD,
    }});
    let _ = client.post("/v1/power-controls/", &control).await;
    let rule = json!({"conditions": [], "actions": [
        {"action": "set-attribute", "path": "/extra/saved", "value": "yes"}]});
    let _ = client.post("/v1/rules", &rule).await.expect(201);
    let _ = machine.introspect(client, &uuid).await.expect(200);
    status::finished(client, &uuid, LIMIT).await;
    uuid
}

async fn carried_over(from: Database, to: Database) {
    let mut old = Setup::new().database(&from).start().await;
    let uuid = fill(old.client()).await;
    let before = everything(old.client(), &uuid).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("assay.backup");
    let path = file.to_str().unwrap();
    old.setup().run(&["backup", path], "");
    assert!(old.stop(LIMIT).await);
    let bytes = std::fs::read(&file).unwrap();
    let has = |text: &str| {
        bytes
            .windows(text.len())
            .any(|window| window == text.as_bytes())
    };
    assert!(!has(PASSWORD));

    let new = Setup::new().database(&to);
    copy_keys(old.setup().data(), new.data());
    new.run(&["restore", path], "");
    let new = new.start().await;
    assert_eq!(everything(new.client(), &uuid).await, before);
    // What is restored goes on working.
    let _ = Machine::numbered(21)
        .introspect(new.client(), &uuid)
        .await
        .expect(200);
    status::finished(new.client(), &uuid, LIMIT).await;
}

/// The key stays outside of the backup, so an operator carries it over.
fn copy_keys(from: &std::path::Path, to: &std::path::Path) {
    let mut copied = 0;
    for entry in std::fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if name.contains("key") {
            std::fs::copy(&path, to.join(&name)).unwrap();
            copied += 1;
        }
    }
    assert!(copied > 0, "there is no key file");
}

#[tokio::test]
async fn from_sqlite_to_sqlite() {
    carried_over(Database::sqlite().await, Database::sqlite().await).await;
}

#[tokio::test]
async fn from_sqlite_to_postgresql() {
    carried_over(Database::sqlite().await, Database::postgres().await).await;
}

#[tokio::test]
async fn from_postgresql_to_sqlite() {
    carried_over(Database::postgres().await, Database::sqlite().await).await;
}

#[tokio::test]
async fn a_damaged_backup_and_a_used_database_are_refused() {
    let server = Setup::new().start().await;
    fill(server.client()).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("assay.backup");
    let path = file.to_str().unwrap();
    server.setup().run(&["backup", path], "");
    let used = server.setup().command(&["restore", path]).output().unwrap();
    assert!(!used.status.success(), "a used database was overwritten");

    let mut bytes = std::fs::read(&file).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0xff;
    std::fs::write(&file, bytes).unwrap();
    let damaged = Setup::new().command(&["restore", path]).output().unwrap();
    assert!(!damaged.status.success(), "a damaged backup was restored");
    assert!(!damaged.stderr.is_empty());
}
