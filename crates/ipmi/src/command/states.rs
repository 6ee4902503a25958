//! The states of sensors as data (tables 42-2 and 42-3): by the bit that asserts each.

use assay_domain::capability::Health;

use Health::{Critical, Ok, Warning};

/// A state, and how it is to be taken; none for what is neither good nor bad.
pub(super) type State = (&'static str, Option<Health>);

/// The states of the kinds of reading that do not depend on the sensor, by the kind of reading.
pub(super) const GENERIC: &[(u8, &[State])] = &[
    (0x02, &[("idle", None), ("active", None), ("busy", None)]),
    (0x03, &[("deasserted", None), ("asserted", None)]),
    (
        0x04,
        &[
            ("predictive failure off", Some(Ok)),
            ("predictive failure", Some(Warning)),
        ],
    ),
    (
        0x05,
        &[
            ("limit not exceeded", Some(Ok)),
            ("limit exceeded", Some(Warning)),
        ],
    ),
    (
        0x06,
        &[
            ("performance met", Some(Ok)),
            ("performance lags", Some(Warning)),
        ],
    ),
    (
        0x07,
        &[
            ("ok", Some(Ok)),
            ("non-critical", Some(Warning)),
            ("critical", Some(Critical)),
            ("non-recoverable", Some(Critical)),
            ("back to non-critical", Some(Warning)),
            ("critical", Some(Critical)),
            ("non-recoverable", Some(Critical)),
            ("monitor", None),
            ("informational", None),
        ],
    ),
    (0x08, &[("absent", None), ("present", None)]),
    (0x09, &[("disabled", None), ("enabled", None)]),
    (
        0x0a,
        &[
            ("running", Some(Ok)),
            ("in test", None),
            ("power off", None),
            ("online", Some(Ok)),
            ("offline", None),
            ("off duty", None),
            ("degraded", Some(Warning)),
            ("power save", None),
            ("install error", Some(Warning)),
        ],
    ),
    (
        0x0b,
        &[
            ("fully redundant", Some(Ok)),
            ("redundancy lost", Some(Critical)),
            ("redundancy degraded", Some(Warning)),
            ("not redundant", Some(Warning)),
            ("not redundant, sufficient", Some(Warning)),
            ("not redundant, insufficient", Some(Critical)),
            ("redundancy degraded from full", Some(Warning)),
            ("redundancy degraded from none", Some(Warning)),
        ],
    ),
    (
        0x0c,
        &[("d0", None), ("d1", None), ("d2", None), ("d3", None)],
    ),
];

/// The states of the kinds of sensor, by the kind of sensor.
pub(super) const BY_SENSOR: &[(u8, &[State])] = &[
    (
        0x05,
        &[
            ("chassis opened", Some(Warning)),
            ("drive bay opened", Some(Warning)),
            ("card area opened", Some(Warning)),
            ("processor area opened", Some(Warning)),
            ("lan cable unplugged", Some(Warning)),
            ("undocked", Some(Warning)),
            ("fan area opened", Some(Warning)),
        ],
    ),
    (
        0x07,
        &[
            ("internal error", Some(Critical)),
            ("thermal trip", Some(Critical)),
            ("self-test failed", Some(Critical)),
            ("start failed", Some(Critical)),
            ("configuration error", Some(Critical)),
            ("uncorrectable error", Some(Critical)),
            ("present", Some(Ok)),
            ("disabled", Some(Warning)),
            ("terminator present", None),
            ("throttled", Some(Warning)),
            ("machine check", Some(Critical)),
            ("corrected machine check", Some(Warning)),
        ],
    ),
    (
        0x08,
        &[
            ("present", Some(Ok)),
            ("failed", Some(Critical)),
            ("predictive failure", Some(Warning)),
            ("input lost", Some(Critical)),
            ("input lost or out of range", Some(Critical)),
            ("input out of range", Some(Warning)),
            ("configuration error", Some(Warning)),
            ("standby", None),
        ],
    ),
    (
        0x09,
        &[
            ("power off", None),
            ("power cycle", None),
            ("240 VA power off", Some(Critical)),
            ("interlock power off", Some(Critical)),
            ("input lost", Some(Critical)),
            ("soft power control failed", Some(Critical)),
            ("failed", Some(Critical)),
            ("predictive failure", Some(Warning)),
        ],
    ),
    (
        0x0c,
        &[
            ("correctable error", Some(Warning)),
            ("uncorrectable error", Some(Critical)),
            ("parity error", Some(Critical)),
            ("scrub failed", Some(Critical)),
            ("disabled", Some(Warning)),
            ("correctable errors' limit reached", Some(Warning)),
            ("present", Some(Ok)),
            ("configuration error", Some(Warning)),
            ("spare", None),
            ("throttled", Some(Warning)),
            ("too hot", Some(Critical)),
        ],
    ),
    (
        0x0d,
        &[
            ("present", Some(Ok)),
            ("failed", Some(Critical)),
            ("predictive failure", Some(Warning)),
            ("hot spare", None),
            ("consistency check", None),
            ("in critical array", Some(Critical)),
            ("in failed array", Some(Critical)),
            ("rebuilding", Some(Warning)),
            ("rebuild aborted", Some(Warning)),
        ],
    ),
    (
        0x0f,
        &[
            ("firmware error", Some(Critical)),
            ("firmware hang", Some(Critical)),
            ("firmware progress", None),
        ],
    ),
    (
        0x10,
        &[
            ("correctable memory errors not logged", Some(Warning)),
            ("events of a type not logged", Some(Warning)),
            ("log cleared", None),
            ("logging off", Some(Warning)),
            ("log full", Some(Warning)),
            ("log almost full", Some(Warning)),
        ],
    ),
    (
        0x12,
        &[
            ("reconfigured", None),
            ("boot by the maker", None),
            ("undetermined hardware failure", Some(Critical)),
            ("entry added", None),
            ("platform action", None),
            ("clock synchronised", None),
        ],
    ),
    (
        0x13,
        &[
            ("front panel interrupt", Some(Warning)),
            ("bus timeout", Some(Critical)),
            ("i/o channel check", Some(Critical)),
            ("software interrupt", Some(Warning)),
            ("pci parity error", Some(Critical)),
            ("pci system error", Some(Critical)),
            ("eisa timeout", Some(Critical)),
            ("bus correctable error", Some(Warning)),
            ("bus uncorrectable error", Some(Critical)),
            ("fatal interrupt", Some(Critical)),
            ("bus fatal error", Some(Critical)),
            ("bus degraded", Some(Warning)),
        ],
    ),
    (
        0x14,
        &[
            ("power button pressed", None),
            ("sleep button pressed", None),
            ("reset button pressed", None),
            ("latch open", None),
            ("service button pressed", None),
        ],
    ),
    (
        0x1e,
        &[
            ("no bootable medium", Some(Critical)),
            ("no disk in the drive", Some(Warning)),
            ("pxe server not found", Some(Warning)),
            ("invalid boot sector", Some(Critical)),
            ("no boot source chosen", Some(Warning)),
        ],
    ),
    (
        0x20,
        &[
            ("stopped while loading", Some(Critical)),
            ("stopped while running", Some(Critical)),
            ("stopped in order", None),
            ("shut down in order", None),
            ("shut down by agent", None),
        ],
    ),
    (
        0x22,
        &[
            ("s0 working", None),
            ("s1 sleeping", None),
            ("s2 sleeping", None),
            ("s3 sleeping", None),
            ("s4 hibernating", None),
            ("s5 off", None),
            ("s4 or s5 off", None),
            ("mechanical off", None),
        ],
    ),
    (
        0x23,
        &[
            ("timer expired", Some(Warning)),
            ("hard reset", Some(Warning)),
            ("power down", Some(Warning)),
            ("power cycle", Some(Warning)),
        ],
    ),
    (
        0x25,
        &[("present", None), ("absent", None), ("disabled", None)],
    ),
    (
        0x27,
        &[("heartbeat lost", Some(Warning)), ("heartbeat", Some(Ok))],
    ),
    (
        0x28,
        &[
            ("sensor degraded", Some(Warning)),
            ("controller degraded", Some(Warning)),
            ("controller off line", Some(Critical)),
            ("controller unavailable", Some(Critical)),
            ("sensor failed", Some(Warning)),
            ("part failed", Some(Critical)),
        ],
    ),
    (
        0x29,
        &[
            ("low", Some(Warning)),
            ("failed", Some(Critical)),
            ("present", Some(Ok)),
        ],
    ),
];
