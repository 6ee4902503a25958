//! Dry runs of rules: the trace of one report, a run over all of them, and that nothing is changed.

use std::collections::BTreeMap;
use std::io::BufRead;
use std::time::Duration;

use assay_tests::database::Database;
use assay_tests::server::login;
use assay_tests::{Client, Machine, Server, Setup, status, wait};
use serde_json::{Value, json};

const LIMIT: Duration = Duration::from_secs(30);
const DRY_RUN: &str = "/assay/v1/rules/dry-run";
/// What a dry run may write; and what processes write all the time by being alive.
const MAY_CHANGE: [&str; 7] = [
    "dry_runs",
    "dry_run_results",
    "tasks",
    "task_messages",
    "processes",
    "leases",
    "discovery_boots",
];

/// Enrols and introspects that many machines; gives their UUIDs.
pub(crate) async fn introspected(client: &Client, count: u32) -> Vec<String> {
    let mut uuids = Vec::new();
    for number in 0..count {
        let machine = Machine::numbered(number);
        let node = machine.enrol(client, &format!("tried-{number}")).await;
        let uuid = node["uuid"].as_str().unwrap().to_owned();
        let _ = machine.introspect(client, &uuid).await.expect(200);
        status::finished(client, &uuid, LIMIT).await;
        uuids.push(uuid);
    }
    uuids
}

fn rules() -> Value {
    json!([
        {"uuid": "large", "description": "much memory",
         "conditions": [{"op": "ge", "field": "memory_mb", "value": 4096},
                        {"op": "eq", "field": "inventory.gpu.count", "value": 1}],
         "actions": [{"action": "set-attribute", "path": "/extra/gpu", "value": "yes"}]},
        {"uuid": "disks",
         "conditions": [{"op": "gt", "field": "inventory.disks[*].size", "value": 1000}],
         "actions": [
            {"action": "set-attribute", "path": "/extra/disk",
             "value": "{data[inventory][disks][0][name]}"},
            {"action": "set-port-attribute", "port_id": "eth0", "path": "/extra/seen", "value": 1},
         ]},
        {"uuid": "elsewhere", "scope": "west", "conditions": [],
         "actions": [{"action": "fail", "message": "never"}]},
    ])
}

pub(crate) async fn ended(client: &Client, run: &str) -> Value {
    let path = format!("/assay/v1/rules/dry-runs/{run}");
    let show = async || client.get(&path).await.expect(200).json();
    let open = ["waiting", "running"];
    wait::until_is("the dry run", LIMIT, show, |run| {
        !open.contains(&run["state"].as_str().unwrap())
    })
    .await
}

pub(crate) async fn start(client: &Client, body: &Value) -> String {
    let run = client.post(DRY_RUN, body).await.expect(202).json();
    run["id"].as_str().unwrap().to_owned()
}

/// Every row of a backup that a dry run may not change, by table.
fn saved(server: &Server, name: &str) -> BTreeMap<String, Vec<String>> {
    let file = server.setup().data().join(name);
    let arguments = ["backup", file.to_str().unwrap()];
    server.setup().run(&arguments, "");
    let decoder = zstd::Decoder::new(std::fs::File::open(&file).unwrap()).unwrap();
    let mut tables: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for line in std::io::BufReader::new(decoder).lines() {
        let row: Value = serde_json::from_str(&line.unwrap()).unwrap();
        if let Some(table) = row[0].as_str().filter(|table| !MAY_CHANGE.contains(table)) {
            let rows = tables.entry(table.to_owned()).or_default();
            rows.push(row[1].to_string());
        }
    }
    assert!(tables.contains_key("nodes") && tables.contains_key("reports"));
    tables
}

async fn nothing_is_changed(database: &Database) {
    let server = Setup::new().database(database).start().await;
    let client = server.client();
    let uuids = introspected(client, 2).await;
    let before = saved(&server, "before");
    let trace = json!({"rules": rules(), "node": uuids[0]});
    let _ = client.post(DRY_RUN, &trace).await.expect(200);
    let run = start(client, &json!({"rules": rules(), "reports": "all"})).await;
    let run = ended(client, &run).await;
    assert_eq!(
        (&run["state"], &run["done"]),
        (&json!("finished"), &json!(2)),
        "{run}"
    );
    assert_eq!(run["changed"], 2, "{run}");
    assert_eq!(saved(&server, "after"), before);
}

