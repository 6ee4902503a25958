//! An introspection as states and events: what may follow what, in one table.

use std::str::FromStr;

use crate::Timestamp;
use crate::error::{Error, Result};

/// The state of an introspection; names as the `state` of Ironic Inspector’s
/// status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum IntrospectionState {
    /// A new machine is being enrolled from its own report.
    Enrolling,
    /// The machine's boot device and power are being set.
    Starting,
    /// The machine boots; its report is awaited.
    Waiting,
    /// The report is here; hooks and rules run.
    Processing,
    /// A stored report is processed again.
    Reapplying,
    /// An operator has cancelled; the machine is being put back.
    Aborting,
    /// Ended well.
    Finished,
    /// Ended with an error, which is kept beside it.
    Error,
}

impl IntrospectionState {
    /// All states.
    pub const ALL: [Self; 8] = [
        Self::Enrolling,
        Self::Starting,
        Self::Waiting,
        Self::Processing,
        Self::Reapplying,
        Self::Aborting,
        Self::Finished,
        Self::Error,
    ];

    /// The state's name in APIs and the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Enrolling => "enrolling",
            Self::Starting => "starting",
            Self::Waiting => "waiting",
            Self::Processing => "processing",
            Self::Reapplying => "reapplying",
            Self::Aborting => "aborting",
            Self::Finished => "finished",
            Self::Error => "error",
        }
    }

    /// Whether nothing more happens by itself: finished or error.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Finished | Self::Error)
    }

    /// The event that ends this state badly: a cancellation stays one, whatever else goes wrong.
    pub fn failure(self) -> Event {
        match self {
            Self::Aborting => Event::AbortEnd,
            _ => Event::Fail,
        }
    }

    /// The state after `event`.
    ///
    /// # Errors
    /// [`Error::Conflict`] when this state does not allow the event.
    #[allow(clippy::match_same_arms, reason = "one row of the table per line")]
    pub fn after(self, event: Event) -> Result<Self> {
        use Event as E;
        use IntrospectionState as S;
        match (self, event) {
            (S::Finished | S::Error, E::Start) => Ok(S::Starting),
            (S::Finished | S::Error, E::Reapply) => Ok(S::Reapplying),
            (S::Starting, E::Wait) => Ok(S::Waiting),
            (S::Starting | S::Waiting, E::Abort) => Ok(S::Aborting),
            (S::Waiting | S::Enrolling, E::Process) => Ok(S::Processing),
            (S::Processing | S::Reapplying, E::Finish) => Ok(S::Finished),
            (S::Aborting, E::AbortEnd) => Ok(S::Error),
            (
                S::Enrolling | S::Starting | S::Waiting | S::Processing | S::Reapplying,
                E::Fail | E::Timeout,
            ) => Ok(S::Error),
            (S::Aborting, E::Timeout) => Ok(S::Error),
            (S::Error, E::Restart) => Ok(S::Starting),
            (S::Error, E::Resume) => Ok(S::Processing),
            (state, event) => Err(Error::Conflict(format!(
                "an introspection that is {} does not allow '{}'",
                state.as_str(),
                event.as_str()
            ))),
        }
    }
}

impl FromStr for IntrospectionState {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Self::ALL
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or_else(|| Error::internal(format!("unknown introspection state '{text}'")))
    }
}

/// What can happen to an introspection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Event {
    /// An operator asks for an introspection.
    Start,
    /// The machine is on its way; its report is awaited.
    Wait,
    /// A report has arrived.
    Process,
    /// An operator asks to process a stored report again.
    Reapply,
    /// Hooks, rules and clean-up are done.
    Finish,
    /// An operator cancels.
    Abort,
    /// The machine has been put back after a cancellation.
    AbortEnd,
    /// Something failed; the error is kept beside the state.
    Fail,
    /// The time limit has passed.
    Timeout,
    /// The task that was to start the machine was given up, and is to be done once more.
    Restart,
    /// The task that was to process the report was given up, and is to be done once more.
    Resume,
}

