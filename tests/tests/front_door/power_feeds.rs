//! Machines with several feeds, and single outputs: switched together, judged together, and never
//! more claimed than was seen.

use std::time::Duration;

use assay_tests::database::Database;
use assay_tests::relay::Relay;
use assay_tests::{Client, Server, Setup, wait};
use serde_json::{Value, json};

const LIMIT: Duration = Duration::from_secs(30);

on_both!(
    a_machine_is_off_only_when_all_of_its_feeds_are,
    a_feed_that_stays_on_fails_the_action,
    a_reset_cuts_all_feeds_and_gives_them_back,
    a_reset_that_a_crash_cut_off_is_not_repeated,
    an_output_that_feeds_nothing_is_switched,
);

/// A node that hangs on output 1 of two relays.
struct Lab {
    server: Server,
    relays: [Relay; 2],
    controls: [i64; 2],
    node: i64,
}

async fn lab(database: &Database, pause: f64) -> Lab {
    let server = Setup::new()
        .database(database)
        .env("ASSAY_LEASE", 2)
        .env("ASSAY_POWER_STATE_LIMIT", 2)
        .env("ASSAY_POWER_FEED_PAUSE", pause)
        .start()
        .await;
    let client = server.client();
    let relays = [Relay::start().await, Relay::start().await];
    let controls = [
        relays[0].control(client, "left").await,
        relays[1].control(client, "right").await,
    ];
    let body = json!({"node": {"name": "double"}});
    let reply = client.post("/v1/nodes/", &body).await.expect(200);
    let node = reply.json()["node"]["id"].as_i64().unwrap();
    for control in controls {
        let body = json!({"power_control_id": control, "power_control_port": 1});
        let path = format!("/v1/nodes/{node}/power-controls/");
        let _ = client.post(&path, &body).await.expect(200);
    }
    Lab {
        server,
        relays,
        controls,
        node,
    }
}

impl Lab {
    fn client(&self) -> &Client {
        self.server.client()
    }

    async fn act(&self, action: &str) -> assay_tests::Reply {
        let path = format!("/v1/nodes/{}/actions/{action}", self.node);
        self.client().post_empty(&path).await
    }

    async fn switch(&self, relay: usize, action: &str) {
        let control = self.controls[relay];
        let path = format!("/v1/power-controls/{control}/actions/{action}");
        let _ = self
            .client()
            .post(&path, &json!({"coil": 1}))
            .await
            .expect(204);
    }

    async fn shown(&self) -> Value {
        let path = format!("/v1/nodes/{}", self.node);
        self.client().get(&path).await.expect(200).json()["node"]["power_state"].clone()
    }

    fn coils(&self) -> [bool; 2] {
        [self.relays[0].is_on(1), self.relays[1].is_on(1)]
    }

    /// The last power action.
    async fn last(&self) -> Value {
        let path = format!("/v1/nodes/{}/power-actions/?limit=1", self.node);
        self.client().get(&path).await.expect(200).json()["power_actions"][0].clone()
    }
}

async fn a_machine_is_off_only_when_all_of_its_feeds_are(database: Database) {
    let lab = lab(&database, 1.0).await;
    assert_eq!(lab.act("power-on").await.status, 204);
    assert_eq!(lab.coils(), [true, true]);
    assert_eq!(lab.shown().await, "power_on");
    for control in lab.controls {
        let path = format!("/v1/power-controls/{control}");
        let shown = lab.client().get(&path).await.expect(200).json()["power_control"].clone();
        assert_eq!(
            (&shown["coils_count"], &shown["used_coils_count"]),
            (&json!(8), &json!(1))
        );
        let coil = &shown["coil_map"]["1"];
        assert_eq!(coil["is_initialized"], true, "{shown}");
        assert_eq!(
            (&coil["node_id"], &coil["power_state"]),
            (&json!(lab.node), &json!("power_on"))
        );
        assert_eq!(shown["coil_map"]["8"], Value::Null);
    }

    lab.switch(0, "power-off").await;
    assert_eq!(
        (lab.coils(), lab.shown().await),
        ([false, true], json!("power_on"))
    );
    let last = lab.last().await;
    assert_eq!(
        (&last["action"], &last["coil"]),
        (&json!("power_off"), &json!("1"))
    );
    assert_eq!(last["power_control_id"], lab.controls[0]);
    lab.switch(1, "power-off").await;
    assert_eq!(
        (lab.coils(), lab.shown().await),
        ([false, false], json!("power_off"))
    );
    lab.switch(0, "power-on").await;
    assert_eq!(lab.shown().await, "power_on");
    assert_eq!(lab.act("power-off").await.status, 204);
    assert_eq!(
        (lab.coils(), lab.shown().await),
        ([false, false], json!("power_off"))
    );

    // Another output: through it the device has not answered.
    let path = format!("/v1/nodes/{}/power-controls/{}", lab.node, lab.controls[1]);
    let moved = lab
        .client()
        .put(&path, &json!({"power_control_port": "2"}))
        .await;
    assert_eq!(
        moved.expect(200).json()["power_control"]["is_initialized"],
        false
    );
}

