//! What is sent, how often, and what becomes of it.

use std::time::Duration;

use assay_domain::cloud::{Cloud, CloudError, CloudResult, InstanceCommand};
use serde_json::{Value, json};

use super::{PASSWORD, Reply, config, lab, lab_at};
use crate::{OpenStack, OpenStackConfig};

fn service(state: &str) -> Value {
    json!({"id": "s1", "host": "a", "binary": "nova-compute", "status": "enabled",
        "state": state, "forced_down": false, "zone": "nova", "disabled_reason": null})
}

fn no_instance() -> Reply {
    let text = "Instance x could not be found.";
    Reply::Json(404, json!({"itemNotFound": {"code": 404, "message": text}}))
}

#[tokio::test]
async fn a_question_is_repeated_with_the_pause_that_is_asked_for() {
    let services = json!({"services": [service("up")]});
    let replies = [
        Reply::Wait(503, 2),
        Reply::HangUp,
        Reply::Json(200, services),
    ];
    let (script, cloud) = lab(replies).await;
    let begun = std::time::Instant::now();
    let hosts = cloud.hosts().hosts().await.unwrap();
    assert!(begun.elapsed() >= Duration::from_secs(2));
    assert!(hosts[0].is_up && hosts[0].is_enabled);
    let script = script.lock();
    assert_eq!((script.logins, script.asked.len()), (1, 3));
    assert_eq!(
        script.asked[0],
        (
            "GET /compute/v2.1/os-services?binary=nova-compute".to_owned(),
            "compute 2.53".to_owned(),
            "token-1".to_owned()
        )
    );
}

#[tokio::test]
async fn a_question_is_given_up_when_the_pause_is_longer_than_patience() {
    let (script, cloud) = lab([Reply::Wait(503, 60)]).await;
    let error = cloud.hosts().hosts().await.unwrap_err();
    assert_eq!(error.retry_after(), Some(60));
    assert_eq!(script.lock().asked.len(), 1);
}

#[tokio::test]
async fn a_command_is_sent_once_and_its_loss_is_told() {
    for (reply, is_lost) in [
        (Reply::HangUp, true),
        (Reply::Json(504, json!({})), true),
        (Reply::Json(500, json!({})), true),
        (Reply::Wait(503, 1), false),
    ] {
        let (script, cloud) = lab([reply]).await;
        let told = cloud.instances().command("x", InstanceCommand::HardReboot);
        let error = told.await.unwrap_err();
        let seen = matches!(error, CloudError::OutcomeUnknown { .. });
        assert_eq!(seen, is_lost, "{error}");
        assert_eq!(error.is_passing(), !is_lost, "{error}");
        let script = script.lock();
        assert_eq!(script.bodies, [json!({"reboot": {"type": "HARD"}})]);
    }
}

#[tokio::test]
async fn a_refused_token_is_renewed_once() {
    let refused = || Reply::Json(401, json!({"error": {"message": "expired"}}));
    let (script, cloud) = lab([refused(), Reply::Json(202, json!({}))]).await;
    let told = cloud.instances().command("x", InstanceCommand::Start);
    told.await.unwrap();
    let tokens: Vec<String> = script
        .lock()
        .asked
        .iter()
        .map(|call| call.2.clone())
        .collect();
    assert_eq!(tokens, ["token-1", "token-2"]);
    let (script, cloud) = lab([refused(), refused()]).await;
    let told = cloud.instances().command("x", InstanceCommand::Start);
    let error = told.await.unwrap_err();
    assert_eq!(error, CloudError::Unauthorized("expired".to_owned()));
    let script = script.lock();
    assert_eq!((script.logins, script.asked.len()), (2, 2));
}

#[tokio::test]
async fn a_refused_user_is_not_tried_again_at_once_and_nothing_secret_is_told() {
    let (script, cloud) = lab([]).await;
    script.lock().refuse_login = true;
    for _ in 0..3 {
        let error = cloud.hosts().hosts().await.unwrap_err();
        assert!(matches!(error, CloudError::Unauthorized(_)), "{error}");
        assert!(!format!("{error:?}").contains(PASSWORD));
    }
    assert_eq!(script.lock().logins, 1);
    assert!(!format!("{:?}", config("http://cloud")).contains(PASSWORD));
}

