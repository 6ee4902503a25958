//! What an operator asks: which introspections are stuck, why, and what is known of causes.

use std::collections::BTreeSet;
use std::time::Duration;

use assay_sim::{Behaviour, ScriptedFault};
use assay_tests::database::Database;
use assay_tests::{Client, fleet, folder, lab, stuck, wait};
use serde_json::Value;

const LIMIT: Duration = Duration::from_secs(40);

async fn nodes_of(client: &Client, query: &str) -> Vec<String> {
    let path = format!("/assay/v1/stuck{query}");
    let list = client.get(&path).await.expect(200).json();
    let stuck = list["stuck"].as_array().unwrap();
    let uuid = |one: &Value| one["node_uuid"].as_str().unwrap().to_owned();
    stuck.iter().map(uuid).collect()
}

async fn lists_what_is_stuck(database: Option<Database>) {
    let setup = stuck::setup();
    let setup = match &database {
        Some(database) => setup.database(database),
        None => setup,
    };
    let server = setup.start().await;
    let client = server.client();
    let [first, second] = two_are_stuck(client).await;
    are_listed(client, &first, &second).await;

    // What is cancelled is not stuck, and its diagnosis stays.
    let path = format!("/v1/introspection/{first}/abort");
    let _ = client.post_empty(&path).await.expect(202);
    let left = async || nodes_of(client, "").await;
    wait::until_is("one is left", LIMIT, left, |left| *left == [second.clone()]).await;
    let id = stuck::detail(client, &first).await["introspection"]["id"].clone();
    let path = format!("/assay/v1/nodes/{first}/introspections/{id}/diagnosis");
    let shown = client.get(&path).await.expect(200).json();
    assert_eq!(
        shown["diagnosis"]["causes"][0]["cause"], "no_boot_request",
        "{shown}"
    );
    let other = format!("/assay/v1/nodes/{second}/introspections/{id}/diagnosis");
    let _ = client.get(&other).await.expect(404);
}

/// Two machines, of which one never asks for its boot script and the other's collectors hang.
async fn two_are_stuck(client: &Client) -> [String; 2] {
    let mut members = Vec::new();
    let cases = [
        (ScriptedFault::NeverAsks, "boot_script", "no_boot_request"),
        (
            ScriptedFault::StopsAfterAgent,
            "collectors",
            "collector_hangs",
        ),
    ];
    for (number, (fault, phase, cause)) in cases.into_iter().enumerate() {
        let behaviour = Behaviour {
            fault: Some(fault),
            ..Behaviour::default()
        };
        let member = fleet::enrol(client, lab::hardware(number), behaviour).await;
        assert_eq!(member.start(client).await, 202);
        stuck::is_stuck(client, &member.node.uuid, phase, cause).await;
        members.push(member);
    }
    [0, 1].map(|number: usize| members[number].node.uuid.clone())
}

async fn are_listed(client: &Client, first: &str, second: &str) {
    let listed = async || nodes_of(client, "").await;
    let both = [first.to_owned(), second.to_owned()];
    wait::until_is("both are listed", LIMIT, listed, |listed| *listed == both).await;
    let one = async || nodes_of(client, "?cause=collector_hangs").await;
    wait::until_is("the cause is listed", LIMIT, one, |one| *one == [second]).await;
    assert_eq!(nodes_of(client, "?phase=boot_script").await, both[..1]);
    assert_eq!(nodes_of(client, "?offset=1&limit=1").await, both[1..]);
    assert_eq!(nodes_of(client, "?limit=0").await, [""; 0]);
    for wrong in ["?phase=dreaming", "?cause=none", "?limit=-1", "?other=1"] {
        let _ = client
            .get(&format!("/assay/v1/stuck{wrong}"))
            .await
            .expect(400);
    }
    let metrics = async || client.get("/metrics").await.expect(200).text();
    let gauge = "assay_stuck_introspections{phase=\"collectors\",cause=\"collector_hangs\"} 1";
    wait::until_is("it is counted", LIMIT, metrics, |text| text.contains(gauge)).await;
}

#[tokio::test]
async fn stuck_introspections_are_listed_counted_and_forgotten() {
    lists_what_is_stuck(None).await;
}

#[tokio::test]
async fn stuck_introspections_are_listed_on_postgres() {
    lists_what_is_stuck(Some(Database::postgres().await)).await;
}

#[tokio::test]
async fn the_catalogue_names_every_cause_with_its_advice() {
    let server = stuck::setup().start().await;
    let client = server.client();
    let list = client.get("/assay/v1/causes").await.expect(200).json();
    let causes = list["causes"].as_array().unwrap();
    assert!(causes.len() >= 20);
    let page = client
        .get("/assay/v1/causes?offset=1&limit=2")
        .await
        .expect(200)
        .json();
    assert_eq!(page["causes"].as_array().unwrap().as_slice(), &causes[1..3]);
}

/// Every cause in the catalogue is produced for real by a test: its key stands in one of their files.
#[test]
fn every_cause_has_a_test_that_produces_it() {
    let tests = folder::root().join("tests/tests/front_door");
    let sources: String = ["power", "boot", "ramdisk", "report", "workers"]
        .map(|part| std::fs::read_to_string(tests.join(format!("stuck_{part}.rs"))).unwrap())
        .concat();
    let untested: BTreeSet<&str> = assay_domain::Cause::ALL
        .iter()
        .map(|cause| cause.as_str())
        .filter(|key| !sources.contains(&format!("\"{key}\"")))
        .collect();
    assert!(untested.is_empty(), "no test produces {untested:?}");
}
