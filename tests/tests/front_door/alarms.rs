//! Second claimants of a running introspection, and alarms as operators see them.

use std::time::Duration;

use assay_tests::database::Database;
use assay_tests::server::login;
use assay_tests::{Client, Machine, Setup, status};
use serde_json::{Value, json};

const LIMIT: Duration = Duration::from_secs(20);

fn report(machine: &Machine) -> Value {
    let mut report = machine.report();
    report["inventory"]["system_vendor"]["uuid"] = json!(machine.uuid);
    report
}

/// A machine with the boot card of another one.
fn impostor(of: &Machine, number: u32) -> Machine {
    let mut machine = Machine::numbered(number);
    machine.macs[0].clone_from(&of.macs[0]);
    machine
}

async fn list(client: &Client, query: &str) -> Vec<Value> {
    let reply = client.get(&format!("/assay/v1/alarms{query}")).await;
    reply.expect(200).json()["alarms"]
        .as_array()
        .unwrap()
        .clone()
}

async fn metric(client: &Client, name: &str) -> Option<f64> {
    let text = client.get("/metrics").await.expect(200).text();
    let line = text.lines().find(|line| line.starts_with(name))?;
    line.rsplit(' ').next()?.parse().ok()
}

/// Another machine asks for the script, and sends a report with the very nonce: both are refused,
/// and the first machine is not disturbed.
async fn refused(database: Database) {
    let server = Setup::new().database(&database).start().await;
    let client = server.client();
    let machine = Machine::numbered(601);
    let node = machine.enrol(client, "one").await;
    let start = "/v1/introspection/one?manage_boot=0";
    let _ = client.post_empty(start).await.expect(202);
    let _ = machine.boot(client).await;
    // The same machine boots again, now from its second card: no second claimant.
    let boot = machine.boot(client).await;
    assert_eq!(list(client, "").await, [] as [Value; 0]);

    let other = impostor(&machine, 602);
    let script = other.ask_for_script(client).await.expect(200).text();
    assert!(!script.contains("kernel"), "{script}");
    assert!(script.contains("another machine"), "{script}");
    let stolen = boot.report(&report(&Machine::numbered(602))).await;
    assert_eq!(stolen.status, 403, "{}", stolen.text());
    let raised = list(client, "?open=true").await;
    assert_eq!(raised.len(), 1, "{raised:?}");
    let alarm = &raised[0];
    assert_eq!(alarm["kind"], "second_claimant");
    assert_eq!(alarm["subject"], node["uuid"]);
    assert_eq!(alarm["node_id"], node["id"]);
    assert_eq!(alarm["count"], 2);
    let claimant = &alarm["evidence"]["claimant"];
    assert_eq!(claimant["source"], "127.0.0.1");
    assert_eq!(
        claimant["facts"]["system_uuid"][0]["value"],
        other.uuid.as_str()
    );
    let first = &alarm["evidence"]["first"]["facts"]["system_uuid"][0]["value"];
    assert_eq!(first, machine.uuid.as_str());
    assert_eq!(metric(client, "assay_alarms_open").await, Some(1.0));
    let total = metric(client, "assay_alarms_total{kind=\"second_claimant\"}").await;
    assert_eq!(total, Some(2.0));
    assert!(server.log().contains("ALARM: node"), "the log has it");

    // The machine that was first still holds its nonce.
    let _ = boot.report(&report(&machine)).await.expect(200);
    status::finished(client, "one", LIMIT).await;
}

#[tokio::test]
async fn a_second_claimant_is_refused_on_sqlite() {
    refused(Database::sqlite().await).await;
}

#[tokio::test]
async fn a_second_claimant_is_refused_on_postgres() {
    refused(Database::postgres().await).await;
}

#[tokio::test]
async fn whoever_contradicts_what_is_known_of_the_node_never_gets_its_script() {
    let server = Setup::new().start().await;
    let client = server.client();
    let machine = Machine::numbered(611);
    machine.enrol(client, "one").await;
    let change = json!({"system_uuid": machine.uuid, "serial_number": machine.serial});
    let _ = client.put("/assay/v1/nodes/one", &change).await.expect(200);
    let start = "/v1/introspection/one?manage_boot=0";
    let _ = client.post_empty(start).await.expect(202);
    // It comes first, and is refused nevertheless; without a nonce as well.
    let other = impostor(&machine, 612);
    let script = other.ask_for_script(client).await.text();
    assert!(!script.contains("kernel"), "{script}");
    let reply = client.post("/v1/continue", &report(&other)).await;
    assert_eq!(reply.status, 404, "{}", reply.text());
    assert_eq!(list(client, "?open=true").await[0]["count"], 2);
    let boot = machine.boot(client).await;
    let _ = boot.report(&report(&machine)).await.expect(200);
    status::finished(client, "one", LIMIT).await;
}

#[tokio::test]
async fn alarms_are_paged_and_acknowledged() {
    let setup = Setup::new().authenticated();
    setup.add_user("carol", "operator", "carol-password");
    setup.add_user("olaf", "observer", "olaf-password");
    let server = setup.start().await;
    let client = server.client();
    let carol = client.with_token(&login(client, "carol", "carol-password").await);
    let olaf = client.with_token(&login(client, "olaf", "olaf-password").await);
    for number in [621, 622, 623] {
        let machine = Machine::numbered(number);
        let name = format!("node-{number}");
        machine.enrol(client, &name).await;
        let start = format!("/v1/introspection/{name}?manage_boot=0");
        let _ = client.post_empty(&start).await.expect(202);
        let _ = machine.boot(client).await;
        let _ = impostor(&machine, number + 10).ask_for_script(client).await;
    }
    let all = list(&olaf, "").await;
    assert_eq!(all.len(), 3);
    assert_eq!(list(&olaf, "?offset=1&limit=1").await, [all[1].clone()]);
    let path = format!("/assay/v1/alarms/{}", all[0]["id"]);
    assert_eq!(olaf.get(&path).await.expect(200).json(), all[0]);
    let acknowledge = format!("{path}/acknowledge");
    assert_eq!(olaf.post_empty(&acknowledge).await.status, 403);
    let seen = carol.post_empty(&acknowledge).await.expect(200).json();
    assert_eq!(
        (&seen["open"], &seen["acknowledged_by"]),
        (&json!(false), &json!("carol"))
    );
    let again = client.post_empty(&acknowledge).await.expect(200).json();
    assert_eq!(again["acknowledged_by"], "carol");
    assert_eq!(list(&olaf, "?open=true").await.len(), 2);
    assert_eq!(list(&olaf, "?open=false").await.len(), 1);
    assert_eq!(metric(client, "assay_alarms_open").await, Some(2.0));
    assert_eq!(olaf.get("/assay/v1/alarms/9999").await.status, 404);
    assert_eq!(olaf.get("/assay/v1/alarms?open=maybe").await.status, 400);
}
