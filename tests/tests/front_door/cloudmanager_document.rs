//! The commands of CloudManager's document, each run by curl as it is written there, on both databases:
//! what they answer has the fields of the document's samples, with their types.

use std::sync::Arc;

use assay_sim::{IdleMachine, IpmiBmc};
use assay_tests::database::Database;
use assay_tests::document::Document;
use assay_tests::lab::{self, Enrolled};
use assay_tests::{Client, Server, Setup};
use serde_json::{Value, json};

on_both!(the_documents_commands_do_as_it_shows);

/// What needs an operating system, which the nodes here have not.
const ON_HOSTS: [&str; 10] = [
    "nodes.enable_snmp",
    "nodes.disable_snmp",
    "nodes.enable_ssh",
    "nodes.disable_ssh",
    "nodes.set_cpu_mode",
    "nodes.setup_log_redirection",
    "nodes.disable_log_redirection",
    "nodes.update_system",
    "nodes.attach_targets",
    "nodes.repair_locks",
];

/// What the document's samples have: two hypervisors with a BMC each.
struct Lab {
    server: Server,
    machines: Vec<(IpmiBmc, Enrolled)>,
}

impl Lab {
    async fn new(database: &Database) -> Self {
        let server = Setup::new().database(database).authenticated().start();
        let server = server.await;
        let mut machines = Vec::new();
        for number in 0..2 {
            let bmc = lab::ipmi_bmc(Arc::new(IdleMachine::new(lab::hardware(number))));
            let node = lab::enrol_ipmi(server.client(), &bmc).await;
            describe(server.client(), &node).await;
            machines.push((bmc, node));
        }
        Self { server, machines }
    }
}

async fn describe(client: &Client, node: &Enrolled) {
    let fields = json!({"node": {
        "hypervisor_id": format!("2239c611-523c-44d2-9feb-2c6905fbb5c{}", node.id),
        "dtc_number": 1, "ip_addresses": ["10.35.222.11"], "title": "a title",
        "inventory_code": "UU", "description": "",
    }});
    let path = format!("/v1/nodes/{}", node.id);
    let _ = client.put(&path, &fields).await.expect(200);
}

async fn the_documents_commands_do_as_it_shows(database: Database) {
    let lab = Lab::new(&database).await;
    assert_eq!(lab.machines.len(), 2);
    let document = Document::new(lab.server.client());
    let left = tokio::task::spawn_blocking(move || {
        document.holds("info", &[]);
        classes(&document);
        images(&document);
        power_of_outputs(&document);
        power_of_nodes(&document);
        nodes(&document);
        power_controls(&document);
        storages(&document);
        actions(&document);
        volumes(&document);
        assignments(&document);
        ends(&document);
        document.left()
    });
    assert_eq!(left.await.unwrap(), [""; 0], "commands that nobody runs");
}

fn classes(document: &Document) {
    document.holds("node_classes.list", &[]);
    let count = document.holds("node_classes.count", &[]);
    assert_eq!(count["count"], 4);
    let made = document.holds("node_classes.create", &[])["node_class"].clone();
    assert_eq!(made["name"], "test_class");
    let class = ("class_id", &made["id"]);
    let shown = document.holds("node_classes.get", &[class]);
    assert_eq!(shown["node_class"], made);
    let changed = document.holds("node_classes.update", &[class]);
    assert_eq!(changed["node_class"]["name"], "test_class_renamed");
    assert_eq!(changed["node_class"]["node_types"], made["node_types"]);
    let types = document.holds("node_types.list", &[class]);
    assert_eq!(types["node_types"], made["node_types"]);
    let kind = document.holds("node_types.create", &[class])["node_type"].clone();
    assert_eq!(kind["name"], "new_type");
    let both = [class, ("type_id", &kind["id"])];
    let renamed = document.holds("node_types.update", &both);
    assert_eq!(renamed["node_type"]["name"], "type_renamed");
    document.holds("node_types.delete", &both);
    document.holds("node_classes.delete", &[class]);
}

fn images(document: &Document) {
    document.holds("node_images.list", &[]);
    assert_eq!(document.holds("node_images.count", &[])["count"], 1);
    let made = document.holds("node_images.create", &[])["node_image"].clone();
    assert_eq!(
        (&made["id"], &made["file_data"]),
        (&json!(2), &json!("root=test"))
    );
    let shown = document.holds("node_images.get", &[("image_id", &made["id"])]);
    assert_eq!(shown["node_image"], made);
}