#[tokio::test]
async fn nothing_is_changed_on_sqlite() {
    nothing_is_changed(&Database::sqlite().await).await;
}

#[tokio::test]
async fn nothing_is_changed_on_postgres() {
    nothing_is_changed(&Database::postgres().await).await;
}

#[tokio::test]
async fn one_report_is_traced_in_full() {
    let server = Setup::new().start().await;
    let client = server.client();
    introspected(client, 1).await;
    let body = json!({"rules": rules(), "node": "tried-0"});
    let trace = client.post(DRY_RUN, &body).await.expect(200).json();
    let [large, disks, elsewhere] = [0, 1, 2].map(|at| &trace["rules"][at]);
    assert_eq!(large["held"], false);
    assert_eq!(large["conditions"][0]["held"], true);
    let missing = &large["conditions"][1];
    assert_eq!(missing["why"], "the report has no inventory.gpu.count");
    assert_eq!(large["actions"], json!([]));

    assert_eq!(disks["held"], true);
    let value = &disks["conditions"][0]["values"][0];
    assert_eq!(value["path"], "$['inventory']['disks'][0]['size']");
    assert_eq!(value["value"], 21_474_836_480_u64);
    assert_eq!(disks["actions"][0]["value"], "/dev/sda");
    assert_eq!(disks["actions"][1]["target"], "eth0/extra/seen");
    assert_eq!(
        (&elsewhere["in_scope"], &elsewhere["held"]),
        (&json!(false), &json!(false))
    );

    let mac = &Machine::numbered(0).macs[0];
    let changes = json!([
        {"by": "rules", "path": "/node/extra/disk", "kind": "added", "after": "/dev/sda"},
        {"by": "rules", "path": format!("/ports/{mac}/extra/seen"), "kind": "added", "after": 1},
    ]);
    assert_eq!(trace["changes"], changes, "{trace}");
    assert_eq!(trace["stop"], Value::Null);
}

#[tokio::test]
async fn what_stops_the_processing_is_told_and_changes_nothing() {
    let server = Setup::new().start().await;
    let client = server.client();
    introspected(client, 1).await;
    let rules = json!([
        {"uuid": "first", "conditions": [],
         "actions": [{"action": "add-trait", "name": "CUSTOM_A"}]},
        {"uuid": "bad", "description": "asks for a GPU", "conditions": [],
         "actions": [{"action": "set-attribute", "path": "/extra/a", "value": "{data[gpu]}"}]},
    ]);
    let body = json!({"rules": rules, "node": "tried-0"});
    let trace = client.post(DRY_RUN, &body).await.expect(200).json();
    assert_eq!(trace["stop"]["rule"], 1);
    assert_eq!(trace["stop"]["place"], "actions[0]");
    let message =
        "Rule asks for a GPU: actions[0] (set-attribute): {data[gpu]}: there is no \"gpu\" in data";
    assert_eq!(trace["stop"]["message"], message);
    assert_eq!(trace["changes"], json!([]));
    assert_eq!(trace["rules"][0]["actions"][0]["target"], "CUSTOM_A");

    let run = start(client, &json!({"rules": rules})).await;
    let run = ended(client, &run).await;
    assert_eq!(
        (&run["stopped_by_rule"], &run["changed"]),
        (&json!(1), &json!(0)),
        "{run}"
    );
    assert_eq!(run["rules"][1]["stopped"], 1, "{run}");
    let path = format!(
        "/assay/v1/rules/dry-runs/{}/results",
        run["id"].as_str().unwrap()
    );
    let results = client.get(&path).await.expect(200).json();
    assert_eq!(results["results"][0]["stop"]["message"], message);
}

