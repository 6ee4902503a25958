//! Discovery: unknown machines are enrolled by rules or held for a decision, within limits.

use std::sync::Arc;
use std::time::Duration;

use assay_sim::{Behaviour, BootDevice, BootPlan, Http, Machine as _, Posted, ScriptedMachine};
use assay_tests::database::Database;
use assay_tests::processes::FleetSetup;
use assay_tests::server::login;
use assay_tests::{Client, Machine, Reply, Setup, lab, status, wait};
use futures::future::join_all;
use serde_json::{Value, json};

const LIMIT: Duration = Duration::from_secs(20);
const ON: &str = "[discovery]\nenabled = true\n";

/// A report with the system UUID, as Assay's own agent sends it.
fn report(machine: &Machine) -> Value {
    let mut report = machine.report();
    report["inventory"]["system_vendor"]["uuid"] = json!(machine.uuid);
    report
}

async fn post(client: &Client, report: &Value) -> Reply {
    client.without_token().post("/v1/continue", report).await
}

/// A rule that enrols every discovered machine.
async fn enrolling_rule(client: &Client) {
    let rule = json!({
        "description": "enrol",
        "conditions": [{"op": "eq", "field": "data://auto_discovered", "value": true}],
        "actions": [
            {"action": "enroll", "name": "box-{data[inventory][system_vendor][serial_number]}"},
            {"action": "set-attribute", "path": "/owner", "value": "lab"},
            {"action": "set-attribute", "path": "/extra/discovered", "value": "{data[boot_interface]}"},
        ],
    });
    let _ = client.post("/v1/rules", &rule).await.expect(201);
}

async fn count_nodes(client: &Client) -> i64 {
    let reply = client.get("/v1/nodes/count").await.expect(200).json();
    reply["count"].as_i64().unwrap_or_else(|| panic!("{reply}"))
}

/// A machine that boots by itself is enrolled from its own report; the second time it is known.
async fn enrolled_by_a_rule(database: Database) {
    let server = Setup::new().database(&database).config(ON).start().await;
    let client = server.client();
    enrolling_rule(client).await;
    let hardware = lab::hardware(31);
    let boot = format!("{}/assay/v1/boot/ipxe", client.base());
    let http = Http::new([]).unwrap();
    let behaviour = Behaviour {
        loads_whole_files: true,
        ..Behaviour::default()
    };
    let machine = Arc::new(ScriptedMachine::new(
        hardware.clone(),
        boot,
        http,
        behaviour,
    ));
    let plan = BootPlan {
        device: BootDevice::Network,
        firmware: hardware.firmware,
    };
    machine.power_on(plan).await.unwrap();
    let name = format!("box-{}", hardware.serial);
    let path = format!("/v1/introspection/{name}");
    wait::until_is(
        "the machine is enrolled",
        LIMIT,
        async || client.get(&path).await.status,
        |status| *status == 200,
    )
    .await;
    let ended = status::finished(client, &name, LIMIT).await;
    assert_eq!(machine.posted(), [Posted::Answered(200)]);
    let node = client
        .get(&format!("/assay/v1/nodes/{name}"))
        .await
        .expect(200)
        .json();
    let mac = hardware.boot_mac().unwrap().to_string();
    assert_eq!(node["system_uuid"], hardware.uuid.to_string());
    assert_eq!(node["serial_number"], hardware.serial);
    assert_eq!(node["ports"][0]["address"], mac);
    assert!(node["extra"]["discovered"].is_string(), "{node}");
    let data = client.get(&format!("{path}/data")).await.expect(200).json();
    assert_eq!(data["auto_discovered"], true);
    let raw = client.get(&format!("{path}/data/unprocessed")).await.json();
    assert_eq!(
        raw.get("auto_discovered"),
        None,
        "the raw report is as it came"
    );
    let list = client.get("/v1/introspection").await.expect(200).json();
    assert_eq!(list["introspection"][0]["uuid"], ended["uuid"]);

    // It boots again: now it is a node that is not on introspection, and goes on to its disk.
    machine.power_off().await.unwrap();
    machine.power_on(plan).await.unwrap();
    let known = format!("/assay/v1/boot/ipxe/{mac}?uuid={}", hardware.uuid);
    let script = client.without_token().get(&known).await.expect(200).text();
    assert!(script.contains("not on introspection"), "{script}");
    assert_eq!(count_nodes(client).await, 1);
}

