//! The simulated OpenStack cloud, driven by the unmodified command line client, which Assay did not write.

use std::time::Duration;

use assay_sim::{ActionFailure, BadEnd, HostCondition, OpenStackOptions};
use assay_tests::openstack::Cloud;
use assay_tests::program::{Launch, Program};
use assay_tests::programs::OpenStack;
use serde_json::{Value, json};

/// What `--os-compute-api-version` is in most of them; 2.95 leaves evacuated servers stopped.
const NOVA: [&str; 2] = ["--os-compute-api-version", "2.94"];

fn cloud(hosts: usize, instances: usize) -> Cloud {
    Cloud::start(OpenStackOptions {
        hosts,
        instances,
        service_down_after: Duration::ZERO,
        ..OpenStackOptions::default()
    })
}

/// What the client prints as JSON, in the microversion of [`NOVA`].
fn tell(client: &OpenStack, words: &str) -> Value {
    let words: Vec<&str> = words.split(' ').collect();
    client.tell(&[&NOVA[..], &words].concat())
}

/// A command that prints nothing, or nothing as JSON.
fn run(client: &OpenStack, words: &str) {
    let words: Vec<&str> = words.split(' ').collect();
    let output = client.run(&[&NOVA[..], &words].concat());
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{words:?}: {said}");
}

