//! The state of one device's gate, and how it decides whom to let through.

use std::time::Duration;

use chrono::TimeDelta;

use super::{Entry, GateRules, LOGINS_PER_LOCKOUT, Pace};
use crate::Timestamp;

/// The state of a device's gate.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GateRecord {
    /// Why the device refused our credentials, if it did.
    pub refused: Option<String>,
    /// The process that holds the gate.
    pub holder: Option<String>,
    /// Until when it counts as held.
    pub held_until: Option<Timestamp>,
    /// From when on the next operation may begin.
    pub next_at: Option<Timestamp>,
    /// When the device's bucket will be full again: a token bucket kept as one instant.
    pub full_at: Option<Timestamp>,
    /// When a holder that had died was taken over last.
    pub lost_at: Option<Timestamp>,
    /// Logins begun since the last one that was accepted or whose failure was not our credentials'.
    pub open_logins: i32,
    /// When the first of these began.
    pub open_since: Option<Timestamp>,
}

impl GateRecord {
    /// Lets a caller through, or says what it has to wait for. The record changes only when it is let
    /// through.
    pub fn enter(&mut self, caller: &str, rules: &GateRules, now: Timestamp) -> Entry {
        if let Some(reason) = &self.refused {
            return Entry::Shut {
                reason: reason.clone(),
            };
        }
        let other = self.holder.as_deref().filter(|holder| *holder != caller);
        if let (Some(holder), Some(wait)) = (other, left(self.held_until, now)) {
            return waiting(wait, format!("process {holder} uses it"));
        }
        let died = other.is_some();
        if let Some(wait) = self.pause(died, rules, now) {
            return wait;
        }
        let in_doubt = self.open_logins > 0;
        if died {
            self.lost_at = Some(now);
        }
        if self.logins_are_old(rules, now) {
            self.open_logins = 0;
        }
        if self.open_logins == 0 {
            self.open_since = Some(now);
        }
        self.open_logins += 1;
        self.holder = Some(caller.to_owned());
        self.held_until = after(now, rules.hold);
        self.full_at = after(
            self.full_at.map_or(now, |full| full.max(now)),
            rules.pace.refill,
        );
        Entry::In { in_doubt }
    }

    /// Keeps the gate for a holder; `false` when it is not the holder.
    pub fn extend(&mut self, caller: &str, rules: &GateRules, now: Timestamp) -> bool {
        let holds = self.holder.as_deref() == Some(caller);
        if holds {
            self.held_until = after(now, rules.hold);
        }
        holds
    }

    /// Frees the gate of a holder.
    pub fn leave(&mut self, caller: &str, pace: Pace, now: Timestamp) {
        if self.holder.as_deref() == Some(caller) {
            self.holder = None;
            self.held_until = None;
            self.next_at = after(now, pace.interval);
            self.forget_logins();
        }
    }

    /// Notes that the device has let a holder in.
    pub fn accepted(&mut self, caller: &str) {
        if self.holder.as_deref() == Some(caller) {
            self.forget_logins();
        }
    }

    /// Forgets logins that ended without a word.
    pub fn forget_logins(&mut self) {
        self.open_logins = 0;
        self.open_since = None;
    }

    /// What stands against letting anybody in now.
    fn pause(&self, died: bool, rules: &GateRules, now: Timestamp) -> Option<Entry> {
        if let Some(wait) = left(self.next_at, now) {
            return Some(waiting(wait, "it was asked a moment ago".into()));
        }
        let space = rules.pace.refill * rules.pace.burst.saturating_sub(1);
        let begins = self.full_at.and_then(|full| before(full, space));
        if let Some(wait) = left(begins, now) {
            return Some(waiting(wait, "it was asked too often lately".into()));
        }
        let ends = self
            .lost_at
            .and_then(|lost| after(lost, rules.session_life));
        if died && let Some(wait) = left(ends, now) {
            let cause = "the sessions of two processes that died may still be open on it";
            return Some(waiting(wait, cause.into()));
        }
        let ends = self
            .open_since
            .and_then(|since| after(since, rules.lockout));
        if self.open_logins >= LOGINS_PER_LOCKOUT
            && let Some(wait) = left(ends, now)
        {
            let cause = "logins ended without a word, and one more may lock the account";
            return Some(waiting(wait, cause.into()));
        }
        None
    }

