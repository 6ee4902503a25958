//! Which column each filter of power controls compares.

use assay_domain::Filter;
use assay_domain::power_control::PowerControlField as F;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Nullable};

use super::Backend;
use crate::fault::Outcome;
use crate::filter::{condition, integers, small_integers, texts, times};
use crate::schema::power_controls;

/// A condition on a power control.
pub(crate) type Condition =
    Box<dyn BoxableExpression<power_controls::table, Backend, SqlType = Nullable<Bool>>>;

/// The condition of a filter.
pub(crate) fn condition(filter: &Filter<F>) -> Outcome<Condition> {
    Ok(match filter.field {
        F::Id => condition!(power_controls::id, filter, integers),
        F::TimeCreated => condition!(power_controls::time_created, filter, times),
        F::Title => condition!(power_controls::title, filter, texts, like),
        F::ControlType => condition!(power_controls::control_type, filter, texts, like),
        F::ProtocolType => condition!(power_controls::protocol_type, filter, texts, like),
        F::Host => condition!(power_controls::host, filter, texts, like),
        F::PortNumber => condition!(power_controls::port_number, filter, small_integers),
    })
}
