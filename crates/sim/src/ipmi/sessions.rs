//! The sessions of a BMC: half open ones, open ones, and their end.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use assay_ipmi::wire::legacy::Proof;
use assay_ipmi::wire::window::Window;
use assay_ipmi::wire::{Exchange, Keys, Message};
use assay_ipmi::{Privilege, Suite};

/// How far ahead of the last number a packet's may be (section 6.12.14).
const AHEAD: u32 = 15;

/// Handshakes that may be under way at once; the oldest gives way.
const HALF_OPEN_LIMIT: usize = 64;

/// The sessions by their id.
pub(super) struct Sessions {
    limit: usize,
    timeout: Duration,
    by_id: BTreeMap<u32, Session>,
    expired: u64,
}

/// One session.
pub(super) struct Session {
    pub(super) state: State,
    used: Instant,
}

/// How far a session is.
pub(super) enum State {
    /// Ids and algorithms are agreed on.
    Proposed { console: u32, suite: Suite },
    /// RAKP 2 is sent.
    Proving(Box<Exchange>),
    /// A challenge of IPMI 1.5 is given.
    Challenged { text: [u8; 16] },
    /// It is open.
    Open(Box<Open>),
}

/// An open session.
pub(super) struct Open {
    pub(super) protection: Protection,
    pub(super) window: Window,
    /// Number of the last packet sent.
    pub(super) sequence: u32,
    pub(super) privilege: Privilege,
    pub(super) most: Privilege,
    pub(super) commands: u32,
    /// The last request and its answer, which is given again when the request comes again.
    pub(super) last: Option<(Message, Message)>,
}

/// How a session's packets are protected.
pub(super) enum Protection {
    Plus { keys: Keys, console: u32 },
    Legacy(Proof),
}

impl Open {
    pub(super) fn new(protection: Protection, most: Privilege) -> Self {
        Self {
            protection,
            window: Window::new(AHEAD),
            sequence: 0,
            privilege: most.min(Privilege::User),
            most,
            commands: 0,
            last: None,
        }
    }

    /// The number of the next packet.
    pub(super) fn next(&mut self) -> u32 {
        self.sequence = self.sequence.wrapping_add(1).max(1);
        self.sequence
    }
}

impl Sessions {
    pub(super) fn new(limit: usize, timeout: Duration) -> Self {
        Self {
            limit,
            timeout,
            by_id: BTreeMap::new(),
            expired: 0,
        }
    }

    /// Begins a session and gives its id; none when the table is full.
    pub(super) fn begin(&mut self, state: State) -> Option<u32> {
        if self.open() >= self.limit {
            return None;
        }
        let half_open = |session: &&Session| !matches!(session.state, State::Open(_));
        if self.by_id.values().filter(half_open).count() >= HALF_OPEN_LIMIT {
            let oldest = self
                .by_id
                .iter()
                .filter(|(_, session)| half_open(session))
                .min_by_key(|(_, session)| session.used)
                .map(|(id, _)| *id);
            oldest.map(|id| self.by_id.remove(&id));
        }
        let mut id = rand::random();
        while id == 0 || self.by_id.contains_key(&id) {
            id = rand::random();
        }
        let used = Instant::now();
        self.by_id.insert(id, Session { state, used });
        Some(id)
    }

    /// The session of this id, which is used by that.
    pub(super) fn get(&mut self, id: u32) -> Option<&mut Session> {
        self.expire();
        let session = self.by_id.get_mut(&id)?;
        session.used = Instant::now();
        Some(session)
    }

    /// Ends a session; false when there is none of this id.
    pub(super) fn end(&mut self, id: u32) -> bool {
        self.by_id.remove(&id).is_some()
    }

    /// How many are open.
    pub(super) fn open(&mut self) -> usize {
        self.expire();
        let all = self.by_id.values();
        all.filter(|session| matches!(session.state, State::Open(_)))
            .count()
    }

    /// How many open ones have ended by themselves.
    pub(super) fn expired(&self) -> u64 {
        self.expired
    }

    /// Ends all of them, as a restart does.
    pub(super) fn forget(&mut self) {
        self.by_id.clear();
    }

    fn expire(&mut self) {
        let (timeout, expired) = (self.timeout, &mut self.expired);
        self.by_id.retain(|_, session| {
            let lives = session.used.elapsed() < timeout;
            let is_open = matches!(session.state, State::Open(_));
            *expired += u64::from(!lives && is_open);
            lives
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opened(sessions: &mut Sessions) -> Option<u32> {
        sessions.begin(State::Open(Box::new(Open::new(
            Protection::Legacy(Proof::Md5),
            Privilege::Administrator,
        ))))
    }

    #[test]
    fn a_full_table_refuses_and_an_expired_session_makes_room() {
        let mut sessions = Sessions::new(1, Duration::from_millis(20));
        let first = opened(&mut sessions).unwrap();
        assert!(sessions.get(first).is_some() && opened(&mut sessions).is_none());
        std::thread::sleep(Duration::from_millis(30));
        let second = opened(&mut sessions).unwrap();
        assert!(sessions.get(first).is_none());
        assert!(sessions.end(second) && !sessions.end(second));
        assert_eq!(sessions.open(), 0);
    }

    #[test]
    fn handshakes_do_not_pile_up() {
        let mut sessions = Sessions::new(1, Duration::from_secs(60));
        for _ in 0..1000 {
            let state = State::Challenged { text: [0; 16] };
            assert!(sessions.begin(state).is_some());
        }
        assert_eq!(sessions.by_id.len(), HALF_OPEN_LIMIT);
    }
}
