//! Which column each filter of nodes compares.

use assay_domain::Filter;
use assay_domain::node::NodeField as F;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Nullable};

use super::Backend;
use crate::fault::Outcome;
use crate::filter::{condition, flags, integers, small_integers, texts};
use crate::schema::nodes;

/// A condition on a node.
pub(crate) type Condition =
    Box<dyn BoxableExpression<nodes::table, Backend, SqlType = Nullable<Bool>>>;

/// The condition of a filter.
pub(crate) fn condition(filter: &Filter<F>) -> Outcome<Condition> {
    Ok(match filter.field {
        F::Id => condition!(nodes::id, filter, integers),
        F::ImageId => condition!(nodes::image_id, filter, integers),
        F::NodeClassId => condition!(nodes::node_class_id, filter, integers),
        F::NodeTypeId => condition!(nodes::node_type_id, filter, integers),
        F::RamMb => condition!(nodes::ram_mb, filter, integers),
        F::HddGb => condition!(nodes::hdd_gb, filter, integers),
        F::DtcNumber => condition!(nodes::dtc_number, filter, small_integers),
        F::UnitNumber => condition!(nodes::unit_number, filter, small_integers),
        F::RackNumber => condition!(nodes::rack_number, filter, small_integers),
        F::RowNumber => condition!(nodes::row_number, filter, small_integers),
        F::CpuAmount => condition!(nodes::cpu_amount, filter, small_integers),
        F::Condition => condition!(nodes::condition, filter, small_integers),
        F::IsReserved => condition!(nodes::is_reserved, filter, flags),
        F::IsController => condition!(nodes::is_controller, filter, flags),
        F::Active => condition!(nodes::active, filter, flags),
        _ => return text_condition(filter),
    })
}

fn text_condition(filter: &Filter<F>) -> Outcome<Condition> {
    Ok(match filter.field {
        F::HypervisorId => condition!(nodes::hypervisor_id, filter, texts, like),
        F::Name => condition!(nodes::name, filter, texts, like),
        F::ControllerId => condition!(nodes::controller_id, filter, texts, like),
        F::ControllerType => condition!(nodes::controller_type, filter, texts, like),
        F::Description => condition!(nodes::description, filter, texts, like),
        F::MacAddress => condition!(nodes::mac_address, filter, texts, like),
        F::Title => condition!(nodes::title, filter, texts, like),
        F::InventoryCode => condition!(nodes::inventory_code, filter, texts, like),
        F::PowerState => condition!(nodes::power_state, filter, texts, like),
        F::Owner => condition!(nodes::owner, filter, texts, like),
        _ => return Err(crate::filter::no_text()),
    })
}
