//! Audits of a simulated cloud's aggregates.

use std::time::Duration;

use assay_sim::{ActionFailure, BadEnd, OpenStackOptions};
use assay_tests::openstack::Cloud;
use assay_tests::{Client, Server, Setup, wait};
use serde_json::{Value, json};

const LIMIT: Duration = Duration::from_secs(60);

struct Lab {
    cloud: Cloud,
    server: Server,
    aggregate: u64,
}

/// Three hosts, of which the first one has all instances.
async fn lab(instances: usize) -> Lab {
    let cloud = Cloud::start(OpenStackOptions {
        hosts: 3,
        instances: 0,
        delay: Duration::from_millis(50),
        ..OpenStackOptions::default()
    });
    let simulator = cloud.simulator();
    let hosts = simulator.hosts();
    for number in 0..instances {
        let name = format!("instance-{number}");
        assert!(
            simulator
                .add_instance(&name, "m1.large", &hosts[0], None)
                .is_some()
        );
    }
    let names: Vec<&str> = hosts.iter().map(String::as_str).collect();
    let aggregate = simulator.add_aggregate("all", &names, &[]);
    let setup = Setup::new();
    let config = format!("{}poll_interval = 0.05\n", cloud.config(&setup));
    let server = setup.config(&config).start().await;
    Lab {
        cloud,
        server,
        aggregate,
    }
}

impl Lab {
    fn client(&self) -> &Client {
        self.server.client()
    }

    fn path(&self, action: &str) -> String {
        format!("/v1/aggregates/{}/actions/{action}", self.aggregate)
    }

    fn spread(&self) -> Vec<usize> {
        let simulator = self.cloud.simulator();
        let hosts = simulator.hosts();
        hosts
            .iter()
            .map(|host| simulator.instances_on(host).len())
            .collect()
    }

    async fn audit(&self, body: &Value) -> i64 {
        let path = self.path("execute-audit");
        let reply = self.client().post(&path, body).await.expect(200).json();
        reply["audit"]["id"].as_i64().unwrap()
    }

    async fn is(&self, audit: i64, status: &str) {
        let body = json!({ "audit_id": audit });
        let shown = async || {
            let path = self.path("get-audit-status");
            let reply = self.client().post(&path, &body).await.expect(200).json();
            (reply["audit"]["status"] == status).then_some(())
        };
        wait::until(status, LIMIT, shown).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_audit_finds_is_applied_once() {
    let lab = lab(6).await;
    let audit = lab.audit(&json!({})).await;
    lab.is(audit, "DONE").await;
    assert_eq!(lab.spread(), [6, 0, 0]);
    let path = format!("/assay/v1/audits/{audit}");
    let found = lab.client().get(&path).await.expect(200).json();
    assert_eq!(found["moves"].as_array().unwrap().len(), 4, "{found}");
    assert!(
        found["moves"][0]["reason"]
            .as_str()
            .unwrap()
            .contains("relieves")
    );
    let body = json!({ "audit_id": audit });
    let _ = lab
        .client()
        .post(&lab.path("apply-audit"), &body)
        .await
        .expect(204);
    lab.is(audit, "APPLIED").await;
    assert_eq!(lab.spread(), [2, 2, 2]);
    let again = lab.client().post(&lab.path("apply-audit"), &body).await;
    let _ = again.expect(409);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_audit_may_apply_itself_and_what_fails_stays() {
    let lab = lab(6).await;
    lab.cloud.simulator().fail(ActionFailure {
        action: "os-migrateLive".to_owned(),
        instance: None,
        end: BadEnd::Error,
        times: Some(2),
    });
    let audit = lab.audit(&json!({"auto_apply": true})).await;
    lab.is(audit, "APPLIED").await;
    assert_eq!(lab.spread().iter().sum::<usize>(), 6);
    let path = format!("/assay/v1/audits/{audit}");
    let found = lab.client().get(&path).await.expect(200).json();
    assert!(
        found["moves"]
            .as_array()
            .unwrap()
            .iter()
            .all(|one| one["state"].is_string())
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_requests_are_told() {
    let lab = lab(0).await;
    let client = lab.client();
    let _ = client
        .post("/v1/aggregates/99/actions/execute-audit", &json!({}))
        .await
        .expect(404);
    for body in [
        json!({}),
        json!({"audit_id": "x"}),
        json!({"audit_id": null}),
    ] {
        let _ = client
            .post(&lab.path("get-audit-status"), &body)
            .await
            .expect(400);
    }
    let unknown = json!({"audit_id": 99});
    for action in ["get-audit-status", "apply-audit"] {
        let _ = client.post(&lab.path(action), &unknown).await.expect(404);
    }
}
