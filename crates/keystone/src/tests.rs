//! The client against a server that answers what each test needs; the real one is asked in the
//! tests over the front door.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use assay_domain::{Error as DomainError, Secret, TokenScope, TokenValidator};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Method, Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::{Keystone, KeystoneConfig};

/// What the server has been asked, and what it says.
#[derive(Default)]
struct Script {
    logins: u32,
    lookups: Vec<(String, String)>,
    refuse_login: bool,
    /// Service tokens up to this one are refused.
    revoked_up_to: u32,
    status: u16,
    body: Value,
}

type Shared = Arc<Mutex<Script>>;

fn described(token: &str) -> Value {
    let domain = json!({"id": "default", "name": "Default"});
    json!({"token": {
        "user": {"id": "u1", "name": token, "domain": domain},
        "roles": [{"id": "r1", "name": "member"}],
        "project": {"id": "p1", "name": "metal", "domain": domain},
        "issued_at": "2026-01-01T00:00:00.000000Z", "expires_at": "2026-01-01T01:00:00.000000Z",
    }})
}

fn answer(script: &Shared, request: &Request<Incoming>) -> (u16, Option<String>, Value) {
    let mut script = script.lock();
    let header = |name: &str| {
        let value = request.headers().get(name);
        value.map_or("", |value| value.to_str().unwrap()).to_owned()
    };
    assert_eq!(request.uri().path(), "/v3/auth/tokens");
    if request.method() == Method::POST {
        script.logins += 1;
        if script.refuse_login {
            return (401, None, json!({"error": {"message": "no"}}));
        }
        return (
            201,
            Some(format!("service-{}", script.logins)),
            described("service"),
        );
    }
    let service = header("X-Auth-Token");
    script
        .lookups
        .push((service.clone(), header("X-Subject-Token")));
    if service.ends_with(&format!("-{}", script.revoked_up_to)) {
        return (401, None, json!({}));
    }
    (script.status, None, script.body.clone())
}

async fn serve(script: Shared) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let script = Arc::clone(&script);
            tokio::spawn(async move {
                let service = service_fn(move |request: Request<Incoming>| {
                    let (status, token, body) = answer(&script, &request);
                    let mut response = Response::builder().status(status);
                    if let Some(token) = token {
                        response = response.header("X-Subject-Token", token);
                    }
                    let body = Full::new(Bytes::from(body.to_string()));
                    async move { Ok::<_, Infallible>(response.body(body).unwrap()) }
                });
                let _ = Builder::new(TokioExecutor::new())
                    .serve_connection(TokioIo::new(stream), service)
                    .await;
            });
        }
    });
    address
}

fn config(url: &str) -> KeystoneConfig {
    KeystoneConfig {
        url: url.to_owned(),
        username: "assay".to_owned(),
        password: Secret::new("pw"),
        user_domain: "Default".to_owned(),
        project: "service".to_owned(),
        project_domain: "Default".to_owned(),
        authorities: None,
        timeout: Duration::from_secs(5),
    }
}

fn client(url: &str) -> Keystone {
    let _ = rustls::crypto::ring::default_provider().install_default();
    Keystone::new(config(url)).unwrap()
}

async fn lab(status: u16, body: Value) -> (Shared, Keystone) {
    let script = Arc::new(Mutex::new(Script {
        status,
        body,
        revoked_up_to: 0,
        ..Script::default()
    }));
    let address = serve(Arc::clone(&script)).await;
    (script, client(&format!("http://{address}/")))
}

#[track_caller]
fn assert_unavailable(outcome: &Result<impl Sized, DomainError>) {
    let Err(DomainError::Unavailable { retry_after, .. }) = outcome else {
        panic!("it was answered");
    };
    assert!((1..=31).contains(retry_after), "{retry_after}");
}

#[tokio::test]
async fn a_holder_is_read_and_the_service_token_is_kept() {
    let (script, keystone) = lab(200, described("ann")).await;
    for token in ["one", "two"] {
        let holder = keystone.holder(&Secret::new(token)).await.unwrap().unwrap();
        assert_eq!(holder.user, "ann");
        assert_eq!(holder.roles, ["member"]);
        assert!(matches!(holder.scope, TokenScope::Project { name, .. } if name == "metal"));
    }
    let script = script.lock();
    assert_eq!(script.logins, 1);
    let asked = [("service-1", "one"), ("service-1", "two")]
        .map(|(own, subject)| (own.to_owned(), subject.to_owned()));
    assert_eq!(script.lookups, asked);
}

#[tokio::test]
async fn a_refused_service_token_is_renewed_once() {
    let (script, keystone) = lab(200, described("ann")).await;
    script.lock().revoked_up_to = 1;
    assert!(keystone.holder(&Secret::new("x")).await.unwrap().is_some());
    assert_eq!(script.lock().logins, 2);
    script.lock().revoked_up_to = 2;
    assert!(keystone.holder(&Secret::new("x")).await.unwrap().is_some());
    assert_eq!(script.lock().logins, 3);
}

#[tokio::test]
async fn unknown_and_impossible_tokens_are_nobodys() {
    let (script, keystone) = lab(404, json!({})).await;
    assert!(keystone.holder(&Secret::new("x")).await.unwrap().is_none());
    let asked = script.lock().lookups.len();
    let long = "x".repeat(9000);
    for token in ["", "a\nb", &long] {
        let holder = keystone.holder(&Secret::new(token)).await.unwrap();
        assert!(holder.is_none());
    }
    assert_eq!(
        script.lock().lookups.len(),
        asked,
        "it was asked about nonsense"
    );
}

#[tokio::test]
async fn what_is_no_answer_never_lets_anybody_in() {
    for (status, body) in [
        (500, json!({})),
        (403, json!({"error": {"message": "you may not"}})),
        (302, described("ann")),
        (200, json!({"token": {}})),
        (200, json!("no")),
    ] {
        let (_, keystone) = lab(status, body).await;
        assert_unavailable(&keystone.holder(&Secret::new("x")).await);
    }
}

#[tokio::test]
async fn a_refused_service_user_is_not_tried_again_at_once() {
    let (script, keystone) = lab(200, described("ann")).await;
    script.lock().refuse_login = true;
    for _ in 0..5 {
        assert_unavailable(&keystone.holder(&Secret::new("x")).await);
    }
    assert_eq!(script.lock().logins, 1);
}

#[tokio::test]
async fn a_service_that_is_away_is_unavailable() {
    let unused = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/v3", unused.local_addr().unwrap());
    drop(unused);
    assert_unavailable(&client(&url).holder(&Secret::new("x")).await);
}

#[test]
fn other_urls_are_refused() {
    for url in [
        "",
        "keystone:5000",
        "ftp://keystone/v3",
        "http://a:b@keystone/v3",
    ] {
        assert!(Keystone::new(config(url)).is_err(), "{url}");
    }
}

#[test]
fn scopes_are_told_apart() {
    let scope = |extra: Value| {
        let mut token = described("ann");
        let map = token["token"].as_object_mut().unwrap();
        map.remove("project");
        map.extend(extra.as_object().unwrap().clone());
        serde_json::from_value::<crate::wire::TokenAnswer>(token)
            .unwrap()
            .token
            .into_holder()
            .scope
    };
    assert_eq!(scope(json!({})), TokenScope::Unscoped);
    assert_eq!(scope(json!({"system": {"all": true}})), TokenScope::System);
    assert_eq!(scope(json!({"system": {}})), TokenScope::Other);
    let domain = json!({"domain": {"id": "default", "name": "Default"}});
    assert_eq!(scope(domain), TokenScope::Other);
}
