//! Connections to an AMT device: the requests, the login, and the faults that show there.

use std::convert::Infallible;
use std::sync::Arc;

use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::header::AUTHORIZATION;
use hyper::{Method, Request, StatusCode};
use tokio::net::{TcpListener, TcpStream};

use super::access::Verdict;
use super::answer::Answer;
use super::request::WsRequest;
use super::{AmtFaults, Shared, methods};
use crate::web::{self, Answered, HungUp, LOOK_AGAIN};

/// Where WS-Management is.
const PATH: &str = "/wsman";
/// Larger bodies are refused, as AMT refuses envelopes.
const LARGEST_BODY: usize = 50_000;

/// Accepts connections.
pub(super) async fn run(shared: Arc<Shared>, listener: TcpListener) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(LOOK_AGAIN).await;
            continue;
        };
        shared.counters.lock().connections += 1;
        shared.work.spawn(connection(Arc::clone(&shared), stream));
    }
}

async fn connection(shared: Arc<Shared>, stream: TcpStream) {
    if shared.restart.is_away() {
        return;
    }
    let faults = shared.faults.borrow().clone();
    if faults.reset_connections {
        // A connection that is closed like that is reset.
        let _ = stream.set_zero_linger();
    }
    let tls = shared.options.tls.clone();
    let answer = |request| handle(&shared, request);
    web::serve(stream, tls, faults.mute, answer).await;
}

async fn handle(shared: &Shared, request: Request<Incoming>) -> Answered {
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
