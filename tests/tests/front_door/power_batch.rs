//! Power commands to many nodes at once: each with a record of its own, and no reset sent twice.

use std::sync::Arc;
use std::time::Duration;

use assay_sim::{Bmc, IdleMachine, Power, ResetType};
use assay_tests::database::Database;
use assay_tests::lab::{self, Enrolled};
use assay_tests::{Client, Server, Setup, wait};
use serde_json::{Value, json};

const LIMIT: Duration = Duration::from_secs(30);

on_both!(
    nodes_are_restarted_together,
    many_nodes_are_switched_on_and_followed,
    resets_that_a_crash_cut_off_are_not_repeated,
);

struct Lab {
    server: Server,
    machines: Vec<(Bmc, Enrolled)>,
}

async fn lab(database: &Database, count: usize, wait: u32) -> Lab {
    let server = Setup::new()
        .database(database)
        .env("ASSAY_LEASE", 2)
        .env("ASSAY_POWER_BATCH_WAIT", wait)
        .start()
        .await;
    let mut machines = Vec::new();
    for number in 0..count {
        let bmc = lab::bmc(Arc::new(IdleMachine::new(lab::hardware(number))));
        let node = lab::enrol(server.client(), &bmc).await;
        machines.push((bmc, node));
    }
    Lab { server, machines }
}

impl Lab {
    fn client(&self) -> &Client {
        self.server.client()
    }

    fn ids(&self) -> Vec<i64> {
        self.machines.iter().map(|(_, node)| node.id).collect()
    }

    fn restarts(&self) -> Vec<usize> {
        let bmcs = self.machines.iter().map(|(bmc, _)| bmc.counters());
        bmcs.map(|counters| counters.accepted(ResetType::ForceRestart))
            .collect()
    }

    async fn all_on(&self) {
        let body = json!({"nodes": self.ids(), "command": "power_on"});
        let on = self.client().post("/assay/v1/power", &body).await;
        let on = on.expect(202).json();
        let ended = over(self.client(), on["batch"].as_str().unwrap()).await;
        assert_eq!(ended["counts"]["done"], self.machines.len(), "{ended}");
    }

    async fn reset(&self, ids: &[i64]) -> Value {
        let body = json!({"node_ids": ids});
        let path = "/v1/nodes/actions/reset";
        self.client().post(path, &body).await.expect(200).json()
    }
}

/// Waits until a request for many nodes is over; gives its state.
async fn over(client: &Client, batch: &str) -> Value {
    let path = format!("/assay/v1/power/{batch}");
    wait::until_is(
        "the batch is over",
        LIMIT,
        async || client.get(&path).await.expect(200).json(),
        |shown| shown["is_over"] == true,
    )
    .await
}

async fn nodes_are_restarted_together(database: Database) {
    let lab = lab(&database, 3, 20).await;
    let client = lab.client();
    let ids = lab.ids();
    lab.all_on().await;

    assert_eq!(lab.reset(&ids).await, json!({"failed": [], "success": ids}));
    assert_eq!(lab.restarts(), [1, 1, 1]);

    // One that is unknown, one without a power control, one that fails, one that is named twice.
    let reply = client
        .post("/v1/nodes/", &json!({"node": {"name": "bare"}}))
        .await;
    let bare = reply.json()["node"]["id"].as_i64().unwrap();
    lab.machines[1]
        .0
        .change_faults(|faults| faults.refuse_credentials = true);
    let ends = lab.reset(&[999, ids[0], bare, ids[1], ids[0]]).await;
    assert_eq!(ends["success"], json!([ids[0]]));
    assert_eq!(ends["failed"], json!([999, bare, ids[1]]), "{ends}");
    for (id, part) in [
        (999, "not found"),
        (bare, "no power control"),
        (ids[1], "refused"),
    ] {
        let reason = ends["reasons"][id.to_string()].as_str().unwrap();
        assert!(reason.contains(part), "{reason}");
    }
    assert_eq!(lab.restarts(), [2, 1, 1]);
    let path = format!("/v1/nodes/{}/power-actions/", ids[1]);
    let actions = client.get(&path).await.expect(200).json()["power_actions"].clone();
    let states: Vec<&str> = actions
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["state"].as_str().unwrap())
        .collect();
    assert_eq!(states, ["failed", "done", "done"]);
    assert_eq!(lab.reset(&[]).await, json!({"failed": [], "success": []}));
    for wrong in [
        json!({}),
        json!({"node_ids": ["x"]}),
        json!({"node_ids": vec![1; 10_001]}),
    ] {
        let reply = client.post("/v1/nodes/actions/reset", &wrong).await;
        assert_eq!(reply.status, 400, "{}", reply.text());
    }
}