async fn a_run_counts(database: &Database) {
    let server = Setup::new().database(database).start().await;
    let client = server.client();
    let uuids = introspected(client, 3).await;
    // A second report of one machine: only the newest counts.
    let path = format!("/v1/introspection/{}/data/unprocessed", uuids[0]);
    let mut report = Machine::numbered(0).report();
    report["inventory"]["disks"] = json!([]);
    let _ = client.post(&path, &report).await.expect(202);
    status::finished(client, &uuids[0], LIMIT).await;

    let run = start(client, &json!({"rules": rules()})).await;
    let run = ended(client, &run).await;
    assert_eq!(run["state"], "finished", "{run}");
    assert_eq!(
        (&run["total"], &run["done"]),
        (&json!(3), &json!(3)),
        "{run}"
    );
    counts_are_right(&run);
    results_are_found(client, &run, &uuids).await;
    reports_are_chosen(client).await;
}

fn counts_are_right(run: &Value) {
    let [large, disks, elsewhere] = [0, 1, 2].map(|at| &run["rules"][at]);
    assert_eq!(
        (&large["held"], &large["not_held"]),
        (&json!(0), &json!(3)),
        "{run}"
    );
    assert_eq!(large["conditions"][1]["missing"], 3, "{run}");
    assert_eq!(
        (&disks["held"], &disks["not_held"]),
        (&json!(2), &json!(1)),
        "{run}"
    );
    assert_eq!(elsewhere["out_of_scope"], 3, "{run}");
    assert_eq!(run["changed"], 2, "{run}");
}

async fn results_are_found(client: &Client, run: &Value, uuids: &[String]) {
    let results = async |query: &str| {
        let id = run["id"].as_str().unwrap();
        let path = format!("/assay/v1/rules/dry-runs/{id}/results{query}");
        let page = client.get(&path).await.expect(200).json();
        page["results"].as_array().unwrap().clone()
    };
    assert_eq!(results("").await.len(), 3);
    let held = results("?rule=disks&held=true").await;
    let nodes: Vec<&Value> = held.iter().map(|one| &one["node_uuid"]).collect();
    assert_eq!(nodes, [&json!(uuids[1]), &json!(uuids[2])]);
    assert_eq!(held[0]["changed"], json!(["extra", "ports"]));
    let second = results("?rule=disks&held=true&offset=1&limit=1").await;
    assert_eq!(second[0], held[1]);
    let not = results("?rule=disks&held=false").await;
    assert_eq!(not.len(), 1);
    assert_eq!(not[0]["rules"][1]["conditions"], json!(["missing"]));
    assert_eq!(results("?rule=elsewhere").await.len(), 0);
    assert_eq!(results(&format!("?node={}", uuids[1])).await.len(), 1);
    assert_eq!(results("?node=tried-0&held=false").await.len(), 1);
}

