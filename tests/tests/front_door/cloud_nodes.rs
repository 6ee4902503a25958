//! Nodes beside what a simulated cloud says of their hypervisors.

use assay_sim::{CallFault, HostShape, OpenStackFault, OpenStackOptions};
use assay_tests::openstack::{Cloud, PASSWORD};
use assay_tests::{Client, Server, Setup};
use serde_json::{Value, json};

async fn nodes(client: &Client, query: &str) -> Value {
    let path = format!("/v1/nodes/{query}");
    client.get(&path).await.expect(200).json()["nodes"].clone()
}

/// A cloud of two hosts and three instances, and a server that knows it.
async fn start() -> (Cloud, Server) {
    let cloud = Cloud::start(OpenStackOptions {
        hosts: 2,
        instances: 3,
        shape: HostShape {
            ram_allocation_ratio: 1.5,
            ..HostShape::default()
        },
        ..OpenStackOptions::default()
    });
    let setup = Setup::new();
    let config = cloud.config(&setup);
    let server = setup.config(&config).start().await;
    (cloud, server)
}

fn ratios(node: &Value) -> (&Value, &Value) {
    (&node["cpu_allocation_ratio"], &node["ram_allocation_ratio"])
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_of_class_hypervisor_show_what_the_cloud_says_of_them() {
    let (cloud, server) = start().await;
    let client = server.client();
    let mut keys = Vec::new();
    for node in [
        json!({"name": "compute-001"}),
        json!({"name": "elsewhere"}),
        json!({"name": "compute-002", "node_class_id": 2}),
    ] {
        let made = client.post("/v1/nodes/", &json!({ "node": node })).await;
        keys.push(made.expect(200).json()["node"]["id"].clone());
    }
    let listed = nodes(client, "?with_os_object=true").await;
    let shown = &listed[0]["os_hypervisor"];
    assert_eq!(shown["hypervisor_hostname"], "compute-001");
    assert_eq!(shown["service"]["host"], "compute-001");
    assert_eq!(shown["running_vms"], 2);
    assert_eq!(shown["vcpus"], 32);
    assert_eq!(shown["cpu_info"]["arch"], "x86_64");
    assert_eq!(
        (&shown["state"], &shown["status"]),
        (&json!("up"), &json!("enabled"))
    );
    assert_eq!(ratios(&listed[0]), (&json!(4.0), &json!(1.5)));
    for other in [&listed[1], &listed[2]] {
        assert!(other.get("os_hypervisor").is_none(), "{other}");
        assert_eq!(ratios(other), (&Value::Null, &Value::Null));
    }
    // By what the node's record says, whatever its name.
    let path = format!("/v1/nodes/{}", keys[1]);
    let id = json!({"node": {"hypervisor_id": shown["id"]}});
    let _ = client.put(&path, &id).await.expect(200);
    let path = format!("{path}?with_os_object=true");
    let one = client.get(&path).await.expect(200).json();
    assert_eq!(one["node"]["os_hypervisor"]["id"], shown["id"]);
    let plain = nodes(client, "").await;
    assert!(plain[0].get("os_hypervisor").is_none());
    // A cloud that is away keeps no node from being shown.
    cloud.simulator().add_fault(OpenStackFault {
        operation: "*".to_owned(),
        fault: CallFault::HangUp,
        times: None,
    });
    let listed = nodes(client, "?with_os_object=true").await;
    assert_eq!(listed.as_array().unwrap().len(), 3);
    assert!(listed[0].get("os_hypervisor").is_none());
    assert!(!server.log().contains(PASSWORD));
}
