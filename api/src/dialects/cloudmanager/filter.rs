//! Filters of lists: `field=value` or `field=op:value`.
//!
//! Operators: eq, ne, gt, ge, lt, le, like (`%` any text, `_` one character), in:a,b, nin:a,b,
//! null:true|false. Without an operator the value must be equal; a value that itself begins with
//! an operator and a colon is written `eq:value`. The document names modifiers without their
//! syntax: this is a reading.

use assay_domain::availability_storage::AvailabilityStorageField;
use assay_domain::node::NodeField;
use assay_domain::node_class::{BootImageField, NodeClassField};
use assay_domain::power_control::PowerControlField;
use assay_domain::volume::VolumeBackendField;
use assay_domain::{Error, Filter, FilterOp, FilterValue, Result, Timestamp};
use assay_inventory::normalize_mac;
use chrono::{DateTime, NaiveDateTime};

use crate::query::{Query, flag};

/// What values of a field look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    /// A MAC address in any notation; a part of one for `like`.
    Mac,
    Bool,
    Time,
    Power,
    /// Any whole number.
    Number,
    /// A whole number from 1 to 99.
    Place,
    /// A whole number from 0 to 4.
    Condition,
}

/// A field that a list can be filtered by.
struct Known<F> {
    name: &'static str,
    field: F,
    kind: Kind,
}

const fn known<F: Copy>(name: &'static str, field: F, kind: Kind) -> Known<F> {
    Known { name, field, kind }
}

const NODE_FIELDS: [Known<NodeField>; 25] = [
    known("id", NodeField::Id, Kind::Number),
    known("image_id", NodeField::ImageId, Kind::Number),
    known("node_class_id", NodeField::NodeClassId, Kind::Number),
    known("node_type_id", NodeField::NodeTypeId, Kind::Number),
    known("hypervisor_id", NodeField::HypervisorId, Kind::Text),
    known("name", NodeField::Name, Kind::Text),
    known("controller_id", NodeField::ControllerId, Kind::Text),
    known("controller_type", NodeField::ControllerType, Kind::Text),
    known("description", NodeField::Description, Kind::Text),
    known("dtc_number", NodeField::DtcNumber, Kind::Place),
    known("unit_number", NodeField::UnitNumber, Kind::Place),
    known("rack_number", NodeField::RackNumber, Kind::Place),
    known("row_number", NodeField::RowNumber, Kind::Place),
    known("cpu_amount", NodeField::CpuAmount, Kind::Place),
    known("ram_mb", NodeField::RamMb, Kind::Number),
    known("hdd_gb", NodeField::HddGb, Kind::Number),
    known("mac_address", NodeField::MacAddress, Kind::Mac),
    known("title", NodeField::Title, Kind::Text),
    known("is_reserved", NodeField::IsReserved, Kind::Bool),
    known("is_controller", NodeField::IsController, Kind::Bool),
    known("inventory_code", NodeField::InventoryCode, Kind::Text),
    known("power_state", NodeField::PowerState, Kind::Power),
    known("owner", NodeField::Owner, Kind::Text),
    known("active", NodeField::Active, Kind::Bool),
    known("condition", NodeField::Condition, Kind::Condition),
];

const POWER_CONTROL_FIELDS: [Known<PowerControlField>; 7] = [
    known("id", PowerControlField::Id, Kind::Number),
    known("created_at", PowerControlField::TimeCreated, Kind::Time),
    known("title", PowerControlField::Title, Kind::Text),
    known("control_type", PowerControlField::ControlType, Kind::Text),
    known("protocol_type", PowerControlField::ProtocolType, Kind::Text),
    known("host", PowerControlField::Host, Kind::Text),
    known("port_number", PowerControlField::PortNumber, Kind::Number),
];

const NODE_CLASS_FIELDS: [Known<NodeClassField>; 2] = [
    known("id", NodeClassField::Id, Kind::Number),
    known("name", NodeClassField::Name, Kind::Text),
];

const IMAGE_FIELDS: [Known<BootImageField>; 3] = [
    known("id", BootImageField::Id, Kind::Number),
    known("created_at", BootImageField::CreatedAt, Kind::Time),
    known("image_name", BootImageField::Name, Kind::Text),
];

/// The document lists one name of the key, and allows modifiers for the other one.
const STORAGE_FIELDS: [Known<AvailabilityStorageField>; 3] = [
    known("id", AvailabilityStorageField::Id, Kind::Number),
    known(
        "availability_storage_id",
        AvailabilityStorageField::Id,
        Kind::Number,
    ),
    known("name", AvailabilityStorageField::Name, Kind::Text),
];

const VOLUME_BACKEND_FIELDS: [Known<VolumeBackendField>; 3] = [
    known("volume_backend_name", VolumeBackendField::Name, Kind::Text),
    known("host", VolumeBackendField::Host, Kind::Text),
    known("vg_name", VolumeBackendField::VgName, Kind::Text),
];

