//! Which machine is this: new cards, moved cards, new boards, placeholders, and twins.

use std::time::Duration;

use assay_tests::database::Database;
use assay_tests::{Client, Machine, Reply, Setup, status};
use serde_json::{Value, json};

const LIMIT: Duration = Duration::from_secs(20);
const ON: &str = "[discovery]\nenabled = true\n";

/// A report with what Assay's own agent adds: system UUID, burnt-in addresses, the BMC's MAC.
fn report(machine: &Machine) -> Value {
    let mut report = machine.report();
    let inventory = &mut report["inventory"];
    inventory["system_vendor"]["uuid"] = json!(machine.uuid);
    inventory["bmc_mac"] = json!(machine.macs[0].replacen("52:00", "5a:bb", 1));
    for card in inventory["interfaces"].as_array_mut().unwrap() {
        card["permanent_mac_address"] = card["mac_address"].clone();
    }
    report
}

async fn start(client: &Client, node: &str) {
    let path = format!("/v1/introspection/{node}?manage_boot=0");
    let _ = client.post_empty(&path).await.expect(202);
}

async fn post(client: &Client, report: &Value) -> Reply {
    client.without_token().post("/v1/continue", report).await
}

/// A node of this machine that was introspected once, so that more is known of it than one port.
async fn known(client: &Client, machine: &Machine, name: &str) -> String {
    let node = machine.enrol(client, name).await;
    start(client, name).await;
    let boot = machine.boot(client).await;
    let _ = boot.report(&report(machine)).await.expect(200);
    status::finished(client, name, LIMIT).await;
    node["uuid"].as_str().unwrap().to_owned()
}

async fn alarms(client: &Client, kind: &str) -> Vec<Value> {
    let list = client.get("/assay/v1/alarms?open=true").await.expect(200);
    let list = list.json()["alarms"].as_array().unwrap().clone();
    list.into_iter()
        .filter(|alarm| alarm["kind"] == kind)
        .collect()
}

/// A machine is known again by what it was at its last report, whatever became of its cards.
async fn known_again(database: Database) {
    let server = Setup::new().database(&database).start().await;
    let client = server.client();
    let mut machine = Machine::numbered(501);
    let uuid = known(client, &machine, "one").await;
    known(client, &Machine::numbered(502), "two").await;
    // The same machine once more; with the cards swapped; with all cards new.
    let cards = machine.macs.clone();
    let swapped = cards.iter().rev().cloned().collect();
    let new = vec![
        "52:00:77:00:00:01".to_owned(),
        "52:00:77:00:00:02".to_owned(),
    ];
    for cards in [cards, swapped, new] {
        machine.macs = cards;
        start(client, "one").await;
        let reply = post(client, &report(&machine)).await.expect(200);
        assert_eq!(reply.json()["uuid"], uuid.as_str());
        status::finished(client, "one", LIMIT).await;
    }
    // It boots from a card that nobody had seen before that last report.
    start(client, "one").await;
    let boot = machine.boot(client).await;
    let _ = boot.report(&report(&machine)).await.expect(200);
    status::finished(client, "one", LIMIT).await;
    assert_eq!(alarms(client, "mac_conflict").await, [] as [Value; 0]);
}

#[tokio::test]
async fn changed_cards_do_not_matter_on_sqlite() {
    known_again(Database::sqlite().await).await;
}

#[tokio::test]
async fn changed_cards_do_not_matter_on_postgres() {
    known_again(Database::postgres().await).await;
}

#[tokio::test]
async fn a_moved_card_goes_with_its_new_machine() {
    let server = Setup::new().start().await;
    let client = server.client();
    let (one, mut two) = (Machine::numbered(511), Machine::numbered(512));
    known(client, &one, "one").await;
    let second = known(client, &two, "two").await;
    two.macs[1].clone_from(&one.macs[0]);
    start(client, "two").await;
    let reply = post(client, &report(&two)).await.expect(200);
    assert_eq!(reply.json()["uuid"], second.as_str());
    status::finished(client, "two", LIMIT).await;
    let raised = alarms(client, "mac_conflict").await;
    assert_eq!(raised.len(), 1, "{raised:?}");
    assert_eq!(raised[0]["subject"], one.macs[0].as_str());
    assert_eq!(raised[0]["evidence"]["reported_by"], second.as_str());
    // Its port stays with the first node until somebody changes that.
    let node = client.get("/assay/v1/nodes/one").await.json();
    assert_eq!(node["ports"][0]["address"], one.macs[0].as_str());
}