async fn reports_are_chosen(client: &Client) {
    let all = ended(
        client,
        &start(client, &json!({"rules": rules(), "reports": "all"})).await,
    )
    .await;
    assert_eq!(all["done"], 4, "{all}");
    let none = ended(
        client,
        &start(client, &json!({"rules": rules(), "scope": "west"})).await,
    )
    .await;
    assert_eq!(
        (&none["skipped"], &none["rules"][0]["not_held"]),
        (&json!(3), &json!(0))
    );
    let list = client
        .get("/assay/v1/rules/dry-runs?limit=2")
        .await
        .expect(200)
        .json();
    assert_eq!(list["dry_runs"][0]["id"], none["id"]);
    assert_eq!(list["dry_runs"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_run_over_all_nodes_counts_on_sqlite() {
    a_run_counts(&Database::sqlite().await).await;
}

#[tokio::test]
async fn a_run_over_all_nodes_counts_on_postgres() {
    a_run_counts(&Database::postgres().await).await;
}

#[tokio::test]
async fn the_stored_rules_are_tried_as_they_were_at_the_start() {
    let server = Setup::new().start().await;
    let client = server.client();
    introspected(client, 1).await;
    let rule = json!({"uuid": "stored", "conditions": [], "actions": [
        {"action": "add-trait", "name": "CUSTOM_A"}]});
    let _ = client.post("/v1/rules", &rule).await.expect(201);
    let trace = client
        .post(DRY_RUN, &json!({"node": "tried-0"}))
        .await
        .expect(200);
    assert_eq!(trace.json()["rules"][0]["uuid"], "stored");
    let run = start(client, &json!({})).await;
    let _ = client.delete("/v1/rules").await.expect(204);
    let run = ended(client, &run).await;
    assert_eq!(run["rules"][0]["held"], 1, "{run}");
}

#[tokio::test]
async fn what_makes_no_sense_is_refused() {
    let server = Setup::new().start().await;
    let client = server.client();
    let machine = Machine::numbered(0);
    machine.enrol(client, "bare").await;
    let fail = json!([{"action": "fail", "message": "x"}]);
    for (body, status, reason) in [
        (
            json!({"rules": [{"actions": []}]}),
            400,
            "rules[0]: actions: a rule needs at least one",
        ),
        (
            json!({"rules": [{"actions": fail, "conditions": [{"op": "like", "field": "a"}]}]}),
            400,
            "rules[0]: conditions[0]: unknown operator",
        ),
        (
            json!({"rules": [{"uuid": "a", "actions": fail}, {"uuid": "a", "actions": fail}]}),
            400,
            "rules[1]: another rule has the UUID a",
        ),
        (json!({"rules": {}}), 400, "expected"),
        (
            json!({"node": "bare", "scope": "x"}),
            400,
            "leave them out with node",
        ),
        (json!({"report": 1}), 400, "report needs a node"),
        (json!({"reports": "some"}), 400, "newest or all"),
        (json!({"nodes": "bare"}), 400, "unknown field"),
        (json!({"node": "nobody"}), 404, "nobody"),
        (json!({"node": "bare"}), 404, "newest of node"),
        (json!({"node": "bare", "report": 77}), 404, "77"),
    ] {
        let reply = client.post(DRY_RUN, &body).await;
        assert_eq!(reply.status, status, "{body}: {}", reply.text());
        assert!(reply.text().contains(reason), "{body}: {}", reply.text());
    }
    let empty = ended(client, &start(client, &json!({"rules": rules()})).await).await;
    assert_eq!(
        (&empty["state"], &empty["total"]),
        (&json!("finished"), &json!(0))
    );
    let path = format!("/assay/v1/rules/dry-runs/{}", empty["id"].as_str().unwrap());
    let _ = client
        .get(&format!("{path}/results?rule=none"))
        .await
        .expect(400);
    let _ = client
        .get("/assay/v1/rules/dry-runs/none")
        .await
        .expect(404);
    let _ = client
        .post_empty(&format!("{path}/cancel"))
        .await
        .expect(409);
    let _ = client.delete(&path).await.expect(204);
    let _ = client.get(&path).await.expect(404);
}

#[tokio::test]
async fn an_observer_may_trace_and_an_operator_may_run() {
    let setup = Setup::new().authenticated();
    setup.add_user("olga", "observer", "a-long-password");
    setup.add_user("otto", "operator", "a-long-password");
    let server = setup.start().await;
    introspected(server.client(), 1).await;
    let olga = login(server.client(), "olga", "a-long-password").await;
    let otto = login(server.client(), "otto", "a-long-password").await;
    let (olga, otto) = (
        server.client().with_token(&olga),
        server.client().with_token(&otto),
    );
    let one = json!({"rules": rules(), "node": "tried-0"});
    let _ = olga.post(DRY_RUN, &one).await.expect(200);
    let _ = olga.post(DRY_RUN, &json!({})).await.expect(403);
    let run = start(&otto, &json!({})).await;
    let run = ended(&olga, &run).await;
    assert_eq!(run["requested_by"], "otto");
    let path = format!("/assay/v1/rules/dry-runs/{}", run["id"].as_str().unwrap());
    let _ = olga.post_empty(&format!("{path}/cancel")).await.expect(403);
    let _ = olga.delete(&path).await.expect(403);
    let _ = otto.delete(&path).await.expect(204);
}