/// The filters of a list of volume backends; `others` are the parameters that are no filters.
///
/// # Errors
/// [`Error::Invalid`] names the unknown parameter or the bad value.
pub(super) fn volume_backend_filters(
    query: &Query<'_>,
    others: &[&str],
) -> Result<Vec<Filter<VolumeBackendField>>> {
    filters(query, &VOLUME_BACKEND_FIELDS, others)
}

/// The filters of a list of nodes; `others` are the parameters that are no filters.
///
/// # Errors
/// [`Error::Invalid`] names the unknown parameter or the bad value.
pub(super) fn node_filters(query: &Query<'_>, others: &[&str]) -> Result<Vec<Filter<NodeField>>> {
    filters(query, &NODE_FIELDS, others)
}

/// The filters of a list of power controls; `others` are the parameters that are no filters.
///
/// # Errors
/// [`Error::Invalid`] names the unknown parameter or the bad value.
pub(super) fn power_control_filters(
    query: &Query<'_>,
    others: &[&str],
) -> Result<Vec<Filter<PowerControlField>>> {
    filters(query, &POWER_CONTROL_FIELDS, others)
}

/// The filters of a list of node classes; `others` are the parameters that are no filters.
///
/// # Errors
/// [`Error::Invalid`] names the unknown parameter or the bad value.
pub(super) fn node_class_filters(
    query: &Query<'_>,
    others: &[&str],
) -> Result<Vec<Filter<NodeClassField>>> {
    filters(query, &NODE_CLASS_FIELDS, others)
}

/// The filters of a list of boot images; `others` are the parameters that are no filters.
///
/// # Errors
/// [`Error::Invalid`] names the unknown parameter or the bad value.
pub(super) fn image_filters(
    query: &Query<'_>,
    others: &[&str],
) -> Result<Vec<Filter<BootImageField>>> {
    filters(query, &IMAGE_FIELDS, others)
}

/// The filters of a list of availability storages; `others` are the parameters that are no filters.
///
/// # Errors
/// [`Error::Invalid`] names the unknown parameter or the bad value.
pub(super) fn storage_filters(
    query: &Query<'_>,
    others: &[&str],
) -> Result<Vec<Filter<AvailabilityStorageField>>> {
    filters(query, &STORAGE_FIELDS, others)
}

fn filters<F: Copy>(
    query: &Query<'_>,
    fields: &[Known<F>],
    others: &[&str],
) -> Result<Vec<Filter<F>>> {
    query
        .pairs()
        .filter(|(name, _)| !others.contains(name))
        .map(|(name, text)| {
            let known = fields
                .iter()
                .find(|known| known.name == name)
                .ok_or_else(|| {
                    Error::invalid(format!("the parameter '{name}' is not known here"))
                })?;
            filter(known, text).map_err(|reason| Error::invalid(format!("{name}: {reason}")))
        })
        .collect()
}

fn filter<F: Copy>(known: &Known<F>, text: &str) -> Result<Filter<F>, String> {
    let (op, rest) = operator(text);
    if !suits(op, known.kind) {
        return Err(format!("'{text}': this operator does not suit the field"));
    }
    let values = match op {
        FilterOp::Null => vec![truth(rest)?],
        FilterOp::In | FilterOp::NotIn => rest
            .split(',')
            .map(|one| value(known.kind, one))
            .collect::<Result<_, _>>()?,
        FilterOp::Like => vec![FilterValue::Text(rest.to_owned())],
        _ => vec![value(known.kind, rest)?],
    };
    Ok(Filter {
        field: known.field,
        op,
        values,
    })
}

fn operator(text: &str) -> (FilterOp, &str) {
    const OPERATORS: [(&str, FilterOp); 10] = [
        ("eq", FilterOp::Eq),
        ("ne", FilterOp::Ne),
        ("in", FilterOp::In),
        ("nin", FilterOp::NotIn),
        ("gt", FilterOp::Gt),
        ("ge", FilterOp::Ge),
        ("lt", FilterOp::Lt),
        ("le", FilterOp::Le),
        ("like", FilterOp::Like),
        ("null", FilterOp::Null),
    ];
    text.split_once(':')
        .and_then(|(name, rest)| {
            let found = OPERATORS.iter().find(|(known, _)| *known == name);
            found.map(|(_, op)| (*op, rest))
        })
        .unwrap_or((FilterOp::Eq, text))
}

fn suits(op: FilterOp, kind: Kind) -> bool {
    match op {
        FilterOp::Eq | FilterOp::Ne | FilterOp::In | FilterOp::NotIn | FilterOp::Null => true,
        FilterOp::Gt | FilterOp::Ge | FilterOp::Lt | FilterOp::Le => {
            !matches!(kind, Kind::Bool | Kind::Power)
        }
        FilterOp::Like => matches!(kind, Kind::Text | Kind::Mac),
    }
}