#[tokio::test]
async fn an_unknown_machine_with_a_moved_card_is_a_new_machine() {
    let server = Setup::new().config(ON).start().await;
    let client = server.client();
    let one = Machine::numbered(521);
    known(client, &one, "one").await;
    let mut stranger = Machine::numbered(522);
    stranger.macs[0].clone_from(&one.macs[0]);
    let rule = json!({"conditions": [], "actions": [{"action": "enroll", "name": "stranger"}]});
    let _ = client.post("/v1/rules", &rule).await.expect(201);
    let mut report = report(&stranger);
    report["inventory"]["bmc_mac"] = json!("5a:bb:00:00:05:22");
    let reply = post(client, &report).await.expect(200);
    let node = client.get("/assay/v1/nodes/stranger").await.expect(200);
    assert_eq!(reply.json()["uuid"], node.json()["uuid"]);
    status::finished(client, "stranger", LIMIT).await;
    assert_eq!(alarms(client, "mac_conflict").await.len(), 1);
}

#[tokio::test]
async fn a_new_main_board_is_held_and_learnt_by_decision() {
    let server = Setup::new().config(ON).start().await;
    let client = server.client();
    let mut machine = Machine::numbered(531);
    let uuid = known(client, &machine, "one").await;
    machine.uuid = Machine::numbered(532).uuid;
    machine.serial = Machine::numbered(532).serial;
    let reply = post(client, &report(&machine)).await.expect(202);
    let held = reply.json()["held_report"].as_str().unwrap().to_owned();
    let shown = client
        .get(&format!("/assay/v1/held-reports/{held}"))
        .await
        .expect(200)
        .json();
    let candidate = &shown["candidates"][0];
    assert_eq!(candidate["node_uuid"], uuid.as_str());
    let verdicts: Vec<&Value> = candidate["evidence"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["verdict"])
        .collect();
    assert!(verdicts.contains(&&json!("same")) && verdicts.contains(&&json!("other")));
    let raised = alarms(client, "ambiguous_report").await;
    assert_eq!(raised[0]["subject"], held.as_str());

    let path = format!("/assay/v1/held-reports/{held}/decision");
    let _ = client
        .post(&path, &json!({"node": "one"}))
        .await
        .expect(200);
    status::finished(client, "one", LIMIT).await;
    // From now on it is known by its new board.
    start(client, "one").await;
    let reply = post(client, &report(&machine)).await.expect(200);
    assert_eq!(reply.json()["uuid"], uuid.as_str());
    status::finished(client, "one", LIMIT).await;
}

#[tokio::test]
async fn placeholders_and_twins_are_not_mixed_up() {
    let server = Setup::new().config(ON).start().await;
    let client = server.client();
    let rule = json!({
        "conditions": [],
        "actions": [{"action": "enroll", "name": "{data[inventory][interfaces][0][mac_address]}"}],
    });
    let _ = client.post("/v1/rules", &rule).await.expect(201);
    let mut nodes = Vec::new();
    for (number, serial) in [
        (541, "To Be Filled By O.E.M."),
        (542, "To Be Filled By O.E.M."),
        // Two blades that have their chassis' serial number for their own.
        (543, "CHASSIS-9"),
        (544, "CHASSIS-9"),
    ] {
        let mut machine = Machine::numbered(number);
        machine.serial = serial.to_owned();
        let reply = post(client, &report(&machine)).await;
        if reply.status == 202 {
            // The second blade: the first one has this serial number, so somebody has to say.
            assert_eq!(number, 544);
            let held = reply.json()["held_report"].as_str().unwrap().to_owned();
            let path = format!("/assay/v1/held-reports/{held}/decision");
            let decision = json!({"enroll": {"name": "second-blade"}});
            let done = client.post(&path, &decision).await.expect(200).json();
            nodes.push(done["node_uuid"].as_str().unwrap().to_owned());
        } else {
            let uuid = reply.expect(200).json()["uuid"].clone();
            nodes.push(uuid.as_str().unwrap().to_owned());
        }
        status::finished(client, nodes.last().unwrap(), LIMIT).await;
    }
    let mut different = nodes.clone();
    different.sort();
    different.dedup();
    assert_eq!(different.len(), 4);
    // Once both are known, the shared serial number says nothing any more.
    let mut blade = Machine::numbered(544);
    blade.serial = "CHASSIS-9".to_owned();
    start(client, &nodes[3]).await;
    let reply = post(client, &report(&blade)).await.expect(200);
    assert_eq!(reply.json()["uuid"], nodes[3].as_str());
    status::finished(client, &nodes[3], LIMIT).await;
}
