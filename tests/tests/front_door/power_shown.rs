//! What people are shown of a node's power: intermediate states, and why a state was not reached.

use std::sync::Arc;
use std::time::Duration;

use assay_sim::{Bmc, IdleMachine};
use assay_tests::database::Database;
use assay_tests::lab::{self, Enrolled};
use assay_tests::{Client, Server, Setup, wait};
use serde_json::{Value, json};

const LIMIT: Duration = Duration::from_secs(30);

on_both!(
    a_change_is_shown_while_it_goes_on,
    a_state_that_is_not_reached_is_named,
    a_command_whose_task_is_revoked_has_failed,
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