impl Event {
    /// All events.
    pub const ALL: [Self; 11] = [
        Self::Start,
        Self::Wait,
        Self::Process,
        Self::Reapply,
        Self::Finish,
        Self::Abort,
        Self::AbortEnd,
        Self::Fail,
        Self::Timeout,
        Self::Restart,
        Self::Resume,
    ];

    /// The event's name in messages.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Wait => "wait",
            Self::Process => "process",
            Self::Reapply => "reapply",
            Self::Finish => "finish",
            Self::Abort => "abort",
            Self::AbortEnd => "abort_end",
            Self::Fail => "error",
            Self::Timeout => "timeout",
            Self::Restart => "restart",
            Self::Resume => "resume",
        }
    }
}

/// One introspection of one node. A node keeps all of its introspections; the newest is current.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Introspection {
    /// Key in the store.
    pub id: i64,
    /// The node's key.
    pub node_id: i64,
    /// The node's UUID, which is the introspection's name in the inspector's API.
    pub node_uuid: String,
    /// Where it stands.
    pub state: IntrospectionState,
    /// Why it ended badly, in words for an operator.
    pub error: Option<String>,
    /// When it was asked for.
    pub started_at: Timestamp,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// When it times out if it has not ended.
    pub deadline: Timestamp,
    /// Whether Assay sets boot device and power, or an operator boots the machine.
    pub manage_boot: bool,
    /// Whether the machine stays on at the end.
    pub keep_power: bool,
    /// SHA-256 (hex) of the nonce of the last boot script that was served for it.
    pub nonce_hash: Option<String>,
    /// Who asked.
    pub requested_by: String,
}

impl Introspection {
    /// The error text of a time-out: it names the first phase that never came, and the most likely
    /// cause.
    pub fn timeout_message(
        limit_s: i64,
        stamped: &[crate::Phase],
        cause: Option<&crate::Finding>,
    ) -> String {
        let text = Self::late_phase(limit_s, stamped);
        match cause {
            Some(finding) => format!(
                "{text}; {}: {}",
                finding.confidence.as_str(),
                finding.sentence()
            ),
            None => text,
        }
    }

    fn late_phase(limit_s: i64, stamped: &[crate::Phase]) -> String {
        match crate::Phase::first_missing(stamped) {
            Some(phase) => format!(
                "Introspection timeout after {limit_s} s in phase {}: {}",
                phase.as_str(),
                phase.missing_reason()
            ),
            None => format!("Introspection timeout after {limit_s} s while finishing"),
        }
    }
}

/// The error text of an introspection that an operator has cancelled (fixed by the inspector's API).
pub const CANCELED: &str = "Canceled by operator";

#[cfg(test)]
mod tests {
    use super::{Event, IntrospectionState as S};

    #[test]
    fn every_transient_state_can_end_badly_and_no_final_one_can() {
        for state in S::ALL {
            assert_eq!(state.after(state.failure()).is_ok(), !state.is_final());
            assert_eq!(state.after(Event::Timeout).is_ok(), !state.is_final());
        }
    }

    #[test]
    fn what_is_being_cancelled_cannot_fail_over_it() {
        assert!(S::Aborting.after(Event::Fail).is_err());
    }

    #[test]
    fn only_ended_introspections_start_or_reapply() {
        for state in S::ALL {
            assert_eq!(state.after(Event::Start).is_ok(), state.is_final());
            assert_eq!(state.after(Event::Reapply).is_ok(), state.is_final());
        }
    }

    #[test]
    fn the_good_path_ends_finished() {
        let path = [Event::Start, Event::Wait, Event::Process, Event::Finish];
        let end = path.into_iter().try_fold(S::Error, S::after).unwrap();
        assert_eq!(end, S::Finished);
    }
}