#[tokio::test]
async fn an_old_cloud_is_told_apart_before_it_is_asked() {
    let (script, cloud) = lab_at("2.55", "/compute/v2.1", []).await;
    let error = cloud
        .moves()
        .cold_migrate("x", Some("b"))
        .await
        .unwrap_err();
    let text = error.to_string();
    assert!(matches!(error, CloudError::Unsupported(_)));
    assert!(
        text.contains("2.1 to 2.55") && text.contains("2.56"),
        "{text}"
    );
    assert!(script.lock().asked.is_empty());
}

#[tokio::test]
async fn catalogs_without_a_version_and_with_a_project_are_understood() {
    for compute in ["/compute", "/compute/v2.1/0a1b2c"] {
        let (script, cloud) = lab_at("2.95", compute, [no_instance()]).await;
        let error = cloud.instances().get("x").await.unwrap_err();
        let expected = CloudError::NotFound {
            what: "Instance",
            key: "x".to_owned(),
        };
        assert_eq!(error, expected);
        let path = script.lock().asked[0].0.clone();
        let project = compute.strip_prefix("/compute/v2.1").unwrap_or_default();
        assert_eq!(path, format!("GET /compute/v2.1{project}/servers/x"));
    }
}

#[tokio::test]
async fn pages_are_followed_to_their_end_and_never_in_a_circle() {
    let page = |id: &str, more: bool| {
        let links = more.then(|| json!([{"rel": "next", "href": "http://elsewhere/"}]));
        Reply::Json(
            200,
            json!({"servers": [{"id": id, "status": "ACTIVE", "OS-EXT-SRV-ATTR:host": "a"}],
                "servers_links": links.unwrap_or_else(|| json!([]))}),
        )
    };
    let (script, cloud) = lab([page("1", true), page("2", false)]).await;
    let found = cloud.instances().list(Some("a")).await.unwrap();
    assert_eq!(found.len(), 2);
    let second = script.lock().asked[1].0.clone();
    assert!(
        second.ends_with("all_tenants=1&host=a&limit=1000&marker=1"),
        "{second}"
    );
    let (_, cloud) = lab([page("1", true), page("1", true)]).await;
    let error = cloud.instances().list(None).await.unwrap_err();
    assert!(matches!(error, CloudError::Malformed { .. }), "{error}");
}

#[tokio::test]
async fn refusals_are_told_apart() {
    let refuse = |status: u16, text: &str| {
        Reply::Json(status, json!({"some": {"code": status, "message": text}}))
    };
    let told = async |reply: Reply| -> CloudResult<()> {
        let (_, cloud) = lab([reply]).await;
        cloud.moves().live_migrate("x", None).await
    };
    let error = told(refuse(400, "No valid host was found.")).await;
    assert!(matches!(error, Err(CloudError::NoValidHost(_))));
    let error = told(refuse(409, "Instance x is locked")).await;
    assert!(matches!(error, Err(CloudError::Conflict(_))));
    let error = told(refuse(403, "Policy doesn't allow it")).await;
    assert!(matches!(error, Err(CloudError::Unauthorized(_))));
    let error = told(refuse(403, "Quota exceeded")).await;
    assert!(matches!(error, Err(CloudError::Refused(_))));
    let error = told(Reply::Json(302, json!({}))).await;
    assert!(matches!(error, Err(CloudError::Malformed { .. })));
}

#[tokio::test]
async fn a_cloud_that_is_away_passes_and_one_without_a_service_does_not() {
    let unused = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", unused.local_addr().unwrap());
    drop(unused);
    let cloud = OpenStack::new(OpenStackConfig {
        patience: Duration::from_millis(300),
        ..config(&url)
    });
    let error = cloud.unwrap().hosts().hosts().await.unwrap_err();
    assert!(error.is_passing(), "{error}");
    let (script, _) = lab([]).await;
    let elsewhere = OpenStackConfig {
        region: Some("two".to_owned()),
        ..config(&format!("http://{}", script.lock().address.unwrap()))
    };
    let cloud = OpenStack::new(elsewhere).unwrap();
    let error = cloud.volumes().unwrap().get("v").await.unwrap_err();
    assert!(matches!(error, CloudError::Unsupported(_)), "{error}");
    assert!(error.to_string().contains("region two"), "{error}");
}
