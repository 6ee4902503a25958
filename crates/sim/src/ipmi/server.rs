//! The socket of a BMC: datagrams in, datagrams out.

use std::net::SocketAddr;
use std::sync::Arc;

use assay_ipmi::wire::Packet;
use tokio::net::UdpSocket;

use super::{Shared, legacy, plus, presence};
use crate::Error;

/// The largest datagram that is read; IPMI's own limit is far below.
const DATAGRAM: usize = 1024;

/// Opens the socket.
pub(super) fn bind(address: SocketAddr) -> Result<UdpSocket, Error> {
    let bound = std::net::UdpSocket::bind(address).and_then(|socket| {
        socket.set_nonblocking(true)?;
        UdpSocket::from_std(socket)
    });
    bound.map_err(Error::host(format!("socket of a BMC on {address}")))
}

/// Answers datagrams.
pub(super) async fn run(shared: Arc<Shared>, socket: UdpSocket) {
    let socket = Arc::new(socket);
    let mut buffer = vec![0; DATAGRAM];
    loop {
        let Ok((length, peer)) = socket.recv_from(&mut buffer).await else {
            tokio::task::yield_now().await;
            continue;
        };
        if let Some(answer) = answer(&shared, &buffer[..length]) {
            send(&shared, &socket, peer, answer).await;
        }
    }
}

async fn send(shared: &Arc<Shared>, socket: &Arc<UdpSocket>, peer: SocketAddr, answer: Vec<u8>) {
    let delay = shared.faults.lock().answer_delay;
    if delay.is_zero() {
        // Whoever asked is gone when it cannot be sent.
        let _ = socket.send_to(&answer, peer).await;
        return;
    }
    let socket = Arc::clone(socket);
    shared.work.spawn(async move {
        tokio::time::sleep(delay).await;
        let _ = socket.send_to(&answer, peer).await;
    });
}

/// The answer to a datagram; none to one that makes no sense, and with some faults.
fn answer(shared: &Arc<Shared>, datagram: &[u8]) -> Option<Vec<u8>> {
    let count = {
        let mut counters = shared.counters.lock();
        counters.datagrams += 1;
        counters.datagrams
    };
    let (malformed, restart) = {
        let faults = shared.faults.lock();
        let lost = faults
            .lose_every
            .is_some_and(|every| every > 0 && count.is_multiple_of(every));
        if faults.silent || lost {
            return None;
        }
        (faults.malformed, faults.restart)
    };
    let forget = || shared.sessions.lock().forget();
    if shared.restart.swallows(restart, forget) {
        return None;
    }
    if let Some(pong) = presence::answer(datagram) {
        return Some(pong);
    }
    let mut answer = match Packet::decode(datagram).ok()? {
        Packet::Legacy {
            session: 0,
            payload,
            ..
        } => legacy::outside(shared, payload),
        Packet::Legacy {
            auth,
            sequence,
            session,
            code: Some(code),
            payload,
        } => legacy::inside(
            shared,
            session,
            &legacy::Sealed {
                auth,
                sequence,
                code,
            },
            payload,
        ),
        Packet::Legacy { code: None, .. } => None,
        Packet::Plus(packet) => plus::answer(shared, &packet),
    }?;
    if malformed {
        answer.truncate(answer.len() / 2);
    }
    Some(answer)
}