#[tokio::test]
async fn a_rule_enrols_a_machine_on_sqlite() {
    enrolled_by_a_rule(Database::sqlite().await).await;
}

#[tokio::test]
async fn a_rule_enrols_a_machine_on_postgres() {
    enrolled_by_a_rule(Database::postgres().await).await;
}

#[tokio::test]
async fn one_machine_that_reports_to_two_servers_at_once_is_one_node() {
    let database = Database::postgres().await;
    let fleet = FleetSetup::new(database.url())
        .apis(2)
        .config(ON)
        .start()
        .await;
    let clients = [fleet.client_of(0), fleet.client_of(1)];
    enrolling_rule(clients[0]).await;
    for round in 0..5 {
        let machine = Machine::numbered(400 + round);
        let boot = machine.boot(clients[0]).await;
        let nonce = boot.callback.split_once("nonce=").unwrap().1.to_owned();
        let path = format!("/v1/continue?nonce={nonce}");
        let report = report(&machine);
        let posts = (0..6).map(|number: usize| {
            let client = clients[number % 2].without_token();
            let (path, report) = (path.clone(), report.clone());
            // Some come with the nonce, some without.
            let path = if number < 4 {
                path
            } else {
                "/v1/continue".to_owned()
            };
            async move { client.post(&path, &report).await }
        });
        let mut uuids = Vec::new();
        for reply in join_all(posts).await {
            // A report without a nonce that comes after all is over finds a known node; one of two
            // that come at the same moment is to come again.
            if ![403, 429].contains(&reply.status) {
                uuids.push(reply.expect(200).json()["uuid"].clone());
            }
        }
        assert!(uuids.len() >= 4, "{uuids:?}");
        assert!(uuids.iter().all(|uuid| *uuid == uuids[0]), "{uuids:?}");
        let uuid = uuids[0].as_str().unwrap();
        status::finished(clients[1], uuid, LIMIT).await;
        let history = format!("/assay/v1/nodes/{uuid}/introspections");
        let history = clients[1].get(&history).await.expect(200).json();
        assert_eq!(history["introspections"].as_array().unwrap().len(), 1);
        assert_eq!(count_nodes(clients[0]).await, i64::from(round) + 1);
    }
}

/// Posts the report of machine `number` without a nonce; gives the held report's UUID.
async fn hold(client: &Client, number: u32) -> String {
    let reply = post(client, &report(&Machine::numbered(number))).await;
    let answer = reply.expect(202).json();
    assert_eq!(answer["uuid"], Value::Null);
    answer["held_report"].as_str().unwrap().to_owned()
}

async fn decide(client: &Client, held: &str, decision: &Value) -> Reply {
    let path = format!("/assay/v1/held-reports/{held}/decision");
    client.post(&path, decision).await
}

/// Without a rule that enrols, an operator decides; once, and on record.
async fn decided(database: Database) {
    let setup = Setup::new().database(&database).authenticated().config(ON);
    setup.add_user("carol", "operator", "carol-password");
    setup.add_user("olaf", "observer", "olaf-password");
    let server = setup.start().await;
    let client = server.client();
    let carol = client.with_token(&login(client, "carol", "carol-password").await);
    let olaf = client.with_token(&login(client, "olaf", "olaf-password").await);
    let (first, second, third) = (
        hold(client, 411).await,
        hold(client, 412).await,
        hold(client, 413).await,
    );
    assert_eq!(
        hold(client, 411).await,
        first,
        "the same machine, the same report"
    );
    is_shown(&olaf, &first, &second).await;

    let enroll = json!({"enroll": {"name": "chosen"}});
    assert_eq!(decide(&olaf, &first, &enroll).await.status, 403);
    for wrong in [
        json!({}),
        json!({"discard": false}),
        json!({"node": "a", "discard": true}),
    ] {
        assert_eq!(decide(&carol, &first, &wrong).await.status, 400, "{wrong}");
    }
    enrolls_and_discards(client, &carol, &first, &second).await;
    let node = json!({"node": {"name": "given"}});
    let node = client.post("/v1/nodes/", &node).await.json()["node"].clone();
    let given = decide(&carol, &third, &json!({"node": "given"})).await;
    let given = given.expect(200).json();
    assert_eq!(
        (&given["state"], &given["node_uuid"]),
        (&json!("assigned"), &node["uuid"])
    );
    status::finished(client, "given", LIMIT).await;
    let given = client.get("/assay/v1/nodes/given").await.json();
    assert_eq!(given["serial_number"], "SERIAL-00000413");
    assert_eq!(count_nodes(client).await, 2);
    let open = client.get("/assay/v1/held-reports?state=held").await.json();
    assert_eq!(open["held_reports"], json!([]));
}