fn value(kind: Kind, text: &str) -> Result<FilterValue, String> {
    match kind {
        Kind::Text => Ok(FilterValue::Text(text.to_owned())),
        Kind::Mac => {
            let text = normalize_mac(text).unwrap_or_else(|| text.to_lowercase());
            Ok(FilterValue::Text(text))
        }
        Kind::Bool => truth(text),
        Kind::Time => time(text).map(FilterValue::Time),
        Kind::Power => match text {
            "power_on" => Ok(FilterValue::Text("on".to_owned())),
            "power_off" => Ok(FilterValue::Text("off".to_owned())),
            _ => Err(format!("'{text}' is neither power_on nor power_off")),
        },
        Kind::Number => number(text, i64::MIN, i64::MAX),
        Kind::Place => number(text, 1, 99),
        Kind::Condition => number(text, 0, 4),
    }
}

fn truth(text: &str) -> Result<FilterValue, String> {
    flag(text)
        .map(FilterValue::Bool)
        .ok_or_else(|| format!("'{text}' is neither true nor false"))
}

fn number(text: &str, least: i64, most: i64) -> Result<FilterValue, String> {
    let number: i64 = text
        .parse()
        .map_err(|_| format!("'{text}' is not a whole number"))?;
    if (least..=most).contains(&number) {
        return Ok(FilterValue::Int(number));
    }
    Err(format!("{number} is not within {least} to {most}"))
}

/// A time in ISO 8601; without a zone it is in UTC.
pub(super) fn time(text: &str) -> Result<Timestamp, String> {
    let with_zone = DateTime::parse_from_rfc3339(text).map(|time| time.to_utc());
    with_zone
        .or_else(|_| {
            NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f").map(|time| time.and_utc())
        })
        .map_err(|_| format!("'{text}' is not a time such as 2018-10-17T12:18:35"))
}

#[cfg(test)]
mod tests {
    use assay_domain::{FilterOp, FilterValue};
    use proptest::prelude::*;

    use super::{Kind, filter, known};

    fn read(kind: Kind, text: &str) -> Result<(FilterOp, Vec<FilterValue>), String> {
        filter(&known("field", (), kind), text).map(|filter| (filter.op, filter.values))
    }

    fn text(text: &str) -> FilterValue {
        FilterValue::Text(text.to_owned())
    }

    #[test]
    fn a_bare_value_must_be_equal() {
        assert_eq!(
            read(Kind::Text, "node1"),
            Ok((FilterOp::Eq, vec![text("node1")]))
        );
        let mac = "52:54:00:00:00:01";
        assert_eq!(read(Kind::Text, mac), Ok((FilterOp::Eq, vec![text(mac)])));
        assert_eq!(
            read(Kind::Text, "eq:in:x"),
            Ok((FilterOp::Eq, vec![text("in:x")]))
        );
    }

    #[test]
    fn operators_take_typed_values() {
        assert_eq!(
            read(Kind::Number, "in:1,2"),
            Ok((FilterOp::In, vec![FilterValue::Int(1), FilterValue::Int(2)]))
        );
        assert_eq!(
            read(Kind::Place, "ge:10"),
            Ok((FilterOp::Ge, vec![FilterValue::Int(10)]))
        );
        assert_eq!(
            read(Kind::Power, "ne:power_on"),
            Ok((FilterOp::Ne, vec![text("on")]))
        );
        assert_eq!(
            read(Kind::Number, "null:true"),
            Ok((FilterOp::Null, vec![FilterValue::Bool(true)]))
        );
    }

    #[test]
    fn mac_addresses_are_found_in_any_notation() {
        let wanted = text("52:54:00:00:00:0a");
        assert_eq!(
            read(Kind::Mac, "52-54-00-00-00-0A"),
            Ok((FilterOp::Eq, vec![wanted]))
        );
    }

    #[test]
    fn bad_values_are_refused() {
        let cases = [
            (Kind::Number, ""),
            (Kind::Number, "x"),
            (Kind::Place, "0"),
            (Kind::Place, "100"),
            (Kind::Condition, "5"),
            (Kind::Power, "on"),
            (Kind::Bool, "maybe"),
            (Kind::Bool, "gt:true"),
            (Kind::Number, "like:1%"),
            (Kind::Number, "null:x"),
            (Kind::Number, "in:1,"),
            (Kind::Time, "yesterday"),
        ];
        for (kind, text) in cases {
            assert!(read(kind, text).is_err(), "{kind:?} {text}");
        }
    }

    #[test]
    fn times_without_a_zone_are_in_utc() {
        let plain = super::time("2018-10-17T12:18:35").unwrap();
        assert_eq!(plain, super::time("2018-10-17T14:18:35+02:00").unwrap());
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(kind in 0_usize..7, text in ".*") {
            let kinds = [Kind::Text, Kind::Bool, Kind::Time, Kind::Power, Kind::Number, Kind::Place, Kind::Condition];
            let _ = read(kinds[kind], &text);
        }

        #[test]
        fn any_text_can_be_asked_for_with_eq(value in ".*") {
            let read = read(Kind::Text, &format!("eq:{value}")).unwrap();
            prop_assert_eq!(read, (FilterOp::Eq, vec![FilterValue::Text(value)]));
        }
    }
}
