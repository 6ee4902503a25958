//! The unmodified command line client of OpenStack, driving introspections.

use std::time::Duration;

use assay_tests::programs::OpenStack;
use assay_tests::{Client, Machine, Server, Setup, status};
use serde_json::{Value, json};

const LIMIT: Duration = Duration::from_secs(20);

struct Lab {
    server: Server,
    openstack: OpenStack,
    machine: Machine,
    uuid: String,
}

/// A server with users, a machine that nobody else switches, and a client with a token.
async fn lab() -> Lab {
    let server = Setup::new().authenticated().start().await;
    let machine = Machine::numbered(5);
    let node = machine.enrol(server.client(), "five").await;
    Lab {
        openstack: OpenStack::new(server.client()),
        uuid: node["uuid"].as_str().unwrap().to_owned(),
        machine,
        server,
    }
}

/// Starts without managed boot, which the command line client cannot ask for, and reports.
async fn introspected(client: &Client, lab: &Lab, report: &Value) {
    let path = format!("/v1/introspection/{}?manage_boot=0", lab.uuid);
    let _ = client.post_empty(&path).await.expect(202);
    let _ = lab
        .machine
        .boot(client)
        .await
        .report(report)
        .await
        .expect(200);
    status::finished(client, &lab.uuid, LIMIT).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn status_list_and_data_are_shown() {
    let lab = lab().await;
    introspected(lab.server.client(), &lab, &lab.machine.report()).await;
    let shown = lab.openstack.json(&["status", &lab.uuid]);
    assert_eq!(shown["finished"], true);
    assert_eq!(shown["error"], Value::Null);
    assert_eq!(lab.openstack.json(&["status", "five"])["finished"], true);

    let list = lab.openstack.json(&["list"]);
    assert_eq!(list.as_array().unwrap().len(), 1);
    assert_eq!(list[0]["UUID"], lab.uuid.as_str());
    assert!(
        list[0]["Started at"].is_string() && list[0]["Finished at"].is_string(),
        "{list}"
    );
    assert_eq!(
        lab.openstack
            .json(&["list", "--limit", "1", "--marker", &lab.uuid]),
        json!([])
    );

    let data: Value =
        serde_json::from_str(&lab.openstack.ok(&["data", "save", &lab.uuid])).unwrap();
    assert_eq!(
        data["inventory"]["interfaces"][0]["mac_address"],
        lab.machine.macs[0]
    );
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("raw.json");
    let path = file.to_str().unwrap();
    lab.openstack
        .ok(&["data", "save", "--unprocessed", "--file", path, &lab.uuid]);
    let raw: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    assert_eq!(raw, lab.machine.report());
}

#[tokio::test(flavor = "multi_thread")]
async fn reprocess_and_abort_work() {
    let lab = lab().await;
    let client = lab.server.client();
    introspected(client, &lab, &lab.machine.report()).await;
    let rule = json!({"conditions": [], "actions": [{"action": "fail", "message": "seen again"}]});
    let _ = client.post("/v1/rules", &rule).await.expect(201);
    lab.openstack.ok(&["reprocess", &lab.uuid]);
    let after = status::ended(client, &lab.uuid, LIMIT).await;
    assert!(
        after["error"].as_str().unwrap().contains("seen again"),
        "{after}"
    );

    let path = format!("/v1/introspection/{}?manage_boot=0", lab.uuid);
    let _ = client.post_empty(&path).await.expect(202);
    lab.openstack.ok(&["abort", &lab.uuid]);
    let ended = status::ended(client, &lab.uuid, LIMIT).await;
    assert_eq!(ended["error"], "Canceled by operator");
    assert!(!lab.openstack.refused(&["abort", &lab.uuid]).is_empty());
}

/// LLDP of a switch: chassis and port id, two VLANs, system name; type and value in hex.
fn lldp() -> Value {
    json!([
        [1, "04885a92ec5459"],
        [2, "0545746865726e6574312f3138"],
        [3, "0078"],
        [5, "737731"],
        [127, "0080c2030065066c616e313031"],
        [127, "0080c2030066066c616e313032"],
        [0, ""],
    ])
}

#[tokio::test(flavor = "multi_thread")]
async fn interfaces_are_shown_with_their_switches() {
    let lab = lab().await;
    let mut report = lab.machine.report();
    report["inventory"]["interfaces"][0]["lldp"] = lldp();
    introspected(lab.server.client(), &lab, &report).await;

    let rows = lab.openstack.json(&["interface", "list", &lab.uuid]);
    let rows = rows.as_array().unwrap();
    assert_eq!(rows.len(), 2, "{rows:?}");
    let first = rows.iter().find(|row| row["Interface"] == "eth0").unwrap();
    assert_eq!(first["MAC Address"], lab.machine.macs[0]);
    assert_eq!(first["Switch Chassis ID"], "88:5a:92:ec:54:59");
    assert_eq!(first["Switch Port ID"], "Ethernet1/18");
    assert_eq!(first["Switch Port VLAN IDs"], json!([101, 102]));
    let in_vlan = lab
        .openstack
        .json(&["interface", "list", &lab.uuid, "--vlan", "102"]);
    assert_eq!(in_vlan.as_array().unwrap().len(), 1);

    let shown = lab
        .openstack
        .json(&["interface", "show", &lab.uuid, "eth0"]);
    assert_eq!(shown["switch_system_name"], "sw1");
    assert_eq!(shown["mac"], lab.machine.macs[0]);
    assert!(
        lab.openstack
            .refused(&["interface", "show", &lab.uuid, "eth9"])
            .contains("eth9")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_are_imported_listed_shown_deleted_and_purged() {
    let lab = lab().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("rules.json");
    let rules = json!([
        {"description": "first", "uuid": "0b3f0b8d-5f21-4d5e-8f5f-7b1e0e6c6a01",
         "conditions": [{"op": "eq", "field": "cpus", "value": 4}],
         "actions": [{"action": "set-capability", "name": "quad", "value": "true"}]},
        {"description": "second", "conditions": [],
         "actions": [{"action": "fail", "message": "no"}]},
    ]);
    std::fs::write(&file, rules.to_string()).unwrap();
    let imported = lab
        .openstack
        .json(&["rule", "import", file.to_str().unwrap()]);
    assert_eq!(imported[0]["UUID"], rules[0]["uuid"]);
    let listed = lab.openstack.json(&["rule", "list"]);
    assert_eq!(listed, imported);
    let shown = lab
        .openstack
        .json(&["rule", "show", rules[0]["uuid"].as_str().unwrap()]);
    assert_eq!(shown["description"], "first");
    assert_eq!(shown["actions"], rules[0]["actions"]);
    lab.openstack
        .ok(&["rule", "delete", rules[0]["uuid"].as_str().unwrap()]);
    assert_eq!(
        lab.openstack
            .json(&["rule", "list"])
            .as_array()
            .unwrap()
            .len(),
        1
    );
    lab.openstack.ok(&["rule", "purge"]);
    assert_eq!(lab.openstack.json(&["rule", "list"]), json!([]));

    std::fs::write(&file, r#"[{"conditions": [{"op": "no"}], "actions": []}]"#).unwrap();
    assert!(
        !lab.openstack
            .refused(&["rule", "import", file.to_str().unwrap()])
            .is_empty()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_token_is_refused_in_words() {
    let lab = lab().await;
    let stranger = OpenStack::new(&lab.server.client().with_token("not-a-token"));
    let complaint = stranger.refused(&["list"]);
    assert!(
        !complaint.is_empty() && !complaint.contains("Traceback"),
        "{complaint}"
    );
}
