//! Which column each filter of a list compares, and the rows for which all filters hold.

use assay_domain::Filter;
use assay_domain::availability_storage::AvailabilityStorageField;
use assay_domain::node::NodeField;
use assay_domain::node_class::{BootImageField, NodeClassField};
use assay_domain::power_control::PowerControlField;
use diesel::prelude::*;
use diesel::sql_types::{Bool, Nullable};

use super::Backend;
use crate::fault::Outcome;
use crate::filter::{condition, flags, integers, small_integers, texts, times};
use crate::schema::{availability_storages, node_classes, node_images, nodes, power_controls};

/// Makes a function of a table's name that gives the rows for which all filters hold. Each field is
/// given with its column and the kind of its values, `like` behind it for a column of text.
macro_rules! filtered {
    ($table:ident by $fields:ident: $($field:ident => $column:ident, $values:ident $(, $like:ident)?;)+) => {
        /// The rows for which all filters hold.
        pub(crate) fn $table<'q>(
            filters: &[Filter<$fields>],
        ) -> Outcome<$table::BoxedQuery<'q, Backend>> {
            type Condition =
                Box<dyn BoxableExpression<$table::table, Backend, SqlType = Nullable<Bool>>>;
            let mut query = $table::table.into_boxed::<Backend>();
            for filter in filters {
                query = query.filter(match filter.field {
                    $($fields::$field => condition!($table::$column, filter, $values $(, $like)?),)+
                });
            }
            Ok(query)
        }
    };
}

filtered! { nodes by NodeField:
    Id => id, integers;
    ImageId => image_id, integers;
    NodeClassId => node_class_id, integers;
    NodeTypeId => node_type_id, integers;
    HypervisorId => hypervisor_id, texts, like;
    Name => name, texts, like;
    ControllerId => controller_id, texts, like;
    ControllerType => controller_type, texts, like;
    Description => description, texts, like;
    DtcNumber => dtc_number, small_integers;
    UnitNumber => unit_number, small_integers;
    RackNumber => rack_number, small_integers;
    RowNumber => row_number, small_integers;
    CpuAmount => cpu_amount, small_integers;
    RamMb => ram_mb, integers;
    HddGb => hdd_gb, integers;
    MacAddress => mac_address, texts, like;
    Title => title, texts, like;
    IsReserved => is_reserved, flags;
    IsController => is_controller, flags;
    InventoryCode => inventory_code, texts, like;
    PowerState => power_state, texts, like;
    Owner => owner, texts, like;
    Active => active, flags;
    Condition => condition, small_integers;
}

filtered! { power_controls by PowerControlField:
    Id => id, integers;
    TimeCreated => time_created, times;
    Title => title, texts, like;
    ControlType => control_type, texts, like;
    ProtocolType => protocol_type, texts, like;
    Host => host, texts, like;
    PortNumber => port_number, small_integers;
}

filtered! { node_classes by NodeClassField:
    Id => id, integers;
    Name => name, texts, like;
}

filtered! { node_images by BootImageField:
    Id => id, integers;
    Name => name, texts, like;
    CreatedAt => created_at, times;
}

filtered! { availability_storages by AvailabilityStorageField:
    Id => id, integers;
    Name => name, texts, like;
}
