//! Listening for what switches announce by LLDP (IEEE 802.1AB).

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use assay_inventory::LldpTlv;

use crate::host::hex_digits;
use crate::log::Log;
use crate::netlink::{self, Link};
use crate::packet::{LLDP, PacketSocket};

/// The last frame of each interface; filled while others work. Cheap to clone.
#[derive(Clone, Default)]
pub struct Heard(Arc<(Mutex<Frames>, Condvar)>);

type Frames = BTreeMap<String, Vec<LldpTlv>>;

impl Heard {
    /// TLVs of the last frame on an interface; none when nobody announced anything.
    pub fn tlvs(&self, interface: &str) -> Vec<LldpTlv> {
        self.lock().get(interface).cloned().unwrap_or_default()
    }

    /// Waits until every one of these interfaces was heard on, at most so long.
    pub fn wait(&self, interfaces: &[String], timeout: Duration) {
        let is_missing =
            |frames: &mut Frames| interfaces.iter().any(|name| !frames.contains_key(name));
        let _ = self
            .0
            .1
            .wait_timeout_while(self.lock(), timeout, is_missing);
    }

    fn lock(&self) -> MutexGuard<'_, Frames> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Starts listening on these links until the process ends. Links are made to
/// hear all multicasts, since the kernel filters LLDP's out otherwise.
pub fn listen(links: &[Link], log: &Log) -> Heard {
    let heard = Heard::default();
    for link in links {
        if let Err(error) = netlink::set_up(link.index, true) {
            log.note(format!("lldp: {}: {error}", link.name));
        }
        match PacketSocket::open(LLDP, link.index) {
            Ok(socket) => {
                let (heard, name) = (heard.clone(), link.name.clone());
                thread::spawn(move || hear(&socket, &name, &heard));
            }
            Err(error) => log.note(format!("lldp: {}: {error}", link.name)),
        }
    }
    heard
}

fn hear(socket: &PacketSocket, name: &str, heard: &Heard) {
    let an_hour = Duration::from_hours(1);
    while let Ok(frame) = socket.receive(Instant::now() + an_hour) {
        let tlvs = parse(&frame.unwrap_or_default());
        if !tlvs.is_empty() {
            heard.lock().insert(name.to_owned(), tlvs);
            heard.0.1.notify_all();
        }
    }
}

/// TLVs of a frame up to its end mark, which is kept; a truncated one ends the
/// list. Each begins with seven bits of type and nine of length (section 8.4.1).
fn parse(mut frame: &[u8]) -> Vec<LldpTlv> {
    let mut tlvs = Vec::new();
    while let [first, second, rest @ ..] = frame {
        let length = usize::from(first & 1) << 8 | usize::from(*second);
        let Some((value, after)) = rest.split_at_checked(length) else {
            break;
        };
        tlvs.push(LldpTlv(first >> 1, hex_digits(value)));
        if first >> 1 == 0 {
            break;
        }
        frame = after;
    }
    tlvs
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn frames_are_cut_into_tlvs() {
        let frame = [
            2, 7, 4, 0x11, 0x22, 0x33, 0xaa, 0xbb, 0xcc, 6, 2, 0, 120, 0, 0, 0, 0, 0,
        ];
        let expected = [
            LldpTlv(1, "04112233aabbcc".to_owned()),
            LldpTlv(3, "0078".to_owned()),
            LldpTlv(0, String::new()),
        ];
        assert_eq!(parse(&frame), expected);
        assert_eq!(parse(&[2, 9, 1]), []);
    }

    #[test]
    fn waiting_ends_when_all_were_heard_or_time_is_up() {
        let heard = Heard::default();
        let names = ["a".to_owned()];
        heard.wait(&names, Duration::from_millis(10));
        heard
            .lock()
            .insert("a".to_owned(), vec![LldpTlv(0, String::new())]);
        let started = Instant::now();
        heard.wait(&names, Duration::from_mins(1));
        assert!(started.elapsed() < Duration::from_secs(30));
    }

    proptest! {
        #[test]
        fn no_frame_panics(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
            parse(&bytes);
        }
    }
}
