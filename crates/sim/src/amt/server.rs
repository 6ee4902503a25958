//! Connections to an AMT device: the listener, TLS, HTTP, the login, and the faults that show there.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::header::AUTHORIZATION;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio_rustls::TlsAcceptor;

use super::access::Verdict;
use super::answer::Answer;
use super::request::WsRequest;
use super::{AmtFaults, Shared, methods};
use crate::Error;
use crate::bmc::until_closed;

/// Where WS-Management is.
const PATH: &str = "/wsman";
/// Larger bodies are refused, as AMT refuses envelopes.
const LARGEST_BODY: usize = 50_000;
/// How soon a listener that failed is tried again.
const LOOK_AGAIN: Duration = Duration::from_millis(10);
/// Connections that may wait to be accepted.
const BACKLOG: u32 = 1024;

/// A request that is to end without an answer: its connection is closed.
#[derive(Debug, thiserror::Error)]
#[error("hung up")]
struct HungUp;

/// Binds a listener, also to an address a moment ago used.
pub(super) fn bind(address: SocketAddr) -> Result<TcpListener, Error> {
    let bind = || {
        let socket = if address.is_ipv4() {
            TcpSocket::new_v4()
        } else {
            TcpSocket::new_v6()
        }?;
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        socket.listen(BACKLOG)
    };
    bind().map_err(Error::host(format!(
        "listener of an AMT device on {address}"
    )))
}

/// Accepts connections until the device stops.
pub(super) async fn run(shared: Arc<Shared>, listener: TcpListener) {
    let work = async {
        loop {
            let Ok((stream, _)) = listener.accept().await else {
                tokio::time::sleep(LOOK_AGAIN).await;
                continue;
            };
            shared.counters.lock().connections += 1;
            let task = connection(Arc::clone(&shared), stream);
            let stop = shared.stop.clone();
            shared
                .tasks
                .spawn(async move { stop.run_until_cancelled(task).await });
        }
    };
    shared.stop.run_until_cancelled(work).await;
}

async fn connection(shared: Arc<Shared>, stream: TcpStream) {
    if shared.restart.is_away() {
        return;
    }
    // Small answers go out at once.
    let _ = stream.set_nodelay(true);
    let faults = shared.faults.borrow().clone();
    if faults.reset_connections {
        // A connection that is closed like that is reset.
        let _ = stream.set_zero_linger();
    }
    let Some(tls) = shared.options.tls.clone() else {
        return serve(shared, stream).await;
    };
    if faults.mute {
        return until_closed(stream).await;
    }
    match TlsAcceptor::from(tls).accept(stream).await {
        Ok(stream) => serve(shared, stream).await,
        Err(error) => tracing::debug!(%error, "TLS handshake with an AMT device failed"),
    }
}

async fn serve<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(shared: Arc<Shared>, stream: S) {
    let service = service_fn(move |request| {
        let shared = Arc::clone(&shared);
        async move { handle(&shared, request).await }
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .serve_connection(TokioIo::new(stream), service)
        .await;
    if let Err(error) = served {
        tracing::debug!(%error, "connection to an AMT device ended early");
    }
}

async fn handle(
    shared: &Shared,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, HungUp> {
    let faults = shared.faults.borrow().clone();
    if faults.mute {
        std::future::pending::<Infallible>().await;
    }
    tokio::time::sleep(faults.answer_delay).await;
    let forget = || shared.access.lock().forget();
    if faults.reset_connections || shared.restart.swallows(faults.restart, forget) {
        return Err(HungUp);
    }
    let (head, body) = request.into_parts();
    let Ok(body) = Limited::new(body, LARGEST_BODY).collect().await else {
        return Ok(Answer::Page(StatusCode::PAYLOAD_TOO_LARGE).into_response(None, false));
    };
    if head.uri.path() != PATH {
        return Ok(Answer::Page(StatusCode::NOT_FOUND).into_response(None, false));
    }
    if head.method != Method::POST {
        return Ok(Answer::Page(StatusCode::METHOD_NOT_ALLOWED).into_response(None, false));
    }
    let login = head.headers.get(AUTHORIZATION);
    let login = login.map(|value| value.to_str().unwrap_or_default());
    if let Some(challenge) = refuse(shared, &faults, login) {
        return Ok(Answer::Login(challenge).into_response(None, false));
    }
    if let Some(status) = faults.status {
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        return Ok(Answer::Page(status).into_response(None, false));
    }
    let request = WsRequest::parse(&body.to_bytes());
    let answer = match &request {
        Some(request) => methods::answer(shared, &faults, request),
        None => Answer::invalid(),
    };
    if faults.hang_up_after_command && request.as_ref().is_some_and(methods::is_power_command) {
        return Err(HungUp);
    }
    Ok(answer.into_response(request.as_ref(), faults.malformed_xml))
}

/// A challenge for a request whose login does not do; counts the login.
fn refuse(shared: &Shared, faults: &AmtFaults, login: Option<&str>) -> Option<String> {
    let mut access = shared.access.lock();
    let mut counters = shared.counters.lock();
    let verdict = access.judge(login, Method::POST.as_str(), PATH, &shared.options, faults);
    match verdict {
        Verdict::Right { new } => {
            counters.logins += u64::from(new);
            None
        }
        Verdict::Absent => {
            counters.challenges += 1;
            Some(access.challenge(false))
        }
        Verdict::Stale => {
            counters.stale += 1;
            Some(access.challenge(!faults.hides_staleness))
        }
        Verdict::Wrong => {
            counters.refused_logins += 1;
            Some(access.challenge(false))
        }
    }
}
