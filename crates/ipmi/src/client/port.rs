//! Sockets that many sessions share, and the way of each datagram to whom it is for.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;
use tokio::net::UdpSocket;
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::Error;
use crate::wire::{Packet, PayloadType};

/// Sockets per family of addresses: the answers of a thousand BMCs that are asked at once are too many
/// for the buffer of one.
const SOCKETS: usize = 8;

/// How much a socket is to hold that was not read yet, in bytes; the kernel may give less.
const BUFFER: usize = 4 << 20;

/// The largest datagram that is read; IPMI's own limit is far below.
const DATAGRAM: usize = 2048;

/// Datagrams that wait for one session; what comes beyond that is lost, as UDP may.
const MAILBOX: usize = 16;

/// Whom a datagram of a peer is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Key {
    /// Everybody who talks to the peer: it makes no sense.
    Nonsense,
    /// Those who wait for an answer outside of any session.
    Outside,
    /// The console's session id of RMCP+.
    Plus(u32),
    /// The tag of a handshake: errors may lack the session id, ipmi_sim's do.
    Tag(u8),
    /// The session id of IPMI 1.5.
    Legacy(u32),
}

/// All sockets of a client, opened when they are needed.
#[derive(Default)]
pub(super) struct Ports {
    open: Mutex<HashMap<(bool, usize), Arc<Port>>>,
    tasks: TaskTracker,
    stop: CancellationToken,
    next: AtomicU64,
}

struct Port {
    socket: UdpSocket,
    routes: Mutex<HashMap<(SocketAddr, Key), Vec<Receiver>>>,
}

/// One who is to get datagrams.
struct Receiver {
    number: u64,
    mail: mpsc::Sender<Vec<u8>>,
}

impl Ports {
    /// The socket for a peer; always the same one.
    fn port(&self, peer: SocketAddr) -> Result<Arc<Port>, Error> {
        let mut hasher = DefaultHasher::new();
        peer.hash(&mut hasher);
        let slot = usize::try_from(hasher.finish() % SOCKETS as u64).unwrap_or(0);
        let mut open = self.open.lock();
        if let Some(port) = open.get(&(peer.is_ipv4(), slot)) {
            return Ok(Arc::clone(port));
        }
        let socket = bind(peer).map_err(|error| Error::Unreachable(error.to_string()))?;
        let port = Arc::new(Port {
            socket,
            routes: Mutex::default(),
        });
        let listening = Arc::clone(&port);
        let stop = self.stop.clone();
        self.tasks.spawn(async move {
            stop.run_until_cancelled(listening.listen()).await;
        });
        open.insert((peer.is_ipv4(), slot), Arc::clone(&port));
        Ok(port)
    }
}

impl Drop for Ports {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

fn bind(peer: SocketAddr) -> std::io::Result<UdpSocket> {
    let any: SocketAddr = if peer.is_ipv4() {
        (Ipv4Addr::UNSPECIFIED, 0).into()
    } else {
        (Ipv6Addr::UNSPECIFIED, 0).into()
    };
    let socket = std::net::UdpSocket::bind(any)?;
    socket.set_nonblocking(true)?;
    // Beyond the system's limit only the superuser may go; a smaller buffer costs repetitions.
    if rustix::net::sockopt::set_socket_recv_buffer_size_force(&socket, BUFFER).is_err() {
        let _ = rustix::net::sockopt::set_socket_recv_buffer_size(&socket, BUFFER);
    }
    UdpSocket::from_std(socket)
}

impl Port {
    async fn listen(&self) {
        let mut buffer = vec![0; DATAGRAM];
        loop {
            match self.socket.recv_from(&mut buffer).await {
                Ok((length, peer)) => self.deliver(peer, &buffer[..length]),
                // An error on a shared socket is about one peer's datagram, whose sender will see that
                // nothing comes; it must not stop the others.
                Err(error) => {
                    tracing::debug!(%error, "an IPMI socket could not be read");
                    tokio::task::yield_now().await;
                }
            }
        }
    }

