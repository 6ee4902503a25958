//! What a BMC does wrong, or slowly, as data.

use std::time::Duration;

use crate::restart::RestartFault;

/// The faults of one BMC. The default is none, and an immediate change of power state.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Faults {
    /// A reset takes effect this long after its answer.
    pub state_change_delay: Duration,
    /// Shows `PoweringOn` and `PoweringOff` during that delay; else the old state.
    pub shows_transition: bool,
    /// Every answer is held back this long.
    pub answer_delay: Duration,
    /// Takes no password for right.
    pub refuse_credentials: bool,
    /// Locks the account after this many wrong passwords in a row.
    pub lock_after: Option<u32>,
    /// How long a locked account refuses even the right password; zero locks it for good.
    pub lock_for: Duration,
    /// Accepts connections and requests, and never answers.
    pub mute: bool,
    /// Refuses connections.
    pub refuse_connections: bool,
    /// Closes the connection in place of an answer.
    pub hang_up: bool,
    /// Forgets a session after this many requests in it.
    pub drop_session_after: Option<u32>,
    /// Restarts itself while it is asked; connections are closed meanwhile.
    pub restart: Option<RestartFault>,
    /// Answers with an error.
    pub failure: Option<Failure>,
    /// Cuts its JSON off in the middle.
    pub malformed_json: bool,
    /// Leaves these properties out of every resource.
    pub missing_properties: Vec<String>,
    /// Answers a reset and does nothing.
    pub ignore_resets: bool,
    /// Refuses a reset to the state the machine is already in with 409.
    pub conflict_on_same_state: bool,
    /// Has no room for another session.
    pub session_table_full: bool,
    /// Forgets a boot override as soon as it is set.
    pub forget_boot_override: bool,
}

/// An error that a BMC answers with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// The HTTP status.
    pub status: u16,
    /// Which requests it hits.
    pub scope: Scope,
    /// How often; `None` for always.
    pub times: Option<u32>,
}

/// Kinds of request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// All of them.
    All,
    /// GET and HEAD.
    Reads,
    /// All others.
    Writes,
    /// Resets.
    Resets,
    /// Requests for a session.
    Logins,
}

impl Faults {
    /// The status to fail with, if this request is to fail; counts it.
    pub(super) fn take_failure(&mut self, scopes: &[Scope]) -> Option<u16> {
        let failure = self.failure.as_mut()?;
        if failure.scope != Scope::All && !scopes.contains(&failure.scope) {
            return None;
        }
        match &mut failure.times {
            Some(0) => None,
            Some(left) => {
                *left -= 1;
                Some(failure.status)
            }
            None => Some(failure.status),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_hits_its_scope_as_often_as_told() {
        let failure = Failure {
            status: 500,
            scope: Scope::Resets,
            times: Some(2),
        };
        let mut faults = Faults {
            failure: Some(failure),
            ..Faults::default()
        };
        assert_eq!(faults.take_failure(&[Scope::Reads]), None);
        let hits: Vec<_> = (0..3)
            .map(|_| faults.take_failure(&[Scope::Writes, Scope::Resets]))
            .collect();
        assert_eq!(hits, [Some(500), Some(500), None]);
    }
}
