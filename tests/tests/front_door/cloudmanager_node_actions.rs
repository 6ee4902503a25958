//! CloudManager's info, reserve and NodeSafe, on both databases: a protected node is not interrupted.

use std::sync::Arc;

use assay_sim::{Bmc, IdleMachine, ResetType};
use assay_tests::database::Database;
use assay_tests::lab::{self, Enrolled};
use assay_tests::server::login;
use assay_tests::{Client, Reply, Server, Setup};
use serde_json::{Value, json};

on_both!(
    info_tells_the_version,
    a_node_goes_into_reserve_and_out_of_it,
    a_protected_node_is_not_interrupted,
    what_is_forced_or_interrupts_nobody_goes_on,
    only_administrators_force,
);

async fn node(client: &Client, id: i64) -> Value {
    let shown = client.get(&format!("/v1/nodes/{id}")).await.expect(200);
    shown.json()["node"].clone()
}

async fn created(client: &Client, name: &str) -> Value {
    let body = json!({"node": {"name": name, "mac_address": "52:54:00:00:00:01"}});
    let reply = client.post("/v1/nodes/", &body).await.expect(200);
    reply.json()["node"].clone()
}

async fn info_tells_the_version(database: Database) {
    let server = Setup::new().database(&database).start().await;
    let reply = server.client().get("/v1/info").await.expect(200);
    assert_eq!(reply.header("Content-Type"), Some("application/json"));
    let version = env!("CARGO_PKG_VERSION");
    assert_eq!(reply.json(), json!({"info": {"version": version}}));
    let _ = server.client().get("/v1/info/").await.expect(200);
}

async fn a_node_goes_into_reserve_and_out_of_it(database: Database) {
    let server = Setup::new().database(&database).start().await;
    let client = server.client();
    let made = created(client, "n").await;
    let id = made["id"].as_i64().unwrap();
    let path = format!("/v1/nodes/{id}/actions/reserve");
    for is_reserved in [true, true, false] {
        let body = json!({"is_reserved": is_reserved});
        assert!(client.post(&path, &body).await.expect(204).body.is_empty());
        let shown = node(client, id).await;
        assert_eq!(shown["is_reserved"], is_reserved);
        assert_eq!(shown["condition"], 0, "the condition is another thing");
        let query = format!("/v1/nodes/count?is_reserved={is_reserved}");
        assert_eq!(client.get(&query).await.json()["count"], 1);
    }
    for body in [
        json!({}),
        json!({"is_reserved": "perhaps"}),
        json!({"is_reserved": null}),
        json!({"node": {"is_reserved": true}}),
    ] {
        let reply = client.post(&path, &body).await;
        assert_eq!(reply.status, 400, "{body}: {}", reply.text());
    }
    let nobody = "/v1/nodes/999/actions/reserve";
    let body = json!({"is_reserved": true});
    let _ = client.post(nobody, &body).await.expect(404);
}

/// The requests that would interrupt the machine of a node, each with its body.
fn interruptions(id: i64, control: i64, uuid: &str) -> [(String, Value); 5] {
    let act = |action: &str| format!("/v1/nodes/{id}/actions/{action}");
    [
        (act("power-off"), json!({})),
        (act("reset"), json!({})),
        (act("assign-image"), json!({"image_id": 2})),
        (
            format!("/v1/power-controls/{control}/actions/power-off"),
            json!({"coil": 1}),
        ),
        (format!("/v1/introspection/{uuid}"), json!({})),
    ]
}

/// A protected node with a BMC, and an image that it does not have.
struct Lab {
    server: Server,
    bmc: Bmc,
    node: Enrolled,
}

impl Lab {
    async fn new(database: &Database) -> Self {
        let server = Setup::new().database(database).start().await;
        let client = server.client();
        let bmc = lab::bmc(Arc::new(IdleMachine::new(lab::hardware(0))));
        let node = lab::enrol(client, &bmc).await;
        let image = json!({"node_image": {"image_name": "i", "file_data": "#!ipxe\n"}});
        let _ = client.post("/v1/node-images/", &image).await.expect(200);
        let lab = Self { server, bmc, node };
        assert_eq!(lab.shown().await["nodesafe"], false);
        for _ in 0..2 {
            let enabled = lab.act("enable-nodesafe").await.expect(204);
            assert!(enabled.body.is_empty());
        }
        assert_eq!(lab.shown().await["nodesafe"], true);
        lab
    }

