//! A rule set, understood once and then put to many reports.

use assay_domain::Rule;
use assay_domain::rule::RuleItem;
use serde_json::Value;

use super::action::{Action, Stop};
use super::condition::Condition;
use super::trace::{
    ActionOutcome, ConditionOutcome, Judgement, RuleFailure, RuleOutcome, RulePlace, RuleTrace,
    RuleVerdict, Verdict,
};
use crate::{Subject, node_view};

/// Rules whose paths, expressions and templates are parsed. A part that cannot be understood is
/// kept as its error, which is told when a report comes to it.
#[derive(Debug)]
pub struct CompiledRules {
    rules: Vec<CompiledRule>,
}

#[derive(Debug)]
struct CompiledRule {
    uuid: String,
    description: Option<String>,
    /// Empty counts as none.
    scope: Option<String>,
    conditions: Vec<Part<Condition>>,
    actions: Vec<Part<Action>>,
}

/// A condition or an action, with the text that it was made from.
#[derive(Debug)]
struct Part<T> {
    source: RuleItem,
    parsed: Result<T, String>,
}

impl<T> Part<T> {
    fn all(items: &[RuleItem], parse: fn(&RuleItem) -> Result<T, String>) -> Vec<Self> {
        let parts = items.iter().map(|item| Self {
            source: item.clone(),
            parsed: parse(item),
        });
        parts.collect()
    }
}

/// What stopped a rule: the place, the action's name when it was understood, the message, and
/// whether it is a `fail` action.
struct Stopped<'a> {
    place: RulePlace,
    source: &'a RuleItem,
    action: Option<&'static str>,
    message: String,
    deliberate: bool,
}

impl CompiledRules {
    /// Parses the rules, which run in the order given.
    pub fn compile(rules: &[Rule]) -> Self {
        let rules = rules.iter().map(|rule| CompiledRule {
            uuid: rule.uuid.clone(),
            description: rule.description.clone(),
            scope: rule.scope.clone().filter(|scope| !scope.is_empty()),
            conditions: Part::all(&rule.conditions, Condition::parse),
            actions: Part::all(&rule.actions, Action::parse),
        });
        Self {
            rules: rules.collect(),
        }
    }

    /// How many rules there are.
    pub fn len(&self) -> usize {
        self.rules.len()
    }

    /// Whether there is no rule.
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    /// Looks at all rules' conditions first, then does the actions of those that hold, so that no
    /// rule sees what another did. After a failure the subject is in between and not to be stored.
    pub fn judge(&self, subject: &mut Subject) -> Judgement {
        self.run(subject, |_, _| {})
    }

    /// As [`Self::judge`], and says in full what was looked at and done.
    pub fn trace(&self, subject: &mut Subject) -> RuleTrace {
        let node = node_view::view(&subject.node);
        let rules = self.rules.iter();
        let mut outcomes: Vec<RuleOutcome> = rules
            .map(|rule| rule.explain(&subject.data, &node))
            .collect();
        let judgement = self.run(subject, |rule, done| {
            if let Some(outcome) = outcomes.get_mut(rule) {
                outcome.actions.push(done);
            }
        });
        RuleTrace {
            rules: outcomes,
            failure: judgement.failure,
        }
    }

    fn run(&self, subject: &mut Subject, mut done: impl FnMut(usize, ActionOutcome)) -> Judgement {
        let node = node_view::view(&subject.node);
        let rules = self.rules.iter();
        let verdicts: Vec<RuleVerdict> =
            rules.map(|rule| rule.look(&subject.data, &node)).collect();
        let judged = || self.rules.iter().zip(&verdicts).enumerate();
        let broken = judged().find_map(|(at, (rule, verdict))| {
            let stopped = rule.broken(verdict)?;
            Some(rule.failure(at, stopped, &subject.data, &node))
        });
        let failure = broken.or_else(|| {
            let held = judged().filter(|(_, (_, verdict))| verdict.held());
            held.into_iter().find_map(|(at, (rule, _))| {
                let stopped = rule.act(subject, |outcome| done(at, outcome)).err()?;
                Some(rule.failure(at, stopped, &subject.data, &node))
            })
        });
        Judgement {
            rules: verdicts,
            failure,
        }
    }
}

