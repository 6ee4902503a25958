//! Connections: the listener, TLS, HTTP, and the faults that show there.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio_rustls::TlsAcceptor;

use super::answer::Answer;
use super::{Shared, routes};
use crate::Error;

/// Larger bodies are refused; the largest a client sends is a login.
const LARGEST_BODY: usize = 64 * 1024;
/// How soon a listener that failed is tried again.
const LOOK_AGAIN: Duration = Duration::from_millis(10);
/// Connections that may wait to be accepted.
const BACKLOG: u32 = 1024;

/// A request that is to end without an answer: its connection is closed.
#[derive(Debug, thiserror::Error)]
#[error("hung up")]
struct HungUp;

/// The TLS side of a BMC with this certificate chain and key; both come with the caller.
pub fn server_tls(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> Result<Arc<rustls::ServerConfig>, Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    Ok(Arc::new(config))
}

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
    bind().map_err(Error::host(format!("listener of a BMC on {address}")))
}

/// Accepts connections until the BMC stops; while it refuses connections, there is no listener.
pub(super) async fn run(shared: Arc<Shared>, first: TcpListener) {
    let mut faults = shared.faults.subscribe();
    let mut listener = Some(first);
    let work = async {
        loop {
            if faults.borrow_and_update().refuse_connections {
                listener = None;
            } else if listener.is_none() {
                listener = bind(shared.address).ok();
            }
            tokio::select! {
                _ = faults.changed() => {}
                () = next_connection(&shared, listener.as_ref()) => {}
            }
        }
    };
    shared.stop.run_until_cancelled(work).await;
}

async fn next_connection(shared: &Arc<Shared>, listener: Option<&TcpListener>) {
    let Some(listener) = listener else {
        // Its address may be taken for a moment when it wants to listen again.
        return tokio::time::sleep(LOOK_AGAIN).await;
    };
    let Ok((stream, _)) = listener.accept().await else {
        return tokio::time::sleep(LOOK_AGAIN).await;
    };
    let task = connection(Arc::clone(shared), stream);
    let stop = shared.stop.clone();
    shared
        .tasks
        .spawn(async move { stop.run_until_cancelled(task).await });
}

async fn connection(shared: Arc<Shared>, stream: TcpStream) {
    if shared.restart.is_away() {
        return;
    }
    // Small answers go out at once.
    let _ = stream.set_nodelay(true);
    let Some(tls) = shared.options.tls.clone() else {
        return serve(shared, stream).await;
    };
    if shared.faults.borrow().mute {
        return until_closed(stream).await;
    }
    match TlsAcceptor::from(tls).accept(stream).await {
        Ok(stream) => serve(shared, stream).await,
        Err(error) => tracing::debug!(%error, "TLS handshake with a BMC failed"),
    }
}

/// Reads what comes and says nothing, until the other side has enough of it.
pub(crate) async fn until_closed(mut stream: TcpStream) {
    let _ = tokio::io::copy(&mut stream, &mut tokio::io::sink()).await;
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
        tracing::debug!(%error, "connection to a BMC ended early");
    }
}

async fn handle(
    shared: &Arc<Shared>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, HungUp> {
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