    fn logins_are_old(&self, rules: &GateRules, now: Timestamp) -> bool {
        let ends = self
            .open_since
            .and_then(|since| after(since, rules.lockout));
        left(ends, now).is_none()
    }
}

fn waiting(time: Duration, cause: String) -> Entry {
    Entry::Wait { time, cause }
}

/// The time from now until then, if then is still to come.
fn left(then: Option<Timestamp>, now: Timestamp) -> Option<Duration> {
    (then? - now).to_std().ok().filter(|time| !time.is_zero())
}

fn after(time: Timestamp, span: Duration) -> Option<Timestamp> {
    time.checked_add_signed(TimeDelta::from_std(span).ok()?)
}

fn before(time: Timestamp, span: Duration) -> Option<Timestamp> {
    time.checked_sub_signed(TimeDelta::from_std(span).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_timestamp(1_800_000_000 + seconds, 0).unwrap()
    }

    fn rules() -> GateRules {
        GateRules {
            pace: Pace {
                interval: Duration::from_secs(1),
                refill: Duration::from_secs(10),
                burst: 3,
            },
            hold: Duration::from_secs(20),
            session_life: Duration::from_secs(60),
            lockout: Duration::from_secs(300),
        }
    }

    fn enters(record: &mut GateRecord, caller: &str, second: i64) -> bool {
        matches!(record.enter(caller, &rules(), at(second)), Entry::In { .. })
    }

    #[test]
    fn one_process_at_a_time_and_an_interval_between() {
        let mut record = GateRecord::default();
        assert!(enters(&mut record, "a", 0));
        assert!(!enters(&mut record, "b", 1));
        assert!(record.extend("a", &rules(), at(15)));
        assert!(!enters(&mut record, "b", 21));
        record.leave("a", rules().pace, at(22));
        assert!(!enters(&mut record, "b", 22));
        assert!(enters(&mut record, "b", 23));
        assert!(!record.extend("a", &rules(), at(23)));
        record.leave("a", rules().pace, at(24));
        assert_eq!(record.holder.as_deref(), Some("b"));
    }

    #[test]
    fn the_bucket_lets_a_burst_through_and_then_its_rate() {
        let mut record = GateRecord::default();
        let mut entered = Vec::new();
        for second in 0..60 {
            if enters(&mut record, "a", second) {
                entered.push(second);
                record.leave("a", rules().pace, at(second));
            }
        }
        assert_eq!(entered, [0, 1, 2, 10, 20, 30, 40, 50]);
    }

    #[test]
    fn a_dead_holder_is_taken_over_and_a_second_one_only_when_its_session_has_ended() {
        let mut record = GateRecord::default();
        assert!(enters(&mut record, "a", 0));
        assert!(!enters(&mut record, "b", 19));
        assert!(enters(&mut record, "b", 20));
        record.accepted("b");
        assert!(!enters(&mut record, "c", 40));
        assert!(enters(&mut record, "c", 80));
    }

    #[test]
    fn logins_without_a_word_are_at_most_two_in_a_window() {
        let mut record = GateRecord::default();
        assert_eq!(
            record.enter("a", &rules(), at(0)),
            Entry::In { in_doubt: false }
        );
        assert_eq!(
            record.enter("b", &rules(), at(100)),
            Entry::In { in_doubt: true }
        );
        assert!(!enters(&mut record, "c", 200));
        assert!(!enters(&mut record, "c", 299));
        assert!(enters(&mut record, "c", 300));
        record.leave("c", rules().pace, at(301));
        assert_eq!(record.open_logins, 0);
    }

    #[test]
    fn a_process_that_lost_its_word_enters_again_at_once() {
        let mut record = GateRecord::default();
        assert!(enters(&mut record, "a", 0));
        assert!(enters(&mut record, "a", 1));
        assert_eq!(record.lost_at, None);
    }

    #[test]
    fn a_refusal_shuts_it_for_all() {
        let mut record = GateRecord {
            refused: Some("wrong password".into()),
            ..GateRecord::default()
        };
        let reason = String::from("wrong password");
        assert_eq!(record.enter("a", &rules(), at(0)), Entry::Shut { reason });
        assert_eq!(record.holder, None);
    }
}
