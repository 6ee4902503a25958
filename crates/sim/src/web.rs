//! The web server of a simulated device: its listener, TLS, HTTP, and requests that get no answer.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio_rustls::TlsAcceptor;

use crate::Error;

/// How soon a listener that failed is tried again.
pub(crate) const LOOK_AGAIN: Duration = Duration::from_millis(10);
/// Connections that may wait to be accepted.
const BACKLOG: u32 = 1024;

/// A request that is to end without an answer: its connection is closed.
#[derive(Debug, thiserror::Error)]
#[error("hung up")]
pub(crate) struct HungUp;

/// What becomes of a request.
pub(crate) type Answered = Result<Response<Full<Bytes>>, HungUp>;

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

/// Binds the listener of a device, also to an address a moment ago used.
pub(crate) fn bind(address: SocketAddr) -> Result<TcpListener, Error> {
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

/// Serves a connection to its end, over TLS where there is any. A mute device says nothing there
/// either; over plain HTTP that is the affair of `answer`.
pub(crate) async fn serve<F, A>(
    stream: TcpStream,
    tls: Option<Arc<rustls::ServerConfig>>,
    mute: bool,
    answer: F,
) where
    F: Fn(Request<Incoming>) -> A,
    A: Future<Output = Answered>,
{
    // Small answers go out at once.
    let _ = stream.set_nodelay(true);
    let Some(tls) = tls else {
        return speak(stream, answer).await;
    };
    if mute {
        return until_closed(stream).await;
    }
    match TlsAcceptor::from(tls).accept(stream).await {
        Ok(stream) => speak(stream, answer).await,
        Err(error) => tracing::debug!(%error, "TLS handshake with a BMC failed"),
    }
}

/// Reads what comes and says nothing, until the other side has enough of it.
async fn until_closed(mut stream: TcpStream) {
    let _ = tokio::io::copy(&mut stream, &mut tokio::io::sink()).await;
}

async fn speak<S, F, A>(stream: S, answer: F)
where
    S: AsyncRead + AsyncWrite + Unpin,
    F: Fn(Request<Incoming>) -> A,
    A: Future<Output = Answered>,
{
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .serve_connection(TokioIo::new(stream), service_fn(answer))
        .await;
    if let Err(error) = served {
        tracing::debug!(%error, "connection to a BMC ended early");
    }
}
