//! Evidence of what goes wrong with machines, and what is concluded from it.

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Timestamp;
use crate::cause::Cause;
use crate::driver::{DriverError, NOT_IN_STATE};
use crate::error::{Error, Result};
use crate::phase::Phase;

/// What a piece of evidence shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EvidenceKind {
    /// It points at this cause by itself.
    Points(Cause),
    /// Another boot script was served; the subject is the hash of the nonce that it replaced.
    BootedAgain,
    /// The serial log was this long when the machine was started; `offset` in the detail.
    ConsoleOffset,
}

impl EvidenceKind {
    /// The kind's name in the store and in APIs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Points(cause) => cause.as_str(),
            Self::BootedAgain => "booted_again",
            Self::ConsoleOffset => "console_offset",
        }
    }
}

impl FromStr for EvidenceKind {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text {
            "booted_again" => Ok(Self::BootedAgain),
            "console_offset" => Ok(Self::ConsoleOffset),
            other => other.parse().map(Self::Points),
        }
    }
}

/// Whom a piece of evidence is about.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum About {
    /// This introspection.
    Introspection(i64),
    /// The running introspection of the machine that was given the nonce with this hash, now or in an
    /// earlier boot; a stranger when there is none.
    Nonce(String),
    /// Somebody who fits no node.
    Stranger,
}

/// A piece of evidence to be kept.
#[derive(Debug, Clone, PartialEq)]
pub struct NewEvidence {
    /// Whom it is about.
    pub about: About,
    /// What it shows.
    pub kind: EvidenceKind,
    /// What tells it from others of its kind, e.g. a MAC address; at most 200 characters are kept.
    pub subject: String,
    /// The facts; `text` is the line for an operator. Never holds a secret.
    pub detail: Value,
    /// When it was seen.
    pub at: Timestamp,
    /// How often it was seen since it was kept last.
    pub count: i64,
}

/// A piece of evidence that is kept; repetitions are counted.
#[derive(Debug, Clone, PartialEq)]
pub struct Evidence {
    /// What it shows.
    pub kind: EvidenceKind,
    /// What tells it from others of its kind.
    pub subject: String,
    /// The facts, as they were last.
    pub detail: Value,
    /// When it was seen first.
    pub first_at: Timestamp,
    /// When it was seen last.
    pub last_at: Timestamp,
    /// How often it was seen.
    pub count: i64,
}

impl Evidence {
    /// The line for an operator, with the time, and how often when more than once.
    pub fn line(&self) -> String {
        let text = self.detail.get("text").and_then(Value::as_str);
        let text = text.unwrap_or(&self.subject);
        let at = self.last_at.format("%Y-%m-%dT%H:%M:%SZ");
        if self.count > 1 {
            format!("{at}: {text} ({} times)", self.count)
        } else {
            format!("{at}: {text}")
        }
    }
}

/// How sure a conclusion is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// It was seen to happen to this machine.
    Certain,
    /// What was seen fits this best.
    Likely,
    /// Nothing speaks against it.
    Possible,
}

impl Confidence {
    /// The word in APIs.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Certain => "certain",
            Self::Likely => "likely",
            Self::Possible => "possible",
        }
    }
}

/// A cause that was concluded, and from what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What is wrong.
    pub cause: Cause,
    /// How sure that is.
    pub confidence: Confidence,
    /// What was seen, one line each.
    pub evidence: Vec<String>,
}

impl Finding {
    /// The sentence for an error text: the cause, and the first lines of evidence.
    pub fn sentence(&self) -> String {
        let facts = self.cause.facts();
        let seen: Vec<&str> = self.evidence.iter().take(3).map(String::as_str).collect();
        format!("[{}] {} {}", facts.key, facts.text, seen.join("; "))
    }
}

/// What was concluded about an introspection in one phase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnosis {
    /// The introspection.
    pub introspection_id: i64,
    /// The phase that does not come.
    pub phase: Phase,
    /// Since when it is waited for.
    pub since: Timestamp,
    /// When a diagnosis was asked for.
    pub asked_at: Timestamp,
    /// When it was made; none while it is being made.
    pub made_at: Option<Timestamp>,
    /// The causes, the most likely one first.
    pub findings: Vec<Finding>,
}

/// An introspection that is past the limit of its phase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stuck {
    /// The node's key.
    pub node_id: i64,
    /// The node's UUID.
    pub node_uuid: String,
    /// The node's name, if it has one.
    pub node_name: Option<String>,
    /// What is known of it.
    pub diagnosis: Diagnosis,
}

impl Cause {
    /// The cause that an error of a BMC points at.
    pub fn of_device(error: &DriverError) -> Self {
        let untrusted = |cause: &str| {
            let cause = cause.to_lowercase();
            ["certificate", "fingerprint", "tls"]
                .iter()
                .any(|word| cause.contains(word))
        };
        match error {
            DriverError::Unreachable { cause, .. } if untrusted(cause) => Self::BmcTlsUntrusted,
            DriverError::Untrusted { .. } => Self::BmcTlsUntrusted,
            DriverError::Unreachable { .. } => Self::BmcUnreachable,
            DriverError::TimedOut { cause, .. } if cause.starts_with(NOT_IN_STATE) => {
                Self::PowerNotReached
            }
            DriverError::TimedOut { .. } => Self::BmcMute,
            DriverError::Refused { .. } => Self::BmcRefusedCredentials,
            DriverError::Unsupported { .. } => Self::BmcUnsupported,
            DriverError::Malformed { .. } => Self::BmcMalformed,
            DriverError::NotAsked { .. } | DriverError::Failed { .. } => Self::BmcFailed,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn kinds_round_trip() {
        let points = Cause::ALL.iter().copied().map(EvidenceKind::Points);
        let others = [EvidenceKind::BootedAgain, EvidenceKind::ConsoleOffset];
        for kind in points.chain(others) {
            assert_eq!(kind.as_str().parse::<EvidenceKind>().unwrap(), kind);
        }
    }

    #[test]
    fn repetitions_are_told() {
        let at = Timestamp::from_timestamp(0, 0).unwrap();
        let mut evidence = Evidence {
            kind: EvidenceKind::Points(Cause::UnknownMac),
            subject: "52:54:00:00:00:01".to_owned(),
            detail: json!({"text": "a machine asked"}),
            first_at: at,
            last_at: at,
            count: 1,
        };
        assert_eq!(evidence.line(), "1970-01-01T00:00:00Z: a machine asked");
        evidence.count = 3;
        assert!(evidence.line().ends_with("(3 times)"));
    }

    #[test]
    fn device_errors_are_told_apart() {
        let lost = |cause: &str| DriverError::Unreachable {
            endpoint: "bmc:443".to_owned(),
            cause: cause.to_owned(),
        };
        assert_eq!(
            Cause::of_device(&lost("connection refused")),
            Cause::BmcUnreachable
        );
        assert_eq!(
            Cause::of_device(&lost("invalid peer certificate: UnknownIssuer")),
            Cause::BmcTlsUntrusted
        );
        let another = DriverError::Untrusted {
            endpoint: "pdu:22".to_owned(),
            cause: "its host key has changed".to_owned(),
        };
        assert_eq!(Cause::of_device(&another), Cause::BmcTlsUntrusted);
        let late = |cause: String| DriverError::TimedOut {
            endpoint: "bmc:443".to_owned(),
            cause,
        };
        assert_eq!(
            Cause::of_device(&late(format!("{NOT_IN_STATE}on within 5 s"))),
            Cause::PowerNotReached
        );
        assert_eq!(
            Cause::of_device(&late("no answer within 5 s".to_owned())),
            Cause::BmcMute
        );
    }
}
