//! Who may talk to a BMC: its account, the account's lock, and sessions.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use rand::Rng;

/// Sessions and failed logins.
pub(super) struct Access {
    limit: usize,
    timeout: Duration,
    sessions: BTreeMap<u64, Session>,
    next: u64,
    failures: u32,
    locked_since: Option<Instant>,
}

struct Session {
    token: String,
    used: Instant,
    requests: u32,
}

/// A session as its client learns of it.
pub(super) struct NewSession {
    pub(super) id: u64,
    pub(super) token: String,
}

impl Access {
    pub(super) fn new(limit: usize, timeout: Duration) -> Self {
        Self {
            limit,
            timeout,
            sessions: BTreeMap::new(),
            next: 1,
            failures: 0,
            locked_since: None,
        }
    }

    /// Judges a login: wrong ones count towards the lock, a locked account refuses right ones too, and a right one
    /// clears the count.
    pub(super) fn judge(
        &mut self,
        right: bool,
        lock_after: Option<u32>,
        lock_for: Duration,
    ) -> bool {
        if let Some(since) = self.locked_since {
            if lock_for.is_zero() || since.elapsed() < lock_for {
                return false;
            }
            self.locked_since = None;
            self.failures = 0;
        }
        if right {
            self.failures = 0;
            return true;
        }
        self.failures += 1;
        if lock_after.is_some_and(|limit| self.failures >= limit) {
            self.locked_since = Some(Instant::now());
        }
        false
    }

    /// Whether the account is locked.
    pub(super) fn is_locked(&self) -> bool {
        self.locked_since.is_some()
    }

    /// Opens a session; `None` when the table is full.
    pub(super) fn open(&mut self) -> Option<NewSession> {
        self.expire();
        if self.sessions.len() >= self.limit {
            return None;
        }
        let id = self.next;
        self.next += 1;
        let token = format!("{:032x}", rand::rng().random::<u128>());
        self.sessions.insert(
            id,
            Session {
                token: token.clone(),
                used: Instant::now(),
                requests: 0,
            },
        );
        Some(NewSession { id, token })
    }

    /// Whether this token opens the door; its session is used by that, and forgotten when it was used more
    /// often than `limit`.
    pub(super) fn admits(&mut self, token: &str, limit: Option<u32>) -> bool {
        self.expire();
        let found = self
            .sessions
            .iter_mut()
            .find(|(_, session)| session.token == token);
        let Some((id, session)) = found else {
            return false;
        };
        session.used = Instant::now();
        session.requests += 1;
        let id = *id;
        if limit.is_some_and(|limit| session.requests > limit) {
            self.sessions.remove(&id);
            return false;
        }
        true
    }

    /// Ends all sessions, as a restart does.
    pub(super) fn forget(&mut self) {
        self.sessions.clear();
    }

    /// Ends a session; false when there is none of this number.
    pub(super) fn close(&mut self, id: u64) -> bool {
        self.sessions.remove(&id).is_some()
    }

    /// The numbers of the open sessions.
    pub(super) fn ids(&mut self) -> Vec<u64> {
        self.expire();
        self.sessions.keys().copied().collect()
    }

    pub(super) fn open_sessions(&mut self) -> usize {
        self.expire();
        self.sessions.len()
    }

    fn expire(&mut self) {
        let timeout = self.timeout;
        self.sessions
            .retain(|_, session| session.used.elapsed() < timeout);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_table_refuses_and_an_expired_session_makes_room() {
        let mut access = Access::new(1, Duration::from_millis(20));
        let first = access.open().unwrap();
        assert!(access.admits(&first.token, None) && !access.admits("guess", None));
        assert!(access.open().is_none());
        std::thread::sleep(Duration::from_millis(30));
        assert!(!access.admits(&first.token, None));
        let second = access.open().unwrap();
        assert_ne!(first.id, second.id);
        assert!(access.close(second.id) && !access.close(second.id));
    }

    #[test]
    fn a_session_that_is_used_too_often_is_forgotten() {
        let mut access = Access::new(1, Duration::from_secs(1));
        let session = access.open().unwrap();
        assert!(access.admits(&session.token, Some(2)) && access.admits(&session.token, Some(2)));
        assert!(!access.admits(&session.token, Some(2)) && access.open_sessions() == 0);
    }

    #[test]
    fn the_lock_comes_after_the_given_number_and_refuses_the_right_password() {
        let mut access = Access::new(1, Duration::from_secs(1));
        assert!(!access.judge(false, Some(2), Duration::ZERO));
        assert!(
            access.judge(true, Some(2), Duration::ZERO),
            "a right one clears the count"
        );
        assert!(!access.judge(false, Some(2), Duration::ZERO));
        assert!(!access.is_locked());
        assert!(!access.judge(false, Some(2), Duration::ZERO));
        assert!(access.is_locked());
        assert!(!access.judge(true, Some(2), Duration::ZERO));
        assert!(
            access.judge(true, Some(2), Duration::from_nanos(1)),
            "the lock has passed"
        );
    }
}