    fn client(&self) -> &Client {
        self.server.client()
    }

    async fn shown(&self) -> Value {
        node(self.client(), self.node.id).await
    }

    async fn act(&self, action: &str) -> Reply {
        let path = format!("/v1/nodes/{}/actions/{action}", self.node.id);
        self.client().post_empty(&path).await
    }
}

async fn a_protected_node_is_not_interrupted(database: Database) {
    let lab = Lab::new(&database).await;
    let (client, id) = (lab.client(), lab.node.id);
    for (path, body) in &interruptions(id, lab.node.control, &lab.node.uuid) {
        let refused = client.post(path, body).await.expect(409).text();
        assert!(refused.contains("protected"), "{path}: {refused}");
        let bad = client.post(&format!("{path}?force=perhaps"), body).await;
        let _ = bad.expect(400);
    }
    let other = json!({"node": {"image_id": 2}});
    let path = format!("/v1/nodes/{id}");
    let _ = client.put(&path, &other).await.expect(409);
    let ids = json!({"node_ids": [id]});
    let batch = client.post("/v1/nodes/actions/reset", &ids).await;
    let batch = batch.expect(200).json();
    assert_eq!(
        (&batch["failed"], &batch["success"]),
        (&json!([id]), &json!([]))
    );
    assert!(batch.to_string().contains("protected"), "{batch}");
    let many = json!({"nodes": [id], "command": "power_off"});
    let many = client.post("/assay/v1/power", &many).await;
    let many = many.expect(202).json();
    assert_eq!(many["accepted"], json!([]), "{many}");
    let reason = many["refused"][0]["reason"].as_str().unwrap();
    assert!(reason.contains("protected"), "{reason}");
    for kind in [ResetType::ForceOff, ResetType::ForceRestart] {
        assert_eq!(lab.bmc.counters().accepted(kind), 0);
    }
}

async fn what_is_forced_or_interrupts_nobody_goes_on(database: Database) {
    let lab = Lab::new(&database).await;
    let (client, id) = (lab.client(), lab.node.id);
    let path = format!("/v1/nodes/{id}");
    let _ = lab.act("power-on").await.expect(204);
    let unchanged = json!({"node": {"title": "t", "image_id": 1}});
    let _ = client.put(&path, &unchanged).await.expect(200);
    let _ = lab.act("reset?force=true").await.expect(204);
    let _ = lab.act("power-off?force=true").await.expect(204);
    assert_eq!(lab.bmc.counters().accepted(ResetType::ForceRestart), 1);
    let other = json!({"node": {"image_id": 2}});
    let forced = format!("{path}?force=true");
    let _ = client.put(&forced, &other).await.expect(200);

    let disabled = lab.act("disable-nodesafe").await.expect(204);
    assert!(disabled.body.is_empty());
    let _ = lab.act("power-off").await.expect(204);
    for action in ["enable-nodesafe", "disable-nodesafe"] {
        let nobody = format!("/v1/nodes/999/actions/{action}");
        let _ = client.post_empty(&nobody).await.expect(404);
    }
}

async fn only_administrators_force(database: Database) {
    let setup = Setup::new().database(&database).authenticated();
    let server = setup.start().await;
    let admin = server.client();
    let (name, password) = ("worker", "worker-password");
    server.setup().add_user(name, "operator", password);
    let worker = admin.with_token(&login(admin, name, password).await);
    let made = created(admin, "n").await;
    let uuid = made["uuid"].as_str().unwrap();
    let enable = format!("/v1/nodes/{}/actions/enable-nodesafe", made["id"]);
    let _ = worker.post_empty(&enable).await.expect(204);
    let start = format!("/v1/introspection/{uuid}?manage_boot=0");
    let refused = worker.post_empty(&start).await.expect(409).json();
    assert!(
        refused["error"]["message"]
            .as_str()
            .unwrap()
            .contains("protected")
    );
    let forced = format!("{start}&force=true");
    let _ = worker.post_empty(&forced).await.expect(403);
    let many = json!({"nodes": [made["id"]], "command": "reset"});
    let _ = worker
        .post("/assay/v1/power?force=true", &many)
        .await
        .expect(403);
    let ids = json!({"node_ids": [made["id"]]});
    let path = "/v1/nodes/actions/reset?force=true";
    let _ = worker.post(path, &ids).await.expect(403);
    let _ = admin.post_empty(&forced).await.expect(202);
}
