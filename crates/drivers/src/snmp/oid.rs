//! OIDs with places for the outlet, as profiles and settings write them.

use std::str::FromStr;

use async_snmp::Oid;
use serde::Deserialize;

/// The most arcs that an OID has (RFC 3416, 4.1: 128 sub-identifiers).
const MOST_ARCS: usize = 128;

/// An outlet, in all the ways in which OIDs name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(clippy::struct_field_names, reason = "the words of the profiles")]
pub(super) struct Place {
    unit: u32,
    outlet: u32,
    group: u32,
    place: u32,
}

impl Place {
    /// An outlet (from 1) of a PDU in a chain of them, in groups of `group_size` outlets.
    pub(super) fn new(unit: u32, outlet: u32, group_size: Option<u32>) -> Self {
        let (group, place) = match group_size.filter(|size| *size > 0) {
            Some(size) => (
                outlet.saturating_sub(1) / size + 1,
                outlet.saturating_sub(1) % size + 1,
            ),
            None => (1, outlet),
        };
        Self {
            unit,
            outlet,
            group,
            place,
        }
    }
}

/// An OID in which `{unit}`, `{outlet}`, `{group}` and `{place}` stand for numbers, e.g.
/// `1.3.6.1.4.1.534.6.6.7.6.6.1.2.{unit}.{outlet}`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Pattern {
    parts: Vec<Part>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Arc(u32),
    Unit,
    Outlet,
    Group,
    Place,
}

/// What is wrong with an OID.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum PatternError {
    /// It has too few or too many arcs, or does not begin as an OID must (X.660, 7).
    #[error("'{0}' is no OID")]
    NoOid(String),
    /// One of its arcs is neither a number below 2^32 nor a known placeholder.
    #[error(
        "'{arc}' in '{oid}' is neither a number nor one of {{unit}}, {{outlet}}, {{group}}, {{place}}"
    )]
    Arc {
        /// The arc.
        arc: String,
        /// The whole OID.
        oid: String,
    },
}

impl FromStr for Pattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, PatternError> {
        let arcs = text.strip_prefix('.').unwrap_or(text);
        let parts = arcs
            .split('.')
            .take(MOST_ARCS + 1)
            .map(|arc| {
                part(arc).ok_or_else(|| PatternError::Arc {
                    arc: arc.chars().take(40).collect(),
                    oid: text.chars().take(200).collect(),
                })
            })
            .collect::<Result<Vec<_>, _>>()?;
        let pattern = Self { parts };
        let begins_fixed = matches!(
            pattern.parts.as_slice(),
            [Part::Arc(_), Part::Arc(_), _, ..]
        );
        let example = pattern.at(Place::new(1, 1, None));
        if begins_fixed && pattern.parts.len() <= MOST_ARCS && example.validate_all().is_ok() {
            Ok(pattern)
        } else {
            Err(PatternError::NoOid(text.chars().take(200).collect()))
        }
    }
}

impl TryFrom<String> for Pattern {
    type Error = PatternError;

    fn try_from(text: String) -> Result<Self, PatternError> {
        text.parse()
    }
}

fn part(arc: &str) -> Option<Part> {
    match arc {
        "{unit}" => Some(Part::Unit),
        "{outlet}" => Some(Part::Outlet),
        "{group}" => Some(Part::Group),
        "{place}" => Some(Part::Place),
        // `+1` is a number to the library and no arc.
        digits if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            digits.parse().ok().map(Part::Arc)
        }
        _ => None,
    }
}

impl Pattern {
    /// The OID of one outlet.
    pub(super) fn at(&self, place: Place) -> Oid {
        Oid::new(self.parts.iter().map(|part| match part {
            Part::Arc(arc) => *arc,
            Part::Unit => place.unit,
            Part::Outlet => place.outlet,
            Part::Group => place.group,
            Part::Place => place.place,
        }))
    }

    /// The OID of the whole device: of one PDU of a chain.
    pub(super) fn of_unit(&self, unit: u32) -> Oid {
        self.at(Place::new(unit, 0, None))
    }

    /// Whether each outlet has an OID of its own.
    pub(super) fn names_outlets(&self) -> bool {
        self.has(Part::Outlet) || self.has(Part::Place)
    }

