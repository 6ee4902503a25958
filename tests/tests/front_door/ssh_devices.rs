//! Devices behind OpenSSH: whose host key is believed, how it is shown and forgotten, and that nothing
//! secret is written down about them.

use assay_tests::database::Database;
use assay_tests::server::login;
use assay_tests::sshd::{PASSWORD, Sshd};
use assay_tests::{Client, Machine, Reply, Setup};
use serde_json::json;

const OBSERVER: &str = "password-of-the-observer";

/// A node that the device switches; gives its key.
async fn node_on(client: &Client, number: u32, control: i64) -> i64 {
    let node = Machine::numbered(number).enrol(client, "switched").await;
    let id = node["id"].as_i64().unwrap();
    let body = json!({"power_control_id": control, "power_control_port": "1"});
    let path = format!("/v1/nodes/{id}/power-controls/");
    let _ = client.post(&path, &body).await.expect(200);
    id
}

async fn act(client: &Client, node: i64, action: &str) -> Reply {
    let path = format!("/v1/nodes/{node}/actions/{action}");
    client.post_empty(&path).await
}

/// The first key is believed and shown; another one is not, until an operator says that the device
/// was replaced.
async fn first_use(database: Database) {
    let setup = Setup::new()
        .authenticated()
        .database(&database)
        .env("ASSAY_LOG__LEVEL", "trace,russh=trace,async_snmp=trace");
    setup.add_user("eve", "observer", OBSERVER);
    let server = setup.start().await;
    let client = server.client();
    let mut sshd = Sshd::start();
    let control = sshd.enrol(client, json!("trust_on_first_use")).await;
    let node = node_on(client, 701, control).await;
    let path = format!("/assay/v1/power-controls/{control}/host-key");
    let _ = client.get(&path).await.expect(404);
    let _ = act(client, node, "power-on").await.expect(204);
    let shown = client.get(&path).await.expect(200).json();
    assert_eq!(shown["host_key"], sshd.host_key());
    assert_eq!(shown["fingerprint"], sshd.fingerprint());

    sshd.change_host_key();
    let refused = act(client, node, "power-off").await;
    assert!(refused.status >= 400, "{}", refused.text());
    assert!(
        refused.text().contains("was expected"),
        "{}",
        refused.text()
    );
    assert_eq!(sshd.logins(), 0, "nobody logs in to a stranger");
    assert_eq!(client.get(&path).await.expect(200).json(), shown);

    let eve = login(client, "eve", OBSERVER).await;
    let eve = client.with_token(&eve);
    let _ = eve.get(&path).await.expect(200);
    let _ = eve.delete(&path).await.expect(403);
    let _ = client.delete(&path).await.expect(204);
    let _ = client.delete(&path).await.expect(404);
    let _ = act(client, node, "power-off").await.expect(204);
    let shown = client.get(&path).await.expect(200).json();
    assert_eq!(shown["host_key"], sshd.host_key());

    // A new title is no other device; another host is.
    let of_control = format!("/v1/power-controls/{control}");
    for (change, status) in [
        (json!({"title": "renamed", "password": PASSWORD}), 200),
        (json!({"host": "localhost"}), 404),
    ] {
        let body = json!({"power_control": change});
        let _ = client.put(&of_control, &body).await.expect(200);
        let _ = client.get(&path).await.expect(status);
    }
    let log = server.log();
    for line in ["trusted at first use", "host key forgotten"] {
        assert!(log.contains(line), "{line}");
    }
    assert!(!log.contains(PASSWORD), "the password is in the log");
}

#[tokio::test]
async fn the_first_host_key_is_kept_on_sqlite() {
    first_use(Database::sqlite().await).await;
}

#[tokio::test]
async fn the_first_host_key_is_kept_on_postgres() {
    first_use(Database::postgres().await).await;
}

#[tokio::test]
async fn a_known_host_key_is_not_remembered() {
    let server = Setup::new().start().await;
    let client = server.client();
    let sshd = Sshd::start();
    let known = json!({"known": sshd.host_key()});
    let control = sshd.enrol(client, known).await;
    let node = node_on(client, 702, control).await;
    let _ = act(client, node, "power-on").await.expect(204);
    let path = format!("/assay/v1/power-controls/{control}/host-key");
    let _ = client.get(&path).await.expect(404);
    let _ = client
        .get("/assay/v1/power-controls/999/host-key")
        .await
        .expect(404);
}
