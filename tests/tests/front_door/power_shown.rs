//! What people are shown of a node's power: intermediate states, and why a state was not reached.

use std::sync::Arc;
use std::time::Duration;

use assay_sim::{Bmc, IdleMachine};
use assay_tests::database::Database;
use assay_tests::lab::{self, Enrolled};
use assay_tests::processes::FleetSetup;
use assay_tests::{Client, Server, Setup, wait};
use serde_json::{Value, json};

const LIMIT: Duration = Duration::from_secs(30);

on_both!(
    a_change_is_shown_while_it_goes_on,
    a_state_that_is_not_reached_is_named,
    a_command_whose_task_is_revoked_has_failed,
    a_reading_has_an_age_and_can_be_asked_for,
    a_bmc_that_does_not_answer_is_told_with_its_reason,
);

struct Lab {
    server: Server,
    bmc: Bmc,
    node: Enrolled,
}

async fn lab(database: &Database, state_limit: u32) -> Lab {
    let server = Setup::new()
        .database(database)
        .env("ASSAY_SWEEP_INTERVAL", 1)
        .env("ASSAY_POWER_ANSWER_WAIT", 10)
        .env("ASSAY_POWER_STATE_LIMIT", state_limit)
        .env("ASSAY_POWER_SYNC__INTERVAL", 600)
        .start()
        .await;
    let bmc = lab::bmc(Arc::new(IdleMachine::new(lab::hardware(0))));
    let node = lab::enrol(server.client(), &bmc).await;
    Lab { server, bmc, node }
}

impl Lab {
    fn client(&self) -> &Client {
        self.server.client()
    }

    async fn power(&self) -> Value {
        let path = format!("/assay/v1/nodes/{}/power", self.node.uuid);
        self.client().get(&path).await.expect(200).json()
    }

    async fn node(&self) -> Value {
        let path = format!("/v1/nodes/{}", self.node.id);
        self.client().get(&path).await.expect(200).json()["node"].clone()
    }

    async fn command(&self, command: &str) -> Value {
        let body = json!({"nodes": [self.node.uuid], "command": command});
        let path = "/assay/v1/power";
        self.client().post(path, &body).await.expect(202).json()
    }

    async fn settled(&self) -> Value {
        let power = async || self.power().await;
        wait::until_is("nothing goes on", LIMIT, power, |power| {
            power["transition"].is_null()
        })
        .await
    }
}

async fn a_change_is_shown_while_it_goes_on(database: Database) {
    let lab = lab(&database, 30).await;
    assert_eq!(lab.power().await["last_action"], Value::Null);
    lab.bmc
        .change_faults(|faults| faults.state_change_delay = Duration::from_secs(2));
    for (command, name, wanted) in [
        ("power_on", "turning_on", "on"),
        ("power_off", "turning_off", "off"),
    ] {
        lab.command(command).await;
        let power = lab.power().await;
        assert_eq!(power["transition"]["name"], name, "{power}");
        assert_eq!(
            power["transition"]["since"],
            power["last_action"]["requested_at"]
        );
        assert_eq!(power["wanted"], wanted);
        assert_ne!(power["state"], wanted);
        assert_eq!(lab.node().await["power_transition"], name);
        let settled = lab.settled().await;
        assert_eq!(
            (&settled["state"], &settled["wanted"]),
            (&json!(wanted), &Value::Null)
        );
        assert_eq!(settled["last_action"]["state"], "done");
        assert_eq!(lab.node().await["power_transition"], Value::Null);
    }
    lab.bmc
        .change_faults(|faults| faults.answer_delay = Duration::from_secs(1));
    lab.command("reset").await;
    assert_eq!(lab.node().await["power_transition"], "rebooting");
    assert_eq!(lab.settled().await["last_action"]["state"], "done");
}

async fn a_state_that_is_not_reached_is_named(database: Database) {
    let lab = lab(&database, 2).await;
    lab.bmc
        .change_faults(|faults| faults.state_change_delay = Duration::from_secs(60));
    let path = format!("/v1/nodes/{}/actions/power-on", lab.node.id);
    let reply = lab.client().post_empty(&path).await;
    assert!(reply.status >= 500, "{}", reply.text());
    assert!(reply.text().contains("it is still off"), "{}", reply.text());
    let path = format!("/v1/nodes/{}/power-actions/", lab.node.id);
    let actions = lab.client().get(&path).await.expect(200).json()["power_actions"].clone();
    let id = &actions[0]["id"];
    let one = lab
        .client()
        .get(&format!("{path}{id}"))
        .await
        .expect(200)
        .json();
    assert_eq!(one["power_action"], actions[0]);
    for (key, value) in [
        ("action", json!("power_on")),
        ("state", json!("failed")),
        ("user_name", json!("anonymous")),
        ("node_id", json!(lab.node.id)),
        ("coil", Value::Null),
    ] {
        assert_eq!(actions[0][key], value, "{key}: {actions}");
    }
    assert!(actions[0]["finish_time"].is_string(), "{actions}");
    assert!(
        actions[0]["error"]
            .as_str()
            .unwrap()
            .contains("it is still off"),
        "{actions}"
    );
    let page = lab
        .client()
        .get(&format!("{path}?offset=1"))
        .await
        .expect(200)
        .json();
    assert_eq!(page["power_actions"], json!([]));
    assert_eq!(
        lab.client().get(&format!("{path}?order=id")).await.status,
        400
    );
}

