//! The rows of every table: how each reads, is written, and becomes a type of the domain.

mod alarm;
mod base64;
mod dead_letter;
mod fleet;
mod held_report;
mod introspection;
mod machine;
mod node;
mod node_class;
mod port;
mod power_action;
mod power_control;
mod report;
mod revoked_token;
mod rule;
mod task;
mod user;

pub(crate) use alarm::AlarmRow;
pub(crate) use dead_letter::DeadLetterRow;
pub(crate) use fleet::{LeaseRow, ProcessRow, WaiterRow};
pub(crate) use held_report::{HeldReportHead, HeldReportRow};
pub(crate) use introspection::{IntrospectionRow, PhaseRow};
pub(crate) use machine::{BootClaimRow, DiscoveryBootRow, FingerprintRow};
pub(crate) use node::{NodeChanges, NodeRow};
pub(crate) use node_class::{NodeClassRow, NodeImageRow, NodeTypeRow};
pub(crate) use port::PortRow;
pub(crate) use power_action::PowerActionRow;
pub(crate) use power_control::{AssignmentRow, PowerControlChanges, PowerControlRow};
pub(crate) use report::{ReportHead, ReportRow};
pub(crate) use revoked_token::RevokedTokenRow;
pub(crate) use rule::RuleRow;
pub(crate) use task::{TaskMessageRow, TaskRow};
pub(crate) use user::UserRow;