async fn a_feed_that_stays_on_fails_the_action(database: Database) {
    let lab = lab(&database, 0.2).await;
    assert_eq!(lab.act("power-on").await.status, 204);
    lab.relays[1].get_stuck();
    let refused = lab.act("power-off").await;
    assert_eq!(refused.status, 502, "{}", refused.text());
    for part in ["left output 1: off", "right output 1: ", "last state: on"] {
        assert!(refused.text().contains(part), "{part}: {}", refused.text());
    }
    assert_eq!(
        (lab.coils(), lab.shown().await),
        ([false, true], json!("power_on"))
    );
    let last = lab.last().await;
    assert_eq!(last["state"], "failed");
    assert!(
        last["error"].as_str().unwrap().contains("last state: on"),
        "{last}"
    );

    // A reset that cannot cut the machine off gives back what it took.
    let refused = lab.act("reset").await;
    assert_eq!(refused.status, 502, "{}", refused.text());
    assert_eq!(
        (lab.coils(), lab.shown().await),
        ([true, true], json!("power_on"))
    );
    let last = lab.last().await;
    assert_eq!(
        (&last["action"], &last["state"]),
        (&json!("reset"), &json!("failed"))
    );
    assert!(
        last["error"]
            .as_str()
            .unwrap()
            .contains("all feeds are on again"),
        "{last}"
    );
}

async fn a_reset_cuts_all_feeds_and_gives_them_back(database: Database) {
    let lab = lab(&database, 0.2).await;
    assert_eq!(lab.act("power-on").await.status, 204);
    assert_eq!(lab.act("reset").await.status, 204);
    for relay in &lab.relays {
        assert_eq!(relay.writes(), [(1, true), (1, false), (1, true)]);
    }
    assert_eq!(
        (&lab.last().await["state"], lab.shown().await),
        (&json!("done"), json!("power_on"))
    );
    let body = json!({"nodes": [lab.node], "command": "shutdown"});
    let answer = lab
        .client()
        .post("/assay/v1/power", &body)
        .await
        .expect(202)
        .json();
    assert_eq!(
        (&answer["batch"], &answer["accepted"]),
        (&Value::Null, &json!([]))
    );
    assert_eq!(answer["refused"][0]["node"], lab.node.to_string());
}

async fn a_reset_that_a_crash_cut_off_is_not_repeated(database: Database) {
    let mut lab = lab(&database, 600.0).await;
    assert_eq!(lab.act("power-on").await.status, 204);
    let client = lab.client().clone();
    let body = json!({"nodes": [lab.node], "command": "reset"});
    let _ = client.post("/assay/v1/power", &body).await.expect(202);
    wait::until_is(
        "both are off",
        LIMIT,
        async || lab.coils(),
        |coils| *coils == [false; 2],
    )
    .await;
    lab.server.kill();
    lab.server.start_again();
    let last = wait::until_is(
        "the reset is unknown, with what was seen",
        LIMIT,
        async || lab.last().await,
        |last| last["state"] == "unknown" && last["error"].to_string().contains("right"),
    )
    .await;
    let error = last["error"].as_str().unwrap();
    for part in [
        "outcome unknown",
        "left output 1 is off",
        "right output 1 is off",
    ] {
        assert!(error.contains(part), "{part}: {error}");
    }
    for relay in &lab.relays {
        assert_eq!(relay.writes(), [(1, true), (1, false)], "it was repeated");
    }
    assert_eq!(lab.shown().await, "power_off", "what was seen of the feeds");
    assert_eq!(lab.act("power-on").await.status, 204);
    assert_eq!(lab.coils(), [true, true]);
}

async fn an_output_that_feeds_nothing_is_switched(database: Database) {
    let lab = lab(&database, 0.2).await;
    let client = lab.client();
    let path = format!("/v1/power-controls/{}/actions", lab.controls[0]);
    for (action, value) in [("power-on", true), ("power-off", false)] {
        let path = format!("{path}/{action}");
        let _ = client.post(&path, &json!({"coil": 7})).await.expect(204);
        assert_eq!(lab.relays[0].is_on(7), value);
    }
    for wrong in [json!(0), json!(9), json!("01"), json!("x")] {
        let path = format!("{path}/power-on");
        let reply = client.post(&path, &json!({"coil": wrong})).await;
        assert_eq!(reply.status, 400, "{wrong}: {}", reply.text());
    }
    let path = format!("/assay/v1/power-controls/{}/power-actions", lab.controls[0]);
    let list = client.get(&path).await.expect(200).json()["power_actions"].clone();
    assert_eq!(list.as_array().unwrap().len(), 2, "{list}");
    let first = &list[1];
    for (key, value) in [
        ("command", json!("power_on")),
        ("state", json!("done")),
        ("output", json!("7")),
        ("node_id", Value::Null),
        ("requested_by", json!("anonymous")),
    ] {
        assert_eq!(first[key], value, "{key}: {first}");
    }
    let task = format!("/assay/v1/tasks/{}", first["task"].as_str().unwrap());
    let task = client.get(&task).await.expect(200).json()["task"].clone();
    assert_eq!(
        (&task["kind"], &task["node_id"]),
        (&json!("output.power"), &Value::Null)
    );
    assert_eq!(lab.last().await, Value::Null, "no node was switched");

    lab.relays[0].get_stuck();
    let path = format!("/v1/power-controls/{}/actions/power-on", lab.controls[0]);
    let reply = client.post(&path, &json!({"coil": 7})).await;
    assert_eq!(reply.status, 502, "{}", reply.text());
    assert!(reply.text().contains("still off"), "{}", reply.text());
}
