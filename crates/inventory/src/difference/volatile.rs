//! Fields that change by themselves, without any change of the machine.

use super::pointer::Place;

/// A field that is left out of a difference unless everything is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Volatile {
    /// Its name, after the name of the object that it is in when that matters: `cpu/frequency`.
    pub name: &'static str,
    /// Why it changes.
    pub why: &'static str,
}

const fn field(name: &'static str, why: &'static str) -> Volatile {
    Volatile { name, why }
}

const CLOCK: &str = "the time of the boot or of the report";
const SINCE: &str = "grows while the machine runs";
const LOAD: &str = "what the ramdisk was doing at that moment";
const SENSOR: &str = "a reading of a sensor";
const MEASURED: &str = "measured anew by each boot";

/// All of them. Case does not count, and `-` counts as `_`.
pub const VOLATILE: &[Volatile] = &[
    field("logs", "the ramdisk's logs of that boot"),
    field("cmdline", "holds the nonce of that boot"),
    field(
        "cpu/frequency",
        "the clock at that moment where the highest is not known",
    ),
    field(
        "memory/total",
        "what the kernel left over; physical_mb is the size",
    ),
    field("current_mhz", "the clock at that moment"),
    field("boot_time", CLOCK),
    field("booted_at", CLOCK),
    field("collected_at", CLOCK),
    field("finished_at", CLOCK),
    field("generated_at", CLOCK),
    field("received_at", CLOCK),
    field("reported_at", CLOCK),
    field("started_at", CLOCK),
    field("system_time", CLOCK),
    field("time", CLOCK),
    field("timestamp", CLOCK),
    field("utc", CLOCK),
    field("duration", MEASURED),
    field("elapsed", MEASURED),
    field("bogomips", MEASURED),
    field("loops_per_sec", MEASURED),
    field("uptime", SINCE),
    field("uptime_s", SINCE),
    field("uptime_seconds", SINCE),
    field("power_on_hours", SINCE),
    field("power_cycle_count", SINCE),
    field("power_cycles", SINCE),
    field("data_units_read", SINCE),
    field("data_units_written", SINCE),
    field("rx_bytes", SINCE),
    field("rx_dropped", SINCE),
    field("rx_errors", SINCE),
    field("rx_packets", SINCE),
    field("tx_bytes", SINCE),
    field("tx_dropped", SINCE),
    field("tx_errors", SINCE),
    field("tx_packets", SINCE),
    field("load_average", LOAD),
    field("loadavg", LOAD),
    field("memory/available", LOAD),
    field("memory/free", LOAD),
    field("memory/used", LOAD),
    field("fan_speed_rpm", SENSOR),
    field("temperature", SENSOR),
    field("temperature_c", SENSOR),
    field("temperatures", SENSOR),
];

/// Whether the field there changes by itself.
pub(super) fn is_volatile(place: &Place<'_>) -> bool {
    if !place.is_field() {
        return false;
    }
    let mut names = place.names();
    let name = names.next().unwrap_or_default();
    let within = names.next().unwrap_or_default();
    VOLATILE
        .iter()
        .any(|known| match known.name.split_once('/') {
            Some((object, field)) => same(name, field) && same(within, object),
            None => same(name, known.name),
        })
}

/// Whether a field of that name changes by itself, wherever it is.
pub(super) fn is_volatile_name(name: &str) -> bool {
    VOLATILE.iter().any(|known| same(name, known.name))
}

fn same(name: &str, known: &str) -> bool {
    name.len() == known.len()
        && name.bytes().zip(known.bytes()).all(|(one, two)| {
            let one = if one == b'-' { b'_' } else { one };
            one.eq_ignore_ascii_case(&two)
        })
}
