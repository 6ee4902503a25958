//! The history of a node: all its introspections, each with what came of it.

use std::time::Duration;

use assay_sim::{Behaviour, Machine, ScriptedFault};
use assay_tests::database::Database;
use assay_tests::{Setup, fleet, lab, status};
use serde_json::{Value, json};

const LIMIT: Duration = Duration::from_secs(40);

async fn all_is_kept(database: &Database) {
    let server = Setup::new()
        .database(database)
        .env("ASSAY_INTROSPECTION_TIMEOUT", 4)
        .env("ASSAY_SWEEP_INTERVAL", 1)
        .start()
        .await;
    let client = server.client();
    let fault = Some(ScriptedFault::ReportsError);
    let behaviour = Behaviour {
        fault,
        ..Behaviour::default()
    };
    let member = fleet::enrol(client, lab::hardware(0), behaviour).await;
    for _ in 0..2 {
        assert_eq!(member.start(client).await, 202);
        status::ended(client, &member.node.uuid, LIMIT).await;
    }
    let path = format!("/v1/introspection/{}/data/unprocessed", member.node.uuid);
    let report = assay_sim::simulated_report(
        member.machine.hardware(),
        member.machine.hardware().firmware,
    );
    let _ = client.post(&path, &json!(report)).await.expect(202);
    status::finished(client, &member.node.uuid, LIMIT).await;

    let path = format!("/assay/v1/nodes/{}/introspections", member.node.uuid);
    let history = client.get(&path).await.expect(200).json();
    let entries = history["introspections"].as_array().unwrap();
    assert_eq!(entries.len(), 3, "{history}");
    let states: Vec<&Value> = entries.iter().map(|entry| &entry["state"]).collect();
    assert_eq!(
        states,
        [&json!("finished"), &json!("error"), &json!("error")]
    );
    for entry in entries {
        assert_eq!(entry["finished"], true, "{entry}");
        assert!(
            entry["finished_at"].is_string() && entry["requested_by"].is_string(),
            "{entry}"
        );
        assert_eq!(entry["reports"].as_array().unwrap().len(), 1, "{entry}");
        assert!(entry.as_object().unwrap().contains_key("cause"), "{entry}");
    }
    let phases = |at: usize| -> Vec<&str> {
        let phases = entries[at]["phases"].as_array().unwrap();
        phases
            .iter()
            .map(|one| one["phase"].as_str().unwrap())
            .collect()
    };
    assert_eq!(phases(0), ["hooks", "rules"]);
    assert!(phases(1).contains(&"callback") && !phases(1).contains(&"hooks"));
    let page = client
        .get(&format!("{path}?offset=1&limit=1"))
        .await
        .expect(200)
        .json();
    assert_eq!(page["introspections"], json!([entries[1]]));
    let _ = client.get(&format!("{path}?limit=-1")).await.expect(400);
}

#[tokio::test]
async fn all_introspections_are_kept_on_sqlite() {
    all_is_kept(&Database::sqlite().await).await;
}

#[tokio::test]
async fn all_introspections_are_kept_on_postgres() {
    all_is_kept(&Database::postgres().await).await;
}
