//! A boot server for tests: script, kernel, initramfs, phases and the callback, as Assay serves them.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use assay_inventory::Report;
use assay_ramdisk::{Builder, Kernel, find_kernel};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio_util::sync::{CancellationToken, DropGuard};

/// A client for plain HTTP on loopback.
pub(crate) fn client() -> reqwest::Client {
    // Only the first test of a program installs it.
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder().no_proxy().build().unwrap()
}

/// Says something to whoever runs the tests with their output shown.
#[allow(clippy::print_stderr, reason = "figures for the developer")]
pub(crate) fn log(text: &str) {
    eprintln!("{text}");
}

/// This host's newest kernel.
pub(crate) fn kernel() -> Kernel {
    find_kernel().expect("no kernel with modules in /boot: install linux-image-amd64")
}

/// An initramfs with the static agent.
pub(crate) fn initramfs() -> Vec<u8> {
    Builder::new(agent(), kernel().modules_dir)
        .build()
        .unwrap()
        .bytes
}

/// The static agent; `ASSAY_AGENT` names another one.
pub(crate) fn agent() -> PathBuf {
    if let Some(path) = std::env::var_os("ASSAY_AGENT") {
        return path.into();
    }
    let target = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../target/x86_64-unknown-linux-gnu/agent/assay-agent");
    assert!(
        target.is_file(),
        "the static agent is not built: {}",
        target.display()
    );
    target
}

/// What the server was asked for, in order.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) requests: Vec<String>,
    pub(crate) reports: Vec<Report>,
}

pub(crate) struct BootServer {
    address: SocketAddr,
    seen: Arc<Mutex<Seen>>,
    reported: Arc<Notify>,
    _stop: DropGuard,
}

struct Files {
    address: SocketAddr,
    kernel: Bytes,
    initramfs: Bytes,
}

impl BootServer {
    pub(crate) async fn start(initramfs: Vec<u8>) -> Self {
        let kernel = std::fs::read(kernel().image).unwrap();
        Self::serving(kernel, initramfs).await
    }

    /// With these files, for machines that do not run them.
    pub(crate) async fn serving(kernel: Vec<u8>, initramfs: Vec<u8>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let files = Arc::new(Files {
            address,
            kernel: kernel.into(),
            initramfs: initramfs.into(),
        });
        let (seen, reported) = (Arc::<Mutex<Seen>>::default(), Arc::<Notify>::default());
        let stop = CancellationToken::new();
        let (shared, token) = (
            (Arc::clone(&seen), Arc::clone(&reported), files),
            stop.clone(),
        );
        tokio::spawn(
            token.run_until_cancelled_owned(async move {
                loop {
                    let (stream, _) = listener.accept().await.unwrap();
                    let shared = shared.clone();
                    let service = service_fn(move |request| {
                        let (seen, reported, files) = shared.clone();
                        async move {
                            Ok::<_, Infallible>(serve(&files, &seen, &reported, request).await)
                        }
                    });
                    tokio::spawn(
                        http1::Builder::new().serve_connection(TokioIo::new(stream), service),
                    );
                }
            }),
        );
        Self {
            address,
            seen,
            reported,
            _stop: stop.drop_guard(),
        }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn requests(&self) -> Vec<String> {
        self.seen.lock().requests.clone()
    }

    pub(crate) fn reports(&self) -> Vec<Report> {
        self.seen.lock().reports.clone()
    }

    /// Waits for the first report.
    pub(crate) async fn report(&self) -> Report {
        loop {
            let waiting = self.reported.notified();
            if let Some(report) = self.seen.lock().reports.first() {
                return report.clone();
            }
            waiting.await;
        }
    }
}

async fn serve(
    files: &Files,
    seen: &Mutex<Seen>,
    reported: &Notify,
    request: Request<Incoming>,
) -> Response<Full<Bytes>> {
    let (parts, body) = request.into_parts();
    let body = body
        .collect()
        .await
        .map(http_body_util::Collected::to_bytes)
        .unwrap_or_default();
    seen.lock()
        .requests
        .push(format!("{} {}", parts.method, parts.uri));
    // A guest calls this host by another name than the test does.
    let host = parts
        .headers
        .get("host")
        .and_then(|host| host.to_str().ok());
    let host = host.map_or_else(|| files.address.to_string(), str::to_owned);
    let (status, answer) = match (&parts.method, parts.uri.path()) {
        (&Method::GET, "/assay/v1/boot/ipxe") => (StatusCode::OK, entry(&host).into()),
        (&Method::GET, path) if path.starts_with("/assay/v1/boot/ipxe/") => {
            (StatusCode::OK, script(&host).into())
        }
        (&Method::GET, "/assay/v1/boot/n0nce-as-long-as-the-real-ones-0123456789ab/kernel") => {
            (StatusCode::OK, files.kernel.clone())
        }
        (&Method::GET, "/assay/v1/boot/n0nce-as-long-as-the-real-ones-0123456789ab/initramfs") => {
            (StatusCode::OK, files.initramfs.clone())
        }
        (&Method::POST, path)
            if path.starts_with(
                "/assay/v1/boot/n0nce-as-long-as-the-real-ones-0123456789ab/phase/",
            ) =>
        {
            (StatusCode::NO_CONTENT, Bytes::new())
        }
        (&Method::POST, "/v1/continue")
            if parts.uri.query() == Some("nonce=n0nce-as-long-as-the-real-ones-0123456789ab") =>
        {
            match serde_json::from_slice(&body) {
                Ok(report) => {
                    seen.lock().reports.push(report);
                    reported.notify_waiters();
                    (StatusCode::OK, "{}".into())
                }
                Err(error) => (StatusCode::BAD_REQUEST, error.to_string().into()),
            }
        }
        _ => (StatusCode::NOT_FOUND, Bytes::new()),
    };
    let mut response = Response::new(Full::new(answer));
    *response.status_mut() = status;
    response
}

fn entry(host: &str) -> String {
    format!(
        "#!ipxe\n# The card that booted says who it is.\n\
         chain --replace http://{host}/assay/v1/boot/ipxe/${{netX/mac}}?uuid=${{uuid}}&serial=${{serial:uristring}}\n"
    )
}

fn script(host: &str) -> String {
    format!(
        "#!ipxe\nset base http://{host}/assay/v1/boot/n0nce-as-long-as-the-real-ones-0123456789ab\n\
         kernel ${{base}}/kernel initrd=initramfs ipa-inspection-callback-url=http://{host}/v1/continue?nonce=n0nce-as-long-as-the-real-ones-0123456789ab \
         assay.phase-url=${{base}}/phase BOOTIF=01-${{netX/mac:hexhyp}} \
         ip=${{netX/ip}}::${{netX/gateway}}:${{netX/netmask}}:::none nameserver=${{netX/dns}} console=ttyS0 quiet || goto failed\n\
         initrd --name initramfs ${{base}}/initramfs || goto failed\nboot || goto failed\n\
         :failed\necho The boot files could not be loaded\nexit 1\n"
    )
}

/// Waits until something is so, ten seconds at most.
pub(crate) async fn eventually(is_so: impl AsyncFn() -> bool) {
    let wait = async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), wait)
        .await
        .unwrap();
}