async fn a_command_whose_task_is_revoked_has_failed(database: Database) {
    let lab = lab(&database, 30).await;
    lab.bmc
        .change_faults(|faults| faults.state_change_delay = Duration::from_secs(4));
    lab.command("power_on").await;
    // It waits for the node behind the first one.
    let second = lab.command("power_off").await;
    let task = second["accepted"][0]["task"].as_str().unwrap();
    let path = format!("/assay/v1/tasks/{task}");
    let revoked = async || lab.client().delete(&path).await.status;
    wait::until_is("it is revoked", LIMIT, revoked, |status| *status == 204).await;
    let settled = lab.settled().await;
    assert_eq!(settled["state"], "on", "{settled}");
    assert_eq!(settled["last_action"]["state"], "failed", "{settled}");
    assert!(
        settled["last_action"]["error"]
            .as_str()
            .unwrap()
            .contains("nothing was sent")
    );
}

async fn a_reading_has_an_age_and_can_be_asked_for(database: Database) {
    let lab = lab(&database, 30).await;
    let path = format!("/assay/v1/nodes/{}/power", lab.node.uuid);
    let asked = format!("{path}?refresh=true");
    let ask = async |path: &str| lab.client().get(path).await.expect(200).json();
    let power = ask(&asked).await;
    assert_eq!(
        (&power["state"], &power["unreachable"]),
        (&json!("off"), &Value::Null)
    );

    // Somebody presses the button; nothing is read for minutes, unless somebody asks.
    let machine = lab.bmc.machine();
    let plan = machine.hardware().default_plan();
    machine.power_on(plan).await.unwrap();
    assert_eq!(ask(&path).await["state"], "off");
    let node = format!("/v1/nodes/{}", lab.node.id);
    assert_eq!(ask(&node).await["node"]["power_state"], "power_off");
    let shown = ask(&format!("{node}?refresh=true")).await["node"].clone();
    assert_eq!(shown["power_state"], "power_on", "{shown}");
    assert!(
        (0..30).contains(&shown["power_state_age"].as_i64().unwrap()),
        "{shown}"
    );
    assert!(shown["power_state_observed_at"].is_string(), "{shown}");
    let power = ask(&path).await;
    assert_eq!(
        (&power["state"], &power["reading_error"]),
        (&json!("on"), &Value::Null)
    );
    assert!(
        (0..30).contains(&power["age_seconds"].as_i64().unwrap()),
        "{power}"
    );
    assert_eq!(power["last_action"]["requested_by"], "(outside Assay)");
}

async fn a_bmc_that_does_not_answer_is_told_with_its_reason(database: Database) {
    let lab = lab(&database, 30).await;
    let path = format!("/assay/v1/nodes/{}/power", lab.node.uuid);
    let asked = format!("{path}?refresh=true");
    let ask = async |path: &str| lab.client().get(path).await.expect(200).json();
    assert_eq!(ask(&asked).await["state"], "off");
    lab.bmc
        .change_faults(|faults| faults.refuse_connections = true);
    for _ in 0..2 {
        let power = ask(&asked).await;
        assert!(
            power["reading_error"].is_string() && power["unreachable"].is_null(),
            "{power}"
        );
    }
    let power = ask(&asked).await;
    assert_eq!(power["unreachable"]["misses"], 3, "{power}");
    assert!(power["unreachable"]["since"].is_string(), "{power}");
    assert!(
        power["unreachable"]["reason"]
            .as_str()
            .unwrap()
            .contains("unreachable"),
        "{power}"
    );
    assert_eq!(
        (&power["state"], &power["observed_at"].is_string()),
        (&json!("off"), &true)
    );
    let missing = lab.client().get("/assay/v1/nodes/nobody/power").await;
    assert_eq!(missing.status, 404);
    assert_eq!(
        lab.client().get(&format!("{path}?fresh=1")).await.status,
        400
    );
}

/// The command ends between the two readings that a request makes: of the nodes, and of the commands to
/// them.
#[tokio::test]
async fn a_state_that_is_reached_meanwhile_is_shown_with_the_end_of_its_command() {
    let database = Database::postgres().await;
    let setup = FleetSetup::new(database.url()).workers(0);
    let processes = setup.start().await;
    let client = processes.client();
    let node = json!({"node": {"name": "quick", "power_state": "power_off"}});
    let made = client.post("/v1/nodes/", &node).await.expect(200).json();
    let id = made["node"]["id"].as_i64().unwrap();
    database.execute(&format!(
        "INSERT INTO power_actions (node_id, command, state, user_name, start_time)
         VALUES ({id}, 'power_on', 'sent', 'olga', now() AT TIME ZONE 'UTC')"
    ));
    let (one, list) = (format!("/v1/nodes/{id}"), "/v1/nodes/".to_owned());
    for (path, node) in [(&list, "/nodes/0"), (&one, "/node")] {
        let shown = async || {
            let reply = client.get(path).await.expect(200).json();
            let node = reply.pointer(node).unwrap();
            (
                node["power_state"].clone(),
                node["power_transition"].clone(),
            )
        };
        database.execute(
            "UPDATE nodes SET power_state = 'off';
             UPDATE power_actions SET state = 'sent', finished_at = NULL",
        );
        assert_eq!(shown().await, (json!("power_off"), json!("turning_on")));
        let end = "UPDATE nodes SET power_state = 'on';
            UPDATE power_actions SET state = 'done', finished_at = start_time";
        let ending = database.execute_before_a_waiter("power_actions", end);
        let mut ending = ending.await;
        assert_eq!(shown().await, (json!("power_on"), Value::Null), "{path}");
        assert!(ending.wait().unwrap().success());
    }
}