/// The values of a column.
fn column<'a>(rows: &'a Value, name: &str) -> Vec<&'a str> {
    let rows = rows.as_array().unwrap().iter();
    rows.map(|row| row[name].as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_are_created_moved_and_deleted() {
    let cloud = cloud(3, 2);
    let client = cloud.client();
    assert!(tell(&client, "token issue")["id"].is_string());
    let rows = tell(&client, "server list --all-projects --long");
    assert_eq!(column(&rows, "Status"), ["ACTIVE", "ACTIVE"]);
    assert_eq!(column(&rows, "Host"), ["compute-002", "compute-001"]);
    assert_eq!(column(&rows, "Flavor"), ["m1.tiny", "m1.tiny"]);

    let group = tell(&client, "server group create --policy anti-affinity apart");
    let hint = format!("--hint group={}", group["id"].as_str().unwrap());
    let create = format!(
        "server create --image cirros --flavor m1.small --nic none --wait --availability-zone nova:compute-003 {hint} new"
    );
    let made = tell(&client, &create);
    assert_eq!(made["status"], "ACTIVE");
    assert_eq!(made["OS-EXT-SRV-ATTR:host"], "compute-003");
    let shown = tell(&client, "server group show apart");
    assert!(
        shown.to_string().contains(made["id"].as_str().unwrap()),
        "{shown}"
    );

    run(
        &client,
        "server migrate --live-migration --host compute-001 --wait new",
    );
    let (id, simulator) = (made["id"].as_str().unwrap(), cloud.simulator());
    let is_on = |host: &str| simulator.instances_on(host).iter().any(|it| it == id);
    assert!(is_on("compute-001"));
    run(&client, "server migrate --host compute-002 --wait new");
    run(&client, "server migration confirm new");
    assert!(is_on("compute-002"));
    let moves = tell(&client, "server migration list");
    assert_eq!(column(&moves, "Status"), ["confirmed", "completed"]);
    run(&client, "server stop new");
    assert_eq!(simulator.counters().accepted_of(id, "os-stop"), 1);
    let refused = client.deny(&["server", "migrate", "--live-migration", "new"]);
    assert!(refused.contains("vm_state stopped"), "{refused}");
    run(&client, "server delete --wait new");
    assert_eq!(simulator.instances().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_is_emptied_and_a_dead_one_evacuated() {
    let cloud = cloud(2, 1);
    let client = cloud.client();
    run(
        &client,
        "compute service set --disable --disable-reason moving compute-001 nova-compute",
    );
    let services = tell(
        &client,
        "compute service list --service nova-compute --long",
    );
    assert_eq!(column(&services, "Status"), ["disabled", "enabled"]);
    assert_eq!(services[0]["Disabled Reason"], "moving");
    let evacuate = [&NOVA[..], &["server", "evacuate", "vm-00001"]].concat();
    let refused = client.deny(&evacuate);
    assert!(refused.contains("still in use"), "{refused}");
    cloud
        .simulator()
        .set_condition("compute-001", HostCondition::PoweredOff);
    let hypervisors = tell(&client, "hypervisor list");
    assert_eq!(column(&hypervisors, "State"), ["down", "up"]);
    let id = cloud.simulator().instances().remove(0);
    cloud.simulator().fail(ActionFailure {
        action: "evacuate".to_owned(),
        instance: Some(id.clone()),
        end: BadEnd::NoValidHost,
        times: Some(1),
    });
    run(&client, "server evacuate vm-00001");
    let shown = tell(&client, "server show vm-00001");
    assert_eq!(shown["status"], "ERROR");
    assert!(
        shown["fault"].to_string().contains("No valid host"),
        "{shown}"
    );
    run(&client, "server evacuate vm-00001");
    assert_eq!(
        cloud.simulator().instances_on("compute-002"),
        std::slice::from_ref(&id)
    );
    let counters = cloud.simulator().counters();
    assert!(counters.running_twice.is_empty());
    assert_eq!(counters.accepted_of(&id, "evacuate"), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn aggregates_and_volumes_are_kept() {
    let cloud = cloud(2, 1);
    let client = cloud.client();
    run(&client, "aggregate create --zone west rack");
    run(&client, "aggregate add host rack compute-002");
    run(&client, "aggregate set --property ssd=true rack");
    let shown = tell(&client, "aggregate show rack");
    assert_eq!(shown["hosts"], json!(["compute-002"]));
    assert_eq!(shown["properties"]["ssd"], "true", "{shown}");
    let zones = tell(&client, "availability zone list --compute --long");
    assert!(column(&zones, "Zone Name").contains(&"west"), "{zones}");
    run(&client, "aggregate remove host rack compute-002");
    run(&client, "aggregate delete rack");

    let made = tell(&client, "volume create --size 2 --image cirros first");
    let copy = format!(
        "volume create --source {} second",
        made["id"].as_str().unwrap()
    );
    assert_eq!(tell(&client, &copy)["size"], 2);
    let boot = "server create --flavor m1.tiny --volume second --nic none --wait booted";
    assert_eq!(tell(&client, boot)["status"], "ACTIVE");
    let volumes = tell(&client, "volume list");
    assert_eq!(column(&volumes, "Status"), ["in-use", "available"]);
    assert_eq!(
        tell(&client, "volume service list")
            .as_array()
            .unwrap()
            .len(),
        2
    );
    let wrong = client.deny(&["volume", "delete", "second"]);
    assert!(wrong.contains("attached"), "{wrong}");
}

#[test]
fn one_is_started_by_hand() {
    let folder = tempfile::tempdir().unwrap();
    let words =
        "simulate --openstack --openstack-port 0 --openstack-hosts 3 --openstack-instances 4";
    let mut program = Program::new(Launch {
        program: "assay",
        arguments: words.split(' ').map(Into::into).collect(),
        environment: Vec::new(),
        log: folder.path().join("log"),
        place: None,
    });
    let lines = program.spawn();
    let line = lines.recv_timeout(Duration::from_secs(60));
    let line = line.unwrap_or_else(|error| panic!("{error}: {}", program.log_tail(20)));
    let entry: Value = serde_json::from_str(&line).unwrap();
    let text = |name: &str| entry[name].as_str().unwrap();
    let scope = [
        "--os-project-name",
        text("project"),
        "--os-project-domain-id",
        "default",
    ];
    let client =
        OpenStack::with_password(text("auth_url"), text("login"), text("password"), &scope);
    assert_eq!(tell(&client, "server list").as_array().unwrap().len(), 4);
    assert!(program.log_tail(5).contains("is a simulator of OpenStack"));
}