async fn is_shown(olaf: &Client, first: &str, second: &str) {
    let shown = olaf
        .get(&format!("/assay/v1/held-reports/{first}"))
        .await
        .expect(200)
        .json();
    assert_eq!(shown["state"], "held");
    assert_eq!(shown["count"], 2);
    assert_eq!(shown["reason"], "no rule enrols this machine");
    assert_eq!(
        shown["facts"]["system_serial"][0]["value"],
        "SERIAL-00000411"
    );
    let data = format!("/assay/v1/held-reports/{first}/data");
    let data = olaf.get(&data).await.expect(200).json();
    assert_eq!(data, report(&Machine::numbered(411)));
    let page = "/assay/v1/held-reports?state=held&offset=1&limit=1";
    let page = olaf.get(page).await.expect(200).json();
    assert_eq!(page["held_reports"][0]["uuid"], second);
    assert_eq!(page["held_reports"].as_array().unwrap().len(), 1);
}

async fn enrolls_and_discards(client: &Client, carol: &Client, first: &str, second: &str) {
    let enroll = json!({"enroll": {"name": "chosen"}});
    let done = decide(carol, first, &enroll).await.expect(200).json();
    assert_eq!(
        (&done["state"], &done["decided_by"]),
        (&json!("enrolled"), &json!("carol"))
    );
    status::finished(client, "chosen", LIMIT).await;
    assert_eq!(decide(carol, first, &enroll).await.status, 409);
    // The name is taken: nothing is decided.
    assert_eq!(decide(carol, second, &enroll).await.status, 409);
    let unknown = decide(carol, second, &json!({"node": "nobody"})).await;
    assert_eq!(unknown.status, 404);

    let discarded = decide(carol, second, &json!({"discard": true})).await;
    assert_eq!(discarded.expect(200).json()["state"], "discarded");
}

#[tokio::test]
async fn an_operator_decides_on_sqlite() {
    decided(Database::sqlite().await).await;
}

#[tokio::test]
async fn an_operator_decides_on_postgres() {
    decided(Database::postgres().await).await;
}

#[tokio::test]
async fn a_rule_that_fails_or_a_taken_name_holds_the_report() {
    let server = Setup::new().config(ON).start().await;
    let client = server.client();
    Machine::numbered(420)
        .enrol(client, "box-SERIAL-00000421")
        .await;
    enrolling_rule(client).await;
    let held = hold(client, 421).await;
    let path = format!("/assay/v1/held-reports/{held}");
    let reason = client.get(&path).await.json()["reason"].clone();
    assert!(
        reason.as_str().unwrap().contains("exists already"),
        "{reason}"
    );
    let fail = json!({"conditions": [], "actions": [{"action": "fail", "message": "not ours"}]});
    let _ = client.post("/v1/rules", &fail).await.expect(201);
    let held = hold(client, 422).await;
    let path = format!("/assay/v1/held-reports/{held}");
    let shown = client.get(&path).await.expect(200).json();
    assert_eq!(shown["reason"], "not ours");
    assert_eq!(count_nodes(client).await, 1);
}

