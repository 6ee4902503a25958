//! The client against a cloud that answers what each test needs; a whole one is simulated for the
//! tests over the front door.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use assay_domain::Secret;
use assay_domain::cloud::{Cloud, CloudError, CloudResult, InstanceCommand};
use assay_keystone::KeystoneConfig;
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::{Interface, OpenStack, OpenStackConfig};

const PASSWORD: &str = "sesame-open";

/// What the cloud answers one after another, beside logins and the version document.
enum Reply {
    Json(u16, Value),
    Wait(u16, u64),
    HangUp,
}

struct Script {
    replies: VecDeque<Reply>,
    /// Method, path with query, microversion and token of each request beside these.
    asked: Vec<(String, String, String)>,
    bodies: Vec<Value>,
    logins: u32,
    refuse_login: bool,
    nova: &'static str,
    compute: &'static str,
}

type Shared = Arc<Mutex<Script>>;

fn login(script: &mut Script, address: SocketAddr) -> Response<Full<Bytes>> {
    script.logins += 1;
    if script.refuse_login {
        return json_response(401, &json!({"error": {"message": "no"}}));
    }
    let url = |path: &str| {
        json!([
            {"interface": "internal", "region": "one", "url": "http://192.0.2.1/"},
            {"interface": "public", "region": "one", "url": format!("http://{address}{path}")},
        ])
    };
    let body = json!({"token": {
        "issued_at": "2026-01-01T00:00:00.000000Z", "expires_at": "2026-01-01T01:00:00.000000Z",
        "catalog": [
            {"type": "compute", "endpoints": url(script.compute)},
            {"type": "placement", "endpoints": url("/placement")},
        ],
    }});
    let mut response = json_response(201, &body);
    let token = format!("token-{}", script.logins).parse().unwrap();
    response.headers_mut().insert("X-Subject-Token", token);
    response
}

fn json_response(status: u16, body: &Value) -> Response<Full<Bytes>> {
    let body = Full::new(Bytes::from(body.to_string()));
    Response::builder().status(status).body(body).unwrap()
}

/// Answers a request; none hangs up.
async fn answer(
    script: &Shared,
    address: SocketAddr,
    request: Request<Incoming>,
) -> Option<Response<Full<Bytes>>> {
    let path = request.uri().path_and_query().unwrap().to_string();
    let header = |name: &str| {
        let value = request.headers().get(name);
        value.map_or("", |value| value.to_str().unwrap()).to_owned()
    };
    let (version, token) = (header("OpenStack-API-Version"), header("X-Auth-Token"));
    let method = request.method().to_string();
    let body = request.into_body().collect().await.unwrap().to_bytes();
    let mut script = script.lock();
    if path == "/v3/auth/tokens" {
        assert!(String::from_utf8_lossy(&body).contains(PASSWORD));
        return Some(login(&mut script, address));
    }
    if path == "/compute/v2.1/" {
        let version = json!({"version": {"min_version": "2.1", "version": script.nova}});
        return Some(json_response(200, &version));
    }
    let asked = (format!("{method} {path}"), version, token);
    script.asked.push(asked);
    script
        .bodies
        .push(serde_json::from_slice(&body).unwrap_or_default());
    match script.replies.pop_front().expect("an unexpected request") {
        Reply::Json(status, body) => Some(json_response(status, &body)),
        Reply::Wait(status, seconds) => {
            let mut response = json_response(status, &json!({}));
            let value = seconds.to_string().parse().unwrap();
            response.headers_mut().insert("Retry-After", value);
            Some(response)
        }
        Reply::HangUp => None,
    }
}

async fn serve(script: Shared) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let script = Arc::clone(&script);
            tokio::spawn(async move {
                let service = service_fn(move |request| {
                    let script = Arc::clone(&script);
                    async move {
                        let answer = answer(&script, address, request).await;
                        answer.ok_or("hung up")
                    }
                });
                let _ = Builder::new(TokioExecutor::new())
                    .serve_connection(TokioIo::new(stream), service)
                    .await;
            });
        }
    });
    address
}

async fn lab(replies: impl IntoIterator<Item = Reply>) -> (Shared, OpenStack) {
    lab_at("2.95", "/compute/v2.1", replies).await
}

async fn lab_at(
    nova: &'static str,
    compute: &'static str,
    replies: impl IntoIterator<Item = Reply>,
) -> (Shared, OpenStack) {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let script = Arc::new(Mutex::new(Script {
        replies: replies.into_iter().collect(),
        asked: Vec::new(),
        bodies: Vec::new(),
        logins: 0,
        refuse_login: false,
        nova,
        compute,
    }));
    let address = serve(Arc::clone(&script)).await;
    let cloud = OpenStack::new(config(&format!("http://{address}"))).unwrap();
    (script, cloud)
}

fn config(url: &str) -> OpenStackConfig {
    OpenStackConfig {
        keystone: KeystoneConfig {
            url: url.to_owned(),
            username: "assay".to_owned(),
            password: Secret::new(PASSWORD),
            user_domain: "Default".to_owned(),
            project: "admin".to_owned(),
            project_domain: "Default".to_owned(),
            authorities: None,
            timeout: Duration::from_secs(5),
        },
        region: Some("one".to_owned()),
        interface: Interface::Public,
        patience: Duration::from_secs(4),
    }
}

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
    assert_eq!((script.lock().logins, script.lock().asked.len()), (2, 2));
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
    let (_, cloud) = lab([]).await;
    let error = cloud.volumes().unwrap().get("v").await.unwrap_err();
    assert!(matches!(error, CloudError::Unsupported(_)), "{error}");
}