    fn deliver(&self, peer: SocketAddr, datagram: &[u8]) {
        let key = key_of(datagram).unwrap_or(Key::Nonsense);
        let routes = self.routes.lock();
        for receiver in routes.get(&(peer, key)).into_iter().flatten() {
            // A full mailbox loses datagrams, and one that has just been closed needs none.
            let _ = receiver.mail.try_send(datagram.to_vec());
        }
    }
}

/// Whom a datagram is for; `None` when it makes no sense.
fn key_of(datagram: &[u8]) -> Option<Key> {
    Some(match Packet::decode(datagram).ok()? {
        Packet::Legacy { session: 0, .. } => Key::Outside,
        Packet::Legacy { session, .. } => Key::Legacy(session),
        Packet::Plus(packet) => match packet.payload_type {
            PayloadType::OPEN_RESPONSE | PayloadType::RAKP_2 | PayloadType::RAKP_4 => {
                match packet.payload.get(4..8).map(<[u8; 4]>::try_from) {
                    Some(Ok(session)) => Key::Plus(u32::from_le_bytes(session)),
                    _ => Key::Tag(*packet.payload.first()?),
                }
            }
            _ if packet.session == 0 => Key::Outside,
            _ => Key::Plus(packet.session),
        },
    })
}

/// The way to one peer and back.
pub(super) struct Route {
    /// The sockets live as long as somebody has a way through them.
    _ports: Arc<Ports>,
    port: Arc<Port>,
    peer: SocketAddr,
    number: u64,
    keys: Vec<Key>,
    sender: mpsc::Sender<Vec<u8>>,
    mail: mpsc::Receiver<Vec<u8>>,
}

impl Route {
    pub(super) fn new(ports: &Arc<Ports>, peer: SocketAddr) -> Result<Self, Error> {
        let (sender, mail) = mpsc::channel(MAILBOX);
        let mut route = Self {
            _ports: Arc::clone(ports),
            port: ports.port(peer)?,
            peer,
            number: ports.next.fetch_add(1, Ordering::Relaxed),
            keys: Vec::new(),
            sender,
            mail,
        };
        route.add(Key::Nonsense);
        Ok(route)
    }

    /// Has datagrams of this key come here as well.
    pub(super) fn add(&mut self, key: Key) {
        let receiver = Receiver {
            number: self.number,
            mail: self.sender.clone(),
        };
        let mut routes = self.port.routes.lock();
        routes.entry((self.peer, key)).or_default().push(receiver);
        self.keys.push(key);
    }

    /// Whether somebody has this key already: session ids must not come twice.
    pub(super) fn is_taken(&self, key: Key) -> bool {
        self.port.routes.lock().contains_key(&(self.peer, key))
    }

    pub(super) async fn send(&self, datagram: &[u8]) -> Result<(), Error> {
        let sent = self.port.socket.send_to(datagram, self.peer).await;
        sent.map(drop)
            .map_err(|error| Error::Unreachable(error.to_string()))
    }

    /// Sends without waiting, and without a promise.
    pub(super) fn send_now(&self, datagram: &[u8]) {
        let _ = self.port.socket.try_send_to(datagram, self.peer);
    }

    /// The next datagram; `None` when there is none until then.
    pub(super) async fn receive(&mut self, until: Instant) -> Option<Vec<u8>> {
        timeout_at(until, self.mail.recv()).await.ok().flatten()
    }
}

impl Drop for Route {
    fn drop(&mut self) {
        let mut routes = self.port.routes.lock();
        for key in &self.keys {
            let place = (self.peer, *key);
            if let Some(receivers) = routes.get_mut(&place) {
                receivers.retain(|receiver| receiver.number != self.number);
                if receivers.is_empty() {
                    routes.remove(&place);
                }
            }
        }
    }
}
