//! What happens to a report between its arrival and the end of an introspection: hooks, then rules.
//!
//! Pure and synchronous: a [`Subject`] goes in, is changed in memory, and the caller stores it.
//! The vocabulary (keys of the processed report, rule operators and actions) is that of OpenStack's
//! ironic-inspector, so that its clients and rules work unchanged.
#![forbid(unsafe_code)]

mod error;
#[cfg(test)]
mod fixture;
mod hook;
pub mod lldp;
pub mod node_view;
mod pipeline;
mod ports;
mod report;
mod rules;
mod settings;
mod subject;

pub use error::HookError;
pub use hook::known_hooks;
pub use pipeline::Pipeline;
pub use rules::{
    ActionOutcome, CompiledRules, ConditionOutcome, ENROLL, Judgement, RuleFailure, RuleOutcome,
    RulePlace, RuleTrace, RuleVerdict, ValueOutcome, Verdict, validate_rule,
};
pub use settings::{AddPorts, HookSettings, KeepPorts, PciAlias};
pub use subject::Subject;
