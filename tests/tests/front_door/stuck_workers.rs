//! Why a task does not come further: no worker, dead workers, and one that is still at it.

use std::time::Duration;

use assay_sim::Behaviour;
use assay_tests::processes::FleetSetup;
use assay_tests::{Client, Machine, fleet, lab, status, stuck, wait};
use serde_json::{Value, json};

const LIMIT: Duration = Duration::from_secs(60);

#[tokio::test]
async fn without_a_worker_the_api_says_so_by_itself() {
    let folder = tempfile::tempdir().unwrap();
    let database = format!("sqlite:{}", folder.path().join("assay.db").display());
    let processes = FleetSetup::new(&database)
        .workers(0)
        .env("ASSAY_PHASE_LIMITS__POWER", 1)
        .start()
        .await;
    let client = processes.client();
    let member = fleet::enrol(client, lab::hardware(0), Behaviour::default()).await;
    assert_eq!(member.start(client).await, 202);
    let uuid = &member.node.uuid;
    let said = stuck::is_stuck(client, uuid, "power", "no_worker").await;
    assert_eq!(said["causes"][0]["confidence"], "certain");
    let list = client.get("/assay/v1/stuck").await.expect(200).json();
    assert_eq!(list["stuck"][0]["node_uuid"], uuid.as_str(), "{list}");
    assert_eq!(list["stuck"][0]["cause"], "no_worker");
}

#[tokio::test]
async fn a_task_that_kills_its_workers_is_given_up_and_told() {
    let setup = stuck::setup()
        .env("ASSAY_LEASE", 1)
        .env("ASSAY_BMC_REQUEST_TIMEOUT", 30);
    let mut server = setup.start().await;
    let client = server.client().clone();
    let member = fleet::enrol(&client, lab::hardware(0), Behaviour::default()).await;
    let slow = Duration::from_secs(20);
    member
        .bmc
        .change_faults(|faults| faults.answer_delay = slow);
    assert_eq!(member.start(&client).await, 202);
    for deaths in 1..=3 {
        // The connections of the process before are gone.
        let client = Client::new(server.base());
        let task = async || {
            let tasks = client.get("/assay/v1/tasks").await.expect(200).json();
            let tasks = tasks["tasks"].as_array().unwrap().clone();
            let start = tasks
                .into_iter()
                .find(|task| task["kind"] == "introspection.start");
            start.unwrap()["attempts"].clone()
        };
        wait::until_is("the task is taken", LIMIT, task, |attempts| {
            *attempts == deaths
        })
        .await;
        server.kill();
        server.start_again();
    }
    member
        .bmc
        .change_faults(|faults| faults.answer_delay = Duration::ZERO);
    let (client, uuid) = (Client::new(server.base()), &member.node.uuid);
    let (_, error) = stuck::has_failed(&client, uuid, "power", "processing_abandoned").await;
    assert!(error.contains("died 3 times"), "{error}");
}

/// A report that keeps rules busy.
fn large(machine: &Machine) -> Value {
    let mut report = machine.report();
    let disk = report["inventory"]["disks"][0].clone();
    let disks = (0..20_000).map(|number| {
        let mut disk = disk.clone();
        disk["serial"] = json!(format!("DISK-{number}"));
        disk
    });
    report["inventory"]["disks"] = disks.collect();
    report
}

#[tokio::test]
async fn a_report_that_takes_long_to_process_is_not_mistaken_for_a_lost_one() {
    let server = stuck::setup().start().await;
    let client = server.client();
    for number in 0..20 {
        let rule = json!({
            "conditions": [{
                "op": "matches", "field": "data://inventory.disks[*].serial",
                "value": format!(".*{number}.*x"), "multiple": "any",
            }],
            "actions": [{"action": "set-capability", "name": "never", "value": "1"}],
        });
        let _ = client.post("/v1/rules", &rule).await.expect(201);
    }
    let machine = Machine::numbered(901);
    let node = machine.enrol(client, "many-disks").await;
    let uuid = node["uuid"].as_str().unwrap();
    let path = format!("/v1/introspection/{uuid}?manage_boot=False");
    let _ = client.post_empty(&path).await.expect(202);
    let boot = machine.boot(client).await;
    let _ = boot.report(&large(&machine)).await.expect(200);
    stuck::is_stuck(client, uuid, "hooks", "processing_slow").await;
    status::finished(client, uuid, LIMIT).await;
    let shown = stuck::detail(client, uuid).await;
    assert_eq!(shown["stuck"], Value::Null, "{shown}");
}