    /// Whether it counts outlets in groups.
    pub(super) fn names_groups(&self) -> bool {
        self.has(Part::Group) || self.has(Part::Place)
    }

    /// Whether it names a PDU of a chain.
    pub(super) fn names_units(&self) -> bool {
        self.has(Part::Unit)
    }

    /// What is before the outlet's number, for a walk over all outlets; none when the outlets are
    /// not in one column.
    pub(super) fn column(&self, unit: u32) -> Option<Oid> {
        if self.names_groups() {
            return None;
        }
        let before = self.parts.iter().position(|part| *part == Part::Outlet)?;
        let whole = self.of_unit(unit);
        whole.arcs().get(..before).map(Oid::from_slice)
    }

    /// The outlet that an OID of the column belongs to; none for any other OID.
    pub(super) fn outlet_of(&self, oid: &Oid, unit: u32) -> Option<u32> {
        let position = self.parts.iter().position(|part| *part == Part::Outlet)?;
        let outlet = *oid.arcs().get(position)?;
        (self.at(Place::new(unit, outlet, None)) == *oid).then_some(outlet)
    }

    fn has(&self, wanted: Part) -> bool {
        self.parts.contains(&wanted)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pattern(text: &str) -> Pattern {
        text.parse().unwrap()
    }

    #[test]
    fn placeholders_become_numbers() {
        let oid =
            pattern("1.3.6.1.4.1.534.6.6.7.6.6.1.2.{unit}.{outlet}").at(Place::new(2, 17, None));
        assert_eq!(oid.to_string(), "1.3.6.1.4.1.534.6.6.7.6.6.1.2.2.17");
        let relay = pattern(".1.3.6.1.4.1.19865.1.2.{group}.{place}.0");
        for (outlet, oid) in [(1, "1.1"), (8, "1.8"), (9, "2.1"), (16, "2.8")] {
            let place = Place::new(0, outlet, Some(8));
            assert_eq!(
                relay.at(place).to_string(),
                format!("1.3.6.1.4.1.19865.1.2.{oid}.0")
            );
        }
    }

    #[test]
    fn columns_are_walked_and_read() {
        let names = pattern("1.3.6.1.9.{unit}.{outlet}.0");
        assert_eq!(names.column(3).unwrap().to_string(), "1.3.6.1.9.3");
        let of = |oid: &str| names.outlet_of(&Oid::parse(oid).unwrap(), 3);
        assert_eq!(of("1.3.6.1.9.3.12.0"), Some(12));
        for other in [
            "1.3.6.1.9.3.12.1",
            "1.3.6.1.9.3.12",
            "1.3.6.1.9.3.12.0.0",
            "1.3.6.1.9.4.12.0",
            "1.3",
        ] {
            assert_eq!(of(other), None, "{other}");
        }
        assert_eq!(pattern("1.3.6.{group}.{place}").column(1), None);
    }

    #[test]
    fn what_is_no_oid_is_refused() {
        for wrong in [
            "",
            ".",
            "1",
            "1.3",
            "1.3.",
            "1..3",
            "3.1.1",
            "1.40.1",
            "1.3.6.+1",
            "1.3.6.-1",
            "1.3.6.4294967296",
            "1.3.6.{Outlet}",
            "1.{outlet}.3",
            "1.3.6.{}",
            "1.3.6 .1",
        ] {
            assert!(wrong.parse::<Pattern>().is_err(), "{wrong}");
        }
        let long = vec!["1"; 129].join(".");
        assert!(long.parse::<Pattern>().is_err());
    }

    proptest! {
        #[test]
        fn no_text_makes_parsing_panic(text in ".{0,80}") {
            let _ = text.parse::<Pattern>();
        }

        #[test]
        fn what_is_walked_is_found_again(arcs in prop::collection::vec(any::<u32>(), 0..20), unit: u32, outlet: u32) {
            let tail = arcs.iter().map(|arc| format!(".{arc}")).collect::<Vec<_>>().concat();
            let text = format!("1.3.6{tail}.{{unit}}.{{outlet}}.0");
            let pattern = pattern(&text);
            let oid = pattern.at(Place::new(unit, outlet, None));
            prop_assert_eq!(pattern.outlet_of(&oid, unit), Some(outlet));
            prop_assert!(oid.starts_with(&pattern.column(unit).unwrap()));
        }
    }
}
