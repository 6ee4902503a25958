//! Guards: who is asking, how much they may send, and how often.

mod body;
mod caller;
mod depth;
mod intake;
mod rate;

pub(crate) use body::{JsonBody, RawBody, SecretBody};
pub(crate) use caller::{Caller, TOKEN};
pub(crate) use intake::{Intake, ReportBudget};
pub(crate) use rate::{BootRate, Limiters, LoginRate, ReportRate};
