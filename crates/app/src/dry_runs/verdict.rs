//! What a dry run says of one report, in few bytes.

use assay_domain::{Error, Result};
use assay_hooks::{HookError, RuleFailure, RuleVerdict};
use serde::{Deserialize, Serialize};

/// What rules came to on one report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportVerdict {
    /// One entry for each rule; none when a hook refuses the report.
    pub rules: Vec<RuleVerdict>,
    /// What stops the processing of this report, if anything does.
    pub stop: Option<Stop>,
    /// Which parts of the node the rules would change: names of its fields, or `ports`.
    pub changed: Vec<String>,
}

/// What stops the processing of a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stop {
    /// Which rule, counted from 0; none when it is a hook.
    pub rule: Option<usize>,
    /// Which of its parts, e.g. `actions[1]`; empty for a hook.
    pub place: String,
    /// Why, as an introspection would show it.
    pub message: String,
    /// Whether it is a rule's `fail` action.
    pub deliberate: bool,
}

impl From<&RuleFailure> for Stop {
    fn from(failure: &RuleFailure) -> Self {
        Self {
            rule: Some(failure.rule),
            place: failure.place.to_string(),
            message: failure.to_string(),
            deliberate: failure.deliberate,
        }
    }
}

impl From<&HookError> for Stop {
    fn from(error: &HookError) -> Self {
        Self {
            rule: None,
            place: String::new(),
            message: error.to_string(),
            deliberate: false,
        }
    }
}

/// The form in which verdicts are stored.
#[derive(Serialize, Deserialize)]
struct Stored {
    rules: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    stop: Option<Stop>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    changed: Vec<String>,
}

impl ReportVerdict {
    /// The verdict as JSON text.
    pub(super) fn encode(&self) -> Result<Vec<u8>> {
        let stored = Stored {
            rules: self.rules.iter().map(RuleVerdict::code).collect(),
            stop: self.stop.clone(),
            changed: self.changed.clone(),
        };
        serde_json::to_vec(&stored).map_err(Error::internal)
    }

    /// The verdict from its JSON text.
    pub(super) fn decode(text: &[u8]) -> Result<Self> {
        let stored: Stored = serde_json::from_slice(text).map_err(Error::internal)?;
        let rules: Option<Vec<_>> = stored
            .rules
            .iter()
            .map(|code| RuleVerdict::parse(code))
            .collect();
        Ok(Self {
            rules: rules.ok_or_else(|| Error::internal("a stored verdict is damaged"))?,
            stop: stored.stop,
            changed: stored.changed,
        })
    }

    /// Whether the rule in that place held as asked, and was in scope; without a place, whether any
    /// rule did as asked.
    pub(super) fn fits(&self, rule: Option<usize>, held: Option<bool>) -> bool {
        match (rule, held) {
            (None, None) => true,
            (None, Some(held)) => self.rules.iter().any(RuleVerdict::held) == held,
            (Some(at), held) => self.rules.get(at).is_some_and(|verdict| {
                *verdict != RuleVerdict::OutOfScope
                    && held.is_none_or(|held| verdict.held() == held)
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use assay_hooks::Verdict;

    #[test]
    fn a_verdict_survives_its_storage_and_is_found() {
        let verdict = ReportVerdict {
            rules: vec![
                RuleVerdict::OutOfScope,
                RuleVerdict::Conditions(vec![Verdict::Held]),
                RuleVerdict::Conditions(vec![Verdict::Held, Verdict::Missing]),
            ],
            stop: Some(Stop {
                rule: Some(1),
                place: "actions[0]".to_owned(),
                message: "no".to_owned(),
                deliberate: true,
            }),
            changed: vec!["extra".to_owned()],
        };
        let text = verdict.encode().unwrap();
        assert_eq!(ReportVerdict::decode(&text).unwrap(), verdict);
        assert!(verdict.fits(None, Some(true)) && !verdict.fits(None, Some(false)));
        assert!(!verdict.fits(Some(0), None) && !verdict.fits(Some(0), Some(false)));
        assert!(verdict.fits(Some(1), Some(true)) && verdict.fits(Some(2), Some(false)));
        assert!(!verdict.fits(Some(3), None));
        assert!(ReportVerdict::decode(b"{\"rules\": [\"x\"]}").is_err());
    }
}
