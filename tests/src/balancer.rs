//! A small TCP load balancer before several API servers, as an operator puts one there: it asks each
//! for its health, and takes one that does not answer out with all of its connections.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;

/// How often a server is asked for its health.
const INTERVAL: Duration = Duration::from_millis(500);
/// How long a server may take to answer that.
const HEALTH: Duration = Duration::from_secs(2);
/// A server is taken out when it was not healthy so many times in a row.
const FALL: u32 = 2;
/// How long a server may take until it is healthy for the first time.
const FIRST: Duration = Duration::from_mins(1);
/// How long a server may take to accept a connection.
const CONNECT: Duration = Duration::from_millis(500);

/// A running balancer; ends with its owner.
pub struct Balancer {
    address: SocketAddr,
    _tasks: JoinSet<()>,
}

struct Backend {
    address: SocketAddr,
    is_up: watch::Sender<bool>,
}

impl Balancer {
    /// Listens on `address` for the servers, all of which have to be ready soon.
    pub async fn start(address: SocketAddr, servers: Vec<SocketAddr>) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let backends: Arc<[Backend]> = servers
            .into_iter()
            .map(|address| Backend {
                address,
                is_up: watch::Sender::new(false),
            })
            .collect();
        let mut tasks = JoinSet::new();
        for number in 0..backends.len() {
            tasks.spawn(look_after(Arc::clone(&backends), number));
        }
        for backend in backends.iter() {
            let mut health = backend.is_up.subscribe();
            let up = timeout(FIRST, health.wait_for(|is_up| *is_up)).await;
            up.map_err(|_| io::Error::other(format!("{} is not ready", backend.address)))?
                .map_err(io::Error::other)?;
        }
        tasks.spawn(accept(listener, backends));
        Ok(Self {
            address,
            _tasks: tasks,
        })
    }

    /// Its address as a URL without a path.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

async fn look_after(backends: Arc<[Backend]>, number: usize) {
    let backend = &backends[number];
    let mut failures = FALL;
    loop {
        let healthy = timeout(HEALTH, is_ready(backend.address)).await;
        failures = if matches!(healthy, Ok(Ok(true))) {
            0
        } else {
            failures.saturating_add(1)
        };
        let now = failures < FALL;
        backend
            .is_up
            .send_if_modified(|is_up| std::mem::replace(is_up, now) != now);
        tokio::time::sleep(INTERVAL).await;
    }
}

async fn is_ready(address: SocketAddr) -> io::Result<bool> {
    let mut stream = TcpStream::connect(address).await?;
    let request = format!("GET /readyz HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).await?;
    Ok(&answer == b"HTTP/1.1 200")
}

async fn accept(listener: TcpListener, backends: Arc<[Backend]>) {
    let next = AtomicUsize::new(0);
    let mut connections = JoinSet::new();
    loop {
        let Ok((client, _)) = listener.accept().await else {
            tokio::time::sleep(Duration::from_millis(10)).await;
            continue;
        };
        while connections.try_join_next().is_some() {}
        let first = next.fetch_add(1, Ordering::Relaxed);
        connections.spawn(serve(client, Arc::clone(&backends), first));
    }
}

/// Hands a connection to the first server from number `first` on that takes it.
async fn serve(mut client: TcpStream, backends: Arc<[Backend]>, first: usize) {
    for turn in 0..backends.len() {
        let backend = &backends[(first + turn) % backends.len()];
        if !*backend.is_up.borrow() {
            continue;
        }
        let Ok(Ok(mut server)) = timeout(CONNECT, TcpStream::connect(backend.address)).await else {
            continue;
        };
        let _ = client.set_nodelay(true);
        let _ = server.set_nodelay(true);
        let mut health = backend.is_up.subscribe();
        tokio::select! {
            _ = tokio::io::copy_bidirectional(&mut client, &mut server) => {}
            _ = health.wait_for(|is_up| !is_up) => {}
        }
        return;
    }
}
