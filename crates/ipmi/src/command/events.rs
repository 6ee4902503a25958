//! What the states of sensors mean: by the kind of reading (table 42-2) and by the kind of sensor
//! (table 42-3). Texts are our own; how bad a state is, is read out of its description.

use assay_domain::capability::Health;

use super::states::{BY_SENSOR, GENERIC, State};
use Health::{Critical, Warning};

/// The kind of reading of sensors with thresholds.
pub const THRESHOLD: u8 = 0x01;

/// The kind of reading whose states depend on the kind of sensor.
pub const SPECIFIC: u8 = 0x6f;

/// Names of the kinds of sensors, by number.
const KINDS: [&str; 45] = [
    "reserved",
    "temperature",
    "voltage",
    "current",
    "fan",
    "chassis intrusion",
    "platform security",
    "processor",
    "power supply",
    "power unit",
    "cooling device",
    "other",
    "memory",
    "drive bay",
    "memory resize",
    "system firmware",
    "event logging",
    "watchdog",
    "system event",
    "critical interrupt",
    "button",
    "board",
    "microcontroller",
    "add-in card",
    "chassis",
    "chip set",
    "other part",
    "cable",
    "terminator",
    "system boot",
    "boot error",
    "operating system boot",
    "operating system stop",
    "slot",
    "acpi power state",
    "watchdog",
    "platform alert",
    "entity presence",
    "monitor",
    "lan",
    "management health",
    "battery",
    "session audit",
    "version change",
    "part state",
];

/// The kind of a sensor in words.
pub fn kind(sensor: u8) -> String {
    match KINDS.get(usize::from(sensor)) {
        Some(kind) => (*kind).to_owned(),
        None if sensor >= 0xc0 => format!("maker's own {sensor:#04x}"),
        None => format!("unknown {sensor:#04x}"),
    }
}

/// The thresholds that a reading is past, by the bits of its states (table 35-15).
pub const THRESHOLDS: [State; 6] = [
    ("below lower non-critical", Some(Warning)),
    ("below lower critical", Some(Critical)),
    ("below lower non-recoverable", Some(Critical)),
    ("above upper non-critical", Some(Warning)),
    ("above upper critical", Some(Critical)),
    ("above upper non-recoverable", Some(Critical)),
];

/// What a state means.
///
/// `reading` is the kind of reading (1 to 0x7f), `sensor` the kind of sensor, `offset` the state's
/// number (0 to 14).
pub fn state(reading: u8, sensor: u8, offset: u8) -> (String, Option<Health>) {
    let (table, key) = match reading {
        SPECIFIC => (BY_SENSOR, sensor),
        other => (GENERIC, other),
    };
    let states = table.iter().find(|(number, _)| *number == key);
    match states.and_then(|(_, states)| states.get(usize::from(offset))) {
        Some((text, health)) => ((*text).to_owned(), *health),
        None => (format!("state {offset}"), None),
    }
}

/// What the event of a crossed threshold means (table 42-2): whether the reading went low or high past
/// it, two numbers for each threshold.
pub fn crossing(offset: u8) -> (String, Option<Health>) {
    match THRESHOLDS.get(usize::from(offset / 2)) {
        Some((text, health)) => {
            let way = if offset.is_multiple_of(2) {
                "going low"
            } else {
                "going high"
            };
            (format!("{text}, {way}"), *health)
        }
        None => (format!("threshold event {offset}"), None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_are_named() {
        assert_eq!(kind(0x01), "temperature");
        assert_eq!(kind(0x2c), "part state");
        assert_eq!(kind(0xc5), "maker's own 0xc5");
        assert_eq!(state(SPECIFIC, 0x08, 1), ("failed".into(), Some(Critical)));
        assert_eq!(
            state(0x0b, 0x08, 0),
            ("fully redundant".into(), Some(Health::Ok))
        );
        assert_eq!(state(0x77, 0x01, 14), ("state 14".into(), None));
        assert_eq!(crossing(9).0, "above upper critical, going high");
    }

    #[test]
    fn no_number_makes_naming_panic() {
        for number in 0..=u8::MAX {
            for offset in 0..16 {
                let _ = (
                    state(number, offset, offset),
                    state(SPECIFIC, number, offset),
                );
            }
            let _ = (kind(number), crossing(number));
        }
    }
}