impl CompiledRule {
    fn is_for(&self, node: &Value) -> bool {
        let scope = node.pointer("/properties/inspection_scope");
        self.scope.is_none() || self.scope.as_deref() == scope.and_then(Value::as_str)
    }

    fn look(&self, data: &Value, node: &Value) -> RuleVerdict {
        if !self.is_for(node) {
            return RuleVerdict::OutOfScope;
        }
        let look = |part: &Part<Condition>| match &part.parsed {
            Ok(condition) => condition.verdict(data, node),
            Err(_) => Verdict::Broken,
        };
        RuleVerdict::Conditions(self.conditions.iter().map(look).collect())
    }

    fn explain(&self, data: &Value, node: &Value) -> RuleOutcome {
        let in_scope = self.is_for(node);
        let conditions = if in_scope {
            self.conditions(data, node)
        } else {
            Vec::new()
        };
        RuleOutcome {
            uuid: self.uuid.clone(),
            description: self.description.clone(),
            in_scope,
            held: in_scope && conditions.iter().all(|condition| condition.held),
            conditions,
            actions: Vec::new(),
        }
    }

    fn conditions(&self, data: &Value, node: &Value) -> Vec<ConditionOutcome> {
        let explain = |part: &Part<Condition>| match &part.parsed {
            Ok(condition) => condition.explain(data, node),
            Err(reason) => not_understood(&part.source, reason),
        };
        self.conditions.iter().map(explain).collect()
    }

    /// The first condition that is not understood, if the rule is for this node.
    fn broken(&self, verdict: &RuleVerdict) -> Option<Stopped<'_>> {
        if *verdict == RuleVerdict::OutOfScope {
            return None;
        }
        let mut parts = self.conditions.iter().enumerate();
        parts.find_map(|(at, part)| {
            Some(Stopped {
                place: RulePlace::Condition(at),
                source: &part.source,
                action: None,
                message: part.parsed.as_ref().err()?.clone(),
                deliberate: false,
            })
        })
    }

    fn act(
        &self,
        subject: &mut Subject,
        mut done: impl FnMut(ActionOutcome),
    ) -> Result<(), Stopped<'_>> {
        for (at, part) in self.actions.iter().enumerate() {
            let stopped = |action, message, deliberate| Stopped {
                place: RulePlace::Action(at),
                source: &part.source,
                action,
                message,
                deliberate,
            };
            let action = part.parsed.as_ref();
            let action = action.map_err(|reason| stopped(None, reason.clone(), false))?;
            let outcome = action.run(subject).map_err(|stop| match stop {
                Stop::Failed(message) => stopped(Some(action.name()), message, true),
                Stop::Wrong(message) => stopped(Some(action.name()), message, false),
            })?;
            done(outcome);
        }
        Ok(())
    }

    fn failure(
        &self,
        rule: usize,
        stopped: Stopped<'_>,
        data: &Value,
        node: &Value,
    ) -> Box<RuleFailure> {
        Box::new(RuleFailure {
            rule,
            uuid: self.uuid.clone(),
            description: self.description.clone(),
            place: stopped.place,
            action: stopped.action,
            text: Value::Object(stopped.source.clone()).to_string(),
            message: stopped.message,
            deliberate: stopped.deliberate,
            conditions: self.conditions(data, node),
        })
    }
}

fn not_understood(source: &RuleItem, reason: &str) -> ConditionOutcome {
    let text = |key: &str| source.get(key).and_then(Value::as_str);
    ConditionOutcome {
        op: text("op").unwrap_or_default().to_owned(),
        field: text("field").unwrap_or_default().to_owned(),
        wanted: source.get("value").cloned().unwrap_or_default(),
        multiple: "any",
        invert: false,
        held: false,
        looked_at: 0,
        values: Vec::new(),
        why: Some(reason.to_owned()),
    }
}