async fn many_nodes_are_switched_on_and_followed(database: Database) {
    const COUNT: usize = 12;
    let lab = lab(&database, COUNT, 20).await;
    let client = lab.client();
    // By UUID, by key, and one that there is not.
    let mut nodes: Vec<Value> = lab
        .machines
        .iter()
        .map(|(_, node)| json!(node.uuid))
        .collect();
    nodes[0] = json!(lab.machines[0].1.id);
    nodes.push(json!("nobody"));
    let body = json!({"nodes": nodes, "command": "power_on"});
    let answer = client
        .post("/assay/v1/power", &body)
        .await
        .expect(202)
        .json();
    let refused = json!([{"node": "nobody", "reason": "Node nobody was not found"}]);
    assert_eq!(answer["refused"], refused);
    let accepted = answer["accepted"].as_array().unwrap();
    let uuids: Vec<&Value> = accepted.iter().map(|one| &one["node"]).collect();
    let wanted: Vec<&str> = lab
        .machines
        .iter()
        .map(|(_, node)| node.uuid.as_str())
        .collect();
    assert_eq!(uuids, wanted);

    let batch = answer["batch"].as_str().unwrap();
    let shown = over(client, batch).await;
    let counts = json!({"intended": 0, "sent": 0, "done": COUNT, "failed": 0, "unknown": 0});
    assert_eq!(
        (&shown["counts"], &shown["command"]),
        (&counts, &json!("power_on"))
    );
    for (bmc, node) in &lab.machines {
        assert_eq!(bmc.machine().power(), Power::On, "{}", node.uuid);
    }
    let path = format!("/assay/v1/power/{batch}?offset=4&limit=3&state=done");
    let page = client.get(&path).await.expect(200).json();
    let part = |at: usize| &page["parts"][at];
    assert_eq!(page["parts"].as_array().unwrap().len(), 3);
    assert_eq!(part(0)["action"]["id"], accepted[4]["action"]);
    assert_eq!(part(0)["action"]["task"], accepted[4]["task"]);
    assert_eq!(part(2)["node"], accepted[6]["node"]);
    let task = format!("/assay/v1/tasks/{}", accepted[4]["task"].as_str().unwrap());
    assert_eq!(
        client.get(&task).await.expect(200).json()["task"]["status"],
        "SUCCESS"
    );
    let unknown = client.get("/assay/v1/power/7").await;
    assert_eq!(unknown.status, 404);
    let wrong = json!({"nodes": [], "command": "explode"});
    assert_eq!(client.post("/assay/v1/power", &wrong).await.status, 400);
}

async fn resets_that_a_crash_cut_off_are_not_repeated(database: Database) {
    let mut lab = lab(&database, 3, 1).await;
    let ids = lab.ids();
    lab.all_on().await;
    for (bmc, _) in &lab.machines {
        bmc.change_faults(|faults| faults.answer_delay = Duration::from_secs(2));
    }
    // What is not known at the end of the wait is no success.
    let ends = lab.reset(&ids).await;
    assert_eq!(ends["success"], json!([]), "{ends}");
    assert_eq!(ends["failed"], json!(ids));
    let sent = async || lab.restarts();
    wait::until_is("the resets are sent", LIMIT, sent, |sent| {
        *sent == [1, 1, 1]
    })
    .await;
    lab.server.kill();
    for (bmc, _) in &lab.machines {
        bmc.change_faults(|faults| faults.answer_delay = Duration::ZERO);
    }
    lab.server.start_again();
    let mut unknown = 0;
    for id in &ids {
        let path = format!("/v1/nodes/{id}/power-actions/");
        let last = wait::until_is(
            "the reset has ended",
            LIMIT,
            async || lab.client().get(&path).await.expect(200).json()["power_actions"][0].clone(),
            |last| last["finish_time"].is_string(),
        )
        .await;
        // One that was answered before the crash is done.
        if last["state"] != "done" {
            assert_eq!(last["state"], "unknown", "{last}");
            let error = last["error"].as_str().unwrap();
            assert!(error.contains("outcome unknown"), "{last}");
            unknown += 1;
        }
    }
    assert!(unknown > 0, "the crash came too late");
    assert_eq!(lab.restarts(), [1, 1, 1], "one was repeated");
}