fn power_of_outputs(document: &Document) {
    let first = json!(1);
    let control = [("power_control_id", &first)];
    let state = || {
        let list = document.holds("power_controls.list", &[]);
        list["power_controls"][0]["coil_map"]["1"]["power_state"].clone()
    };
    for id in ["power_controls.power_on", "power_controls.power_off"] {
        document.holds(id, &control);
        let wanted = id.strip_prefix("power_controls.").unwrap();
        assert_eq!(state(), wanted);
    }
}

fn power_of_nodes(document: &Document) {
    let state = |node_id: &Value| {
        let shown = document.holds("nodes.get", &[("node_id", node_id)]);
        shown["node"]["power_state"].clone()
    };
    let (one, two) = (json!(1), json!(2));
    let node = [("node_id", &one)];
    document.holds("nodes.power_on", &node);
    assert_eq!(state(&one), "power_on");
    document.holds("nodes.power_off", &node);
    assert_eq!(state(&one), "power_off");
    document.holds("nodes.power_on", &node);
    document.holds("nodes.reset", &node);
    document.holds("nodes.power_on", &[("node_id", &two)]);
    let reset = document.holds("nodes.bulk_reset", &[]);
    assert_eq!(reset, json!({"failed": [], "success": [1, 2]}));

    let list = document.holds("power_actions.list", &node);
    let newest = &list["power_actions"][0];
    assert_eq!(newest["action"], "reset");
    assert_eq!(newest["user_name"], "admin");
    let wanted = [("node_id", &one), ("power_action_id", &newest["id"])];
    let shown = document.holds("power_actions.get", &wanted);
    assert_eq!(shown["power_action"], *newest);

    let tasks = document.holds("tasks.list", &[])["tasks"].clone();
    let task = document.holds("tasks.get", &[("task_id", &tasks[0])]);
    assert_eq!(task["status"], "SUCCESS", "{task}");
}

fn nodes(document: &Document) {
    document.holds("nodes.list", &[]);
    assert_eq!(document.holds("nodes.count", &[])["count"], 2);
    let made = document.holds("nodes.create", &[])["node"].clone();
    for (name, value) in [
        ("name", json!("test-node")),
        ("ip_addresses", json!(["10.35.22.11"])),
        ("image", json!({"id": 1, "name": "default"})),
        (
            "node_class",
            json!({"id": 1, "is_default": true, "name": "hypervisor"}),
        ),
        ("node_type", json!({"id": 1, "name": ""})),
        ("power_state", Value::Null),
    ] {
        assert_eq!(made[name], value, "{name}");
    }
    let changed = document.holds("nodes.update", &[("node_id", &made["id"])]);
    assert_eq!(changed["node"]["title"], "node title");
    assert_eq!(changed["node"]["name"], "test-node");
}

fn power_controls(document: &Document) {
    assert_eq!(document.holds("power_controls.count", &[])["count"], 2);
    let types = document.holds("power_controls.types", &[]);
    let protocols = document.holds("power_controls.protocols", &[]);
    for [kind, protocol] in [
        ["ET7067", "modbus"],
        ["DaenetIP2", "snmp"],
        ["DaenetIP2_ACPI", "snmp"],
        ["SshDevice", "ssh"],
        ["IntelAMT", "intel_amt"],
        ["SupermicroRackDevice", "ipmi"],
    ] {
        let has = |list: &Value, one: Value| list.as_array().unwrap().contains(&one);
        assert!(has(&types["types"], json!([kind, protocol])), "{types}");
        assert!(has(&protocols["protocols"], json!(protocol)), "{protocols}");
    }
    let made = document.holds("power_controls.create", &[])["power_control"].clone();
    assert_eq!(made["title"], "ipmi://SupermicroRackDevice@10.35.17.33:623");
    let control = [("power_control_id", &made["id"])];
    let shown = document.holds("power_controls.get", &control);
    assert_eq!(shown["power_control"], made);
    let changed = document.holds("power_controls.update", &control);
    assert_eq!(changed["power_control"]["title"], "test_power_control");
    document.holds("power_controls.delete", &control);
    let first = json!(1);
    let fed = document.holds("power_controls.nodes", &[("power_control_id", &first)]);
    let node = &fed["nodes"][0];
    assert_eq!(node["cloud_managers"], node["node_controls"]);
    assert_eq!(
        node["node_class"]["node_types"].as_array().unwrap().len(),
        7
    );
}

