//! The client against a cloud that answers what each test needs; a whole one is simulated for the
//! tests over the front door.

mod reading;
mod sending;

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use assay_domain::Secret;
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
    address: Option<SocketAddr>,
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
            {"type": "volumev3", "endpoints": url("/volume")},
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
    let script = Arc::new(Mutex::new(Script {
        replies: replies.into_iter().collect(),
        asked: Vec::new(),
        bodies: Vec::new(),
        logins: 0,
        refuse_login: false,
        nova,
        compute,
        address: None,
    }));
    let address = serve(Arc::clone(&script)).await;
    script.lock().address = Some(address);
    let cloud = OpenStack::new(config(&format!("http://{address}"))).unwrap();
    (script, cloud)
}

fn config(url: &str) -> OpenStackConfig {
    let _ = rustls::crypto::ring::default_provider().install_default();
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
