//! Names of medium attachment units: how the switch port is wired.

/// Up to 53 as RFC 4836 numbers them.
const FIRST: [&str; 54] = [
    "Unknown",
    "AUI",
    "10BASE-5",
    "FOIRL",
    "10BASE-2",
    "10BASE-T duplex mode unknown",
    "10BASE-FP",
    "10BASE-FB",
    "10BASE-FL duplex mode unknown",
    "10BROAD36",
    "10BASE-T half duplex",
    "10BASE-T full duplex",
    "10BASE-FL half duplex",
    "10BASE-FL full duplex",
    "100BASE-T4",
    "100BASE-TX half duplex",
    "100BASE-TX full duplex",
    "100BASE-FX half duplex",
    "100BASE-FX full duplex",
    "100BASE-T2 half duplex",
    "100BASE-T2 full duplex",
    "1000BASE-X half duplex",
    "1000BASE-X full duplex",
    "1000BASE-LX half duplex",
    "1000BASE-LX full duplex",
    "1000BASE-SX half duplex",
    "1000BASE-SX full duplex",
    "1000BASE-CX half duplex",
    "1000BASE-CX full duplex",
    "1000BASE-T half duplex",
    "1000BASE-T full duplex",
    "10GBASE-X",
    "10GBASE-LX4",
    "10GBASE-R",
    "10GBASE-ER",
    "10GBASE-LR",
    "10GBASE-SR",
    "10GBASE-W",
    "10GBASE-EW",
    "10GBASE-LW",
    "10GBASE-SW",
    "10GBASE-CX4",
    "2BASE-TL",
    "10PASS-TS",
    "100BASE-BX10D",
    "100BASE-BX10U",
    "100BASE-LX10",
    "1000BASE-BX10D",
    "1000BASE-BX10U",
    "1000BASE-LX10",
    "1000BASE-PX10D",
    "1000BASE-PX10U",
    "1000BASE-PX20D",
    "1000BASE-PX20U",
];

/// Later ones that occur in data centres, as IANA-MAU-MIB numbers them.
const LATER: [(u16, &str); 30] = [
    (54, "10GBASE-T"),
    (55, "10GBASE-LRM"),
    (56, "1000BASE-KX"),
    (57, "10GBASE-KX4"),
    (58, "10GBASE-KR"),
    (70, "40GBASE-KR4"),
    (71, "40GBASE-CR4"),
    (72, "40GBASE-SR4"),
    (74, "40GBASE-LR4"),
    (75, "100GBASE-CR10"),
    (76, "100GBASE-SR10"),
    (77, "100GBASE-LR4"),
    (78, "100GBASE-ER4"),
    (88, "25GBASE-CR"),
    (90, "25GBASE-KR"),
    (92, "25GBASE-R"),
    (93, "25GBASE-SR"),
    (94, "25GBASE-T"),
    (95, "40GBASE-ER4"),
    (96, "40GBASE-R"),
    (97, "40GBASE-T"),
    (98, "100GBASE-CR4"),
    (99, "100GBASE-KR4"),
    (101, "100GBASE-R"),
    (102, "100GBASE-SR4"),
    (103, "2.5GBASE-T"),
    (104, "5GBASE-T"),
    (114, "25GBASE-LR"),
    (115, "25GBASE-ER"),
    (116, "50GBASE-R"),
];

/// The name of a MAU type.
pub(super) fn name(kind: u16) -> Option<&'static str> {
    let later = || LATER.iter().find(|(known, _)| *known == kind);
    FIRST
        .get(usize::from(kind))
        .copied()
        .or_else(|| later().map(|(_, name)| *name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_tables_are_in_order() {
        assert_eq!(name(30), Some("1000BASE-T full duplex"));
        assert_eq!(name(53), Some("1000BASE-PX20U"));
        assert_eq!(name(93), Some("25GBASE-SR"));
        assert_eq!(name(500), None);
        assert!(LATER.is_sorted_by_key(|(kind, _)| kind));
    }
}
