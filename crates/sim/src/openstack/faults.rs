//! Faults on demand: calls that get no proper answer, and actions that end badly.

use serde::{Deserialize, Serialize};

/// What becomes of a call that a fault hits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CallFault {
    /// An error answer, and nothing is done.
    Answer {
        /// The HTTP status.
        status: u16,
        /// The seconds of a `Retry-After` header, if there is to be one.
        retry_after: Option<u64>,
    },
    /// It is taken and never answered; nothing is done.
    Hang,
    /// The connection is closed; nothing is done.
    HangUp,
    /// What is asked for is done, and the connection is closed in place of the answer.
    LoseAnswer,
}

/// A fault that hits calls.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenStackFault {
    /// Which operations it hits, by the names that the counters have them under (`compute POST
    /// /servers/{id}/action os-migrateLive`); `*` stands for any text.
    pub operation: String,
    /// What becomes of them.
    pub fault: CallFault,
    /// How often; `None` for always.
    pub times: Option<u32>,
}

/// How an action ends that is to end badly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BadEnd {
    /// It fails on the hosts, after all was prepared.
    Error,
    /// The scheduler finds no host.
    NoValidHost,
}

/// An action that is to end badly.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActionFailure {
    /// Its name in the body of its request (`os-migrateLive`, `migrate`, `evacuate`, `os-start`, …), or `create`.
    pub action: String,
    /// The instance's id; any when absent.
    #[serde(default)]
    pub instance: Option<String>,
    /// How it ends.
    pub end: BadEnd,
    /// How often; `None` for always.
    #[serde(default)]
    pub times: Option<u32>,
}

/// Counts one hit; false when there is none left.
fn hit(times: &mut Option<u32>) -> bool {
    match times {
        None => true,
        Some(0) => false,
        Some(left) => {
            *left -= 1;
            true
        }
    }
}

/// All faults of a cloud.
#[derive(Debug, Default)]
pub(super) struct Faults {
    pub(super) calls: Vec<OpenStackFault>,
    pub(super) actions: Vec<ActionFailure>,
}

impl Faults {
    /// What is to become of a call; counts it.
    pub(super) fn of_call(&mut self, operation: &str) -> Option<CallFault> {
        let mut fitting = self
            .calls
            .iter_mut()
            .filter(|fault| fits(&fault.operation, operation));
        fitting.find_map(|fault| hit(&mut fault.times).then_some(fault.fault))
    }

    /// Whether an action is to end like this; counts it.
    pub(super) fn of_action(&mut self, action: &str, instance: &str, end: BadEnd) -> bool {
        let fitting = |failure: &ActionFailure| {
            failure.action == action
                && failure.end == end
                && failure.instance.as_deref().is_none_or(|id| id == instance)
        };
        self.actions
            .iter_mut()
            .filter(|failure| fitting(failure))
            .any(|failure| hit(&mut failure.times))
    }
}

/// Whether a text is what a pattern with `*` describes.
fn fits(pattern: &str, text: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else {
        return pattern == text;
    };
    let Some(mut text) = text.strip_prefix(head) else {
        return false;
    };
    let (middle, tail) = rest.rsplit_once('*').unwrap_or(("", rest));
    for part in middle.split('*').filter(|part| !part.is_empty()) {
        match text.find(part) {
            Some(at) => text = &text[at + part.len()..],
            None => return false,
        }
    }
    text.ends_with(tail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_fit_operations() {
        let operation = "compute POST /servers/{id}/action os-migrateLive";
        for pattern in [
            "*",
            "compute *",
            operation,
            "* os-migrateLive",
            "*POST*action*",
        ] {
            assert!(fits(pattern, operation), "{pattern}");
        }
        for pattern in ["", "volume *", "compute POST", "*GET*action*", "*stop"] {
            assert!(!fits(pattern, operation), "{pattern}");
        }
    }

    #[test]
    fn a_fault_hits_as_often_as_told() {
        let mut faults = Faults::default();
        faults.calls.push(OpenStackFault {
            operation: "compute *".to_owned(),
            fault: CallFault::Hang,
            times: Some(2),
        });
        assert_eq!(faults.of_call("volume GET /volumes"), None);
        let hits = (0..3).map(|_| faults.of_call("compute GET /servers").is_some());
        assert_eq!(hits.collect::<Vec<_>>(), [true, true, false]);
    }

    #[test]
    fn an_action_fails_for_the_instance_that_was_named() {
        let mut faults = Faults::default();
        faults.actions.push(ActionFailure {
            action: "migrate".to_owned(),
            instance: Some("a".to_owned()),
            end: BadEnd::Error,
            times: None,
        });
        assert!(!faults.of_action("migrate", "b", BadEnd::Error));
        assert!(!faults.of_action("migrate", "a", BadEnd::NoValidHost));
        assert!(!faults.of_action("evacuate", "a", BadEnd::Error));
        assert!(faults.of_action("migrate", "a", BadEnd::Error));
    }
}
