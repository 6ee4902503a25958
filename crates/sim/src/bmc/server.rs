//! Connections: the listener, the requests, and the faults that show there.

use std::convert::Infallible;
use std::sync::Arc;

use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::{Method, Request, StatusCode};
use tokio::net::{TcpListener, TcpStream};

use super::answer::Answer;
use super::{Shared, routes};
use crate::web::{self, Answered, HungUp, LOOK_AGAIN};

/// Larger bodies are refused; the largest a client sends is a login.
const LARGEST_BODY: usize = 64 * 1024;

/// Accepts connections; while the BMC refuses connections, there is no listener.
pub(super) async fn run(shared: Arc<Shared>, first: TcpListener) {
    let mut faults = shared.faults.subscribe();
    let mut listener = Some(first);
    loop {
        if faults.borrow_and_update().refuse_connections {
            listener = None;
        } else if listener.is_none() {
            listener = web::bind(shared.address).ok();
        }
        tokio::select! {
            _ = faults.changed() => {}
            () = next_connection(&shared, listener.as_ref()) => {}
        }
    }
}

async fn next_connection(shared: &Arc<Shared>, listener: Option<&TcpListener>) {
    let Some(listener) = listener else {
        // Its address may be taken for a moment when it wants to listen again.
        return tokio::time::sleep(LOOK_AGAIN).await;
    };
    let Ok((stream, _)) = listener.accept().await else {
        return tokio::time::sleep(LOOK_AGAIN).await;
    };
    shared.work.spawn(connection(Arc::clone(shared), stream));
}

async fn connection(shared: Arc<Shared>, stream: TcpStream) {
    if shared.restart.is_away() {
        return;
    }
    let tls = shared.options.tls.clone();
    let mute = shared.faults.borrow().mute;
    web::serve(stream, tls, mute, |request| handle(&shared, request)).await;
}

async fn handle(shared: &Arc<Shared>, request: Request<Incoming>) -> Answered {
    let (request, body) = request.into_parts();
    let path = routes::normal(request.uri.path()).to_owned();
    *shared
        .counters
        .lock()
        .requests
        .entry(format!("{} {path}", request.method))
        .or_default() += 1;
    let faults = shared.faults.borrow().clone();
    if faults.mute {
        std::future::pending::<Infallible>().await;
    }
    let restarts = shared.restart.count();
    tokio::time::sleep(faults.answer_delay).await;
    let forget = || shared.access.lock().forget();
    let is_cut_off = shared.restart.count() != restarts;
    if faults.hang_up || is_cut_off || shared.restart.swallows(faults.restart, forget) {
        return Err(HungUp);
    }
    let scopes = routes::scopes(&request.method, &path);
    let mut failure = None;
    shared.faults.send_if_modified(|faults| {
        failure = faults.take_failure(&scopes);
        failure.is_some()
    });
    let answer = match (failure, Limited::new(body, LARGEST_BODY).collect().await) {
        (Some(status), _) => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            Answer::error(status, "GeneralError", "A simulated fault.")
        }
        (None, Ok(body)) => routes::answer(shared, &request, &body.to_bytes()),
        (None, Err(_)) => Answer::error(
            StatusCode::PAYLOAD_TOO_LARGE,
            "GeneralError",
            "The body is too large.",
        ),
    };
    let mut response = answer
        .without(&faults.missing_properties)
        .into_response(faults.malformed_json);
    if request.method == Method::HEAD {
        *response.body_mut() = Full::default();
    }
    Ok(response)
}
