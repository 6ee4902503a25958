//! What rules did and why, for whoever wonders: in full for one report, in a few letters for many.

use std::fmt;

use serde_json::Value;

/// What became of a rule set on one report.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RuleTrace {
    /// One entry for every rule, in order.
    pub rules: Vec<RuleOutcome>,
    /// The first error, at which everything stops; nothing of the report is applied then.
    pub failure: Option<Box<RuleFailure>>,
}

/// What became of one rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleOutcome {
    /// The rule's UUID.
    pub uuid: String,
    /// The rule's description.
    pub description: Option<String>,
    /// Whether the rule's scope is the node's; otherwise nothing was looked at.
    pub in_scope: bool,
    /// Every condition, also after one that does not hold.
    pub conditions: Vec<ConditionOutcome>,
    /// Whether all conditions hold, so that the actions were to be done.
    pub held: bool,
    /// The actions that were done.
    pub actions: Vec<ActionOutcome>,
}

/// What a condition came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConditionOutcome {
    /// The operator.
    pub op: String,
    /// The field, as the rule has it.
    pub field: String,
    /// What the field is compared with; null when the operator needs nothing.
    pub wanted: Value,
    /// `any`, `all` or `first`: how several values count.
    pub multiple: &'static str,
    /// Whether the result for each value is turned round.
    pub invert: bool,
    /// Whether the condition holds.
    pub held: bool,
    /// How many values the field led to.
    pub looked_at: usize,
    /// The values that were looked at; the first 16.
    pub values: Vec<ValueOutcome>,
    /// Why the condition does not hold; `None` when it does.
    pub why: Option<String>,
}

impl ConditionOutcome {
    /// Where the condition holds, as normalized paths (RFC 9535, section 2.7); the first 16 places.
    pub fn held_at(&self) -> impl Iterator<Item = &str> {
        let held = self.values.iter().filter(|value| value.held);
        held.map(|value| value.path.as_str())
    }
}

/// What a condition said of one value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValueOutcome {
    /// Where the value is, as a normalized path (RFC 9535, section 2.7); empty for a field that is
    /// not there and was taken as null.
    pub path: String,
    /// The value; a text, list or object beyond 256 bytes as JSON text, cut off there.
    pub value: Value,
    /// Whether the operator is satisfied, turned round when the condition is inverted.
    pub held: bool,
    /// Why it is not, as the end of a sentence about the value.
    pub why: Option<String>,
}

/// What an action did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActionOutcome {
    /// The action's name, e.g. `set-attribute`.
    pub action: &'static str,
    /// What it changed: a path, a capability or a trait.
    pub target: String,
    /// The value, with fields filled in; null where the action has none.
    pub value: Value,
}

/// Which part of a rule, counted from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RulePlace {
    /// A condition.
    Condition(usize),
    /// An action.
    Action(usize),
}

impl fmt::Display for RulePlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Condition(at) => write!(f, "conditions[{at}]"),
            Self::Action(at) => write!(f, "actions[{at}]"),
        }
    }
}

/// Why rules stopped: a rule that cannot be understood, an action that cannot be done, or a `fail`
/// action, whose message is shown alone, as its author wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleFailure {
    /// Which rule of the set, counted from 0.
    pub rule: usize,
    /// The rule's UUID.
    pub uuid: String,
    /// The rule's description.
    pub description: Option<String>,
    /// Which of its parts.
    pub place: RulePlace,
    /// The action's name; none for a part that is not understood.
    pub action: Option<&'static str>,
    /// That part as its author wrote it, as JSON.
    pub text: String,
    /// What went wrong, or the message of the `fail` action.
    pub message: String,
    /// Whether it is a `fail` action.
    pub deliberate: bool,
    /// What the rule's conditions came to.
    pub conditions: Vec<ConditionOutcome>,
}

impl RuleFailure {
    /// The rule's description, else its UUID.
    pub fn title(&self) -> &str {
        let description = self.description.as_deref();
        description
            .filter(|text| !text.is_empty())
            .unwrap_or(&self.uuid)
    }
}

impl fmt::Display for RuleFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.deliberate {
            return f.write_str(&self.message);
        }
        write!(f, "Rule {}: {}", self.title(), self.place)?;
        if let Some(action) = self.action {
            write!(f, " ({action})")?;
        }
        write!(f, ": {}", self.message)
    }
}

/// What a condition came to, in one letter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// It holds.
    Held,
    /// The field is not there.
    Missing,
    /// The field is there, and it does not hold.
    NotHeld,
    /// It cannot be understood.
    Broken,
}

impl Verdict {
    /// The letter: `h`, `m`, `n` or `b`.
    pub fn letter(self) -> char {
        match self {
            Self::Held => 'h',
            Self::Missing => 'm',
            Self::NotHeld => 'n',
            Self::Broken => 'b',
        }
    }

    fn of(letter: char) -> Option<Self> {
        [Self::Held, Self::Missing, Self::NotHeld, Self::Broken]
            .into_iter()
            .find(|verdict| verdict.letter() == letter)
    }
}

/// What became of one rule, in a few letters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RuleVerdict {
    /// The rule's scope is not the node's.
    OutOfScope,
    /// What each condition came to.
    Conditions(Vec<Verdict>),
}

/// The code of a rule that is out of scope.
const OUT_OF_SCOPE: &str = "-";

impl RuleVerdict {
    /// Whether all conditions hold.
    pub fn held(&self) -> bool {
        match self {
            Self::OutOfScope => false,
            Self::Conditions(all) => all.iter().all(|verdict| *verdict == Verdict::Held),
        }
    }

    /// One letter for each condition, or `-` when the rule is out of scope.
    pub fn code(&self) -> String {
        match self {
            Self::OutOfScope => OUT_OF_SCOPE.to_owned(),
            Self::Conditions(all) => all.iter().map(|verdict| verdict.letter()).collect(),
        }
    }

    /// The verdict that has this code; `None` for a text that is none.
    pub fn parse(code: &str) -> Option<Self> {
        if code == OUT_OF_SCOPE {
            return Some(Self::OutOfScope);
        }
        let verdicts: Option<Vec<Verdict>> = code.chars().map(Verdict::of).collect();
        verdicts.map(Self::Conditions)
    }
}

/// What became of a rule set on one report, in a few letters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// One entry for every rule, in order.
    pub rules: Vec<RuleVerdict>,
    /// The first error, at which everything stops.
    pub failure: Option<Box<RuleFailure>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verdict_is_read_back_from_its_code() {
        let some = RuleVerdict::Conditions(vec![
            Verdict::Held,
            Verdict::Missing,
            Verdict::NotHeld,
            Verdict::Broken,
        ]);
        assert_eq!(some.code(), "hmnb");
        let none = RuleVerdict::Conditions(Vec::new());
        assert!(none.held() && !some.held() && !RuleVerdict::OutOfScope.held());
        for verdict in [some, none, RuleVerdict::OutOfScope] {
            assert_eq!(RuleVerdict::parse(&verdict.code()), Some(verdict));
        }
        assert_eq!(RuleVerdict::parse("hx"), None);
    }
}