async fn open_alarms(client: &Client, kind: &str) -> Vec<Value> {
    let list = client.get("/assay/v1/alarms?open=true").await.expect(200);
    let list = list.json()["alarms"].as_array().unwrap().clone();
    list.into_iter()
        .filter(|alarm| alarm["kind"] == kind)
        .collect()
}

#[tokio::test]
async fn there_is_room_for_so_many_and_no_more() {
    let config = "[discovery]\nenabled = true\nmax_waiting = 2\nmax_report_bytes = 4000\n";
    let server = Setup::new().config(config).start().await;
    let client = server.client();
    let first = Machine::numbered(431).boot(client).await;
    assert_eq!(first.load(&first.kernel).await.status, 200);
    assert_eq!(first.load(&first.initramfs).await.status, 200);
    assert_eq!(first.phase("agent").await.status, 204);
    let _ = Machine::numbered(432).boot(client).await;
    // The same machine again takes no more room, and its old nonce is void.
    let again = Machine::numbered(431).boot(client).await;
    assert_eq!(first.phase("agent").await.status, 404);
    assert_eq!(
        open_alarms(client, "discovery_full").await,
        [] as [Value; 0]
    );
    let script = Machine::numbered(433).ask_for_script(client).await;
    let script = script.expect(200).text();
    assert!(
        script.contains("wait already") && !script.contains("kernel"),
        "{script}"
    );
    let alarms = open_alarms(client, "discovery_full").await;
    assert_eq!(alarms.len(), 1);
    let reply = post(client, &report(&Machine::numbered(433))).await;
    assert_eq!(reply.status, 503, "{}", reply.text());
    assert!(reply.header("Retry-After").is_some());
    assert_eq!(open_alarms(client, "discovery_full").await[0]["count"], 2);

    let mut large = report(&Machine::numbered(431));
    large["logs"] = json!("x".repeat(4000));
    assert_eq!(again.report(&large).await.status, 413);
    // A refused report is not the machine's last chance.
    let held = again.report(&report(&Machine::numbered(431))).await;
    let held = held.expect(202).json();
    let repeated = again.report(&report(&Machine::numbered(431))).await;
    assert_eq!(repeated.expect(202).json(), held);
}

#[tokio::test]
async fn unknown_machines_come_at_a_limited_rate() {
    let config = "[discovery]\nenabled = true\nper_minute = 2\n";
    let server = Setup::new().config(config).start().await;
    let client = server.client();
    hold(client, 441).await;
    let _ = Machine::numbered(442).boot(client).await;
    let script = Machine::numbered(443).ask_for_script(client).await.text();
    assert!(script.contains("too many unknown machines"), "{script}");
    let reply = post(client, &report(&Machine::numbered(443))).await;
    assert_eq!(reply.status, 429, "{}", reply.text());
    // Known machines are not concerned.
    let machine = Machine::numbered(444);
    machine.enrol(client, "known").await;
    let _ = machine.introspect(client, "known").await.expect(200);
    status::finished(client, "known", LIMIT).await;
}

#[tokio::test]
async fn what_expires_is_deleted() {
    let config = "[discovery]\nenabled = true\nkeep_held = 1\n";
    let server = Setup::new()
        .config(config)
        .env("ASSAY_SWEEP_INTERVAL", 1)
        .start()
        .await;
    let client = server.client();
    let held = hold(client, 451).await;
    let path = format!("/assay/v1/held-reports/{held}");
    wait::until_is(
        "the held report is deleted",
        LIMIT,
        async || client.get(&path).await.status,
        |status| *status == 404,
    )
    .await;
}

#[tokio::test]
async fn without_discovery_nothing_of_it_is_to_be_seen() {
    let server = Setup::new().start().await;
    let client = server.client();
    enrolling_rule(client).await;
    let machine = Machine::numbered(461);
    let script = machine.ask_for_script(client).await.expect(200).text();
    assert!(
        script.contains("not known") && !script.contains("kernel"),
        "{script}"
    );
    assert_eq!(post(client, &report(&machine)).await.status, 403);
    assert_eq!(count_nodes(client).await, 0);
    let held = client.get("/assay/v1/held-reports").await.json();
    assert_eq!(held["held_reports"], json!([]));
}