fn storages(document: &Document) {
    let made = document.holds("availability_storages.create", &[]);
    let made = &made["availability_storage"];
    assert_eq!(made["id"], 1);
    let storage = ("availability_storage_id", &made["id"]);
    document.holds("availability_storages.list", &[]);
    assert_eq!(
        document.holds("availability_storages.count", &[])["count"],
        1
    );
    document.holds("availability_storages.get", &[storage]);
    let changed = document.holds("availability_storages.update", &[storage]);
    assert_eq!(changed["availability_storage"]["name"], "storage2");
    assert_eq!(changed["availability_storage"]["compute_path"], "/tmp/");

    let fed = || -> Vec<i64> {
        let shown = document.run("availability_storages.get", &[storage]).json();
        let nodes = shown["availability_storage"]["nodes"].as_array().unwrap();
        let ids = nodes.iter().map(|node| node["id"].as_i64().unwrap());
        ids.collect()
    };
    let (one, two) = (json!(1), json!(2));
    document.holds("availability_storages.nodes.assign", &[storage]);
    assert_eq!(fed(), [1]);
    document.holds("availability_storages.nodes.reassign", &[storage]);
    assert_eq!(fed(), [2]);
    let second = [storage, ("node_id", &two)];
    document.holds("availability_storages.nodes.delete", &second);
    let first = [storage, ("node_id", &one)];
    document.holds("node_availability_storages.assign", &first);
    document.holds("node_availability_storages.reassign", &first);
    assert_eq!(fed(), [1]);
    document.holds("node_availability_storages.delete", &first);
    assert_eq!(fed(), [0; 0]);
    document.holds("availability_storages.delete", &[storage]);
}

fn actions(document: &Document) {
    let third = json!(3);
    let node = [("node_id", &third)];
    let shown = || document.run("nodes.get", &node).json()["node"].clone();
    document.holds("nodes.assign_image", &node);
    assert_eq!(shown()["image"]["name"], "test_image");
    document.holds("nodes.reserve", &node);
    assert_eq!(shown()["is_reserved"], true);
    document.holds("nodes.enable_nodesafe", &node);
    assert_eq!(shown()["nodesafe"], true);
    document.holds("nodes.disable_nodesafe", &node);
    assert_eq!(shown()["nodesafe"], false);
    document.holds("nodes.disable_dcc", &node);
    document.holds("nodes.enable_dcc", &node);
    // Assay does not know this host, and says what it lacks.
    for id in ON_HOSTS {
        let ran = document.run(id, &node);
        assert_eq!(ran.status, 409, "{id}: {}", ran.text);
        let error = ran.json()["error"].clone();
        assert_eq!(error["code"], 409);
        let message = error["message"].as_str().unwrap();
        assert!(message.contains("host-access"), "{id}: {message}");
    }
    // The storage of the sample is no node here.
    let ran = document.run("nodes.discovery_nas", &node);
    assert_eq!(ran.status, 404, "{}", ran.text);
}

/// There is no storage host here; `host_actions` has one that answers as the document shows.
fn volumes(document: &Document) {
    let id = json!("cfae37a3-6e8f-4bc8-862e-85db07ff429f");
    let volume = [("volume_id", &id)];
    assert_eq!(document.run("volume_backends.list", &[]).json(), json!([]));
    let list = document.run("volumes.list", &[]);
    assert_eq!(list.json(), json!({"volumes": []}));
    for one in ["volumes.get", "volumes.mirror", "volumes.pv_migrate"] {
        let ran = document.run(one, &volume);
        assert_eq!(ran.status, 404, "{one}: {}", ran.text);
    }
}

/// The document assigns the first power control, whose only output feeds the first node until it is
/// taken off it.
fn assignments(document: &Document) {
    let (control, one, third) = (json!(1), json!(1), json!(3));
    let first = [("node_id", &one), ("power_control_id", &control)];
    let list = document.holds("node_power_controls.list", &first);
    assert_eq!(list["power_controls"][0]["power_control_id"], 1);
    let refused = document.run("node_power_controls.create", &[("node_id", &third)]);
    assert_eq!(refused.status, 409, "{}", refused.text);
    document.holds("node_power_controls.delete", &first);
    let other = [("node_id", &third), ("power_control_id", &control)];
    let made = document.holds("node_power_controls.create", &other);
    assert_eq!(made["power_control"]["power_control_port"], "1");
    let shown = document.holds("node_power_controls.get", &other);
    assert_eq!(shown["power_control"]["power_control_id"], 1);
    assert_eq!(shown["power_control"]["is_default"], true);
    let changed = document.holds("node_power_controls.update", &other);
    assert_eq!(changed["power_control"]["is_default"], true);
    document.holds("node_power_controls.delete", &other);
}

fn ends(document: &Document) {
    let (node, image) = (json!(3), json!(2));
    let refused = document.run("node_images.delete", &[("image_id", &image)]);
    assert_eq!(refused.status, 409, "{}", refused.text);
    document.holds("nodes.delete", &[("node_id", &node)]);
    document.holds("node_images.delete", &[("image_id", &image)]);
    assert_eq!(document.holds("nodes.count", &[])["count"], 2);
}
