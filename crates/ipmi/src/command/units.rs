//! Units of sensors (table 43-15), as people write them.

/// The base units by number; those of no sensor that was ever seen keep their name in the
/// specification.
const UNITS: [&str; 93] = [
    "",
    "°C",
    "°F",
    "K",
    "V",
    "A",
    "W",
    "J",
    "C",
    "VA",
    "nit",
    "lm",
    "lx",
    "cd",
    "kPa",
    "psi",
    "N",
    "cfm",
    "RPM",
    "Hz",
    "µs",
    "ms",
    "s",
    "min",
    "h",
    "d",
    "week",
    "mil",
    "in",
    "ft",
    "in³",
    "ft³",
    "mm",
    "cm",
    "m",
    "cm³",
    "m³",
    "l",
    "fl oz",
    "rad",
    "sr",
    "rev",
    "cycles",
    "g",
    "oz",
    "lb",
    "ft lb",
    "oz in",
    "G",
    "Gb",
    "H",
    "mH",
    "F",
    "µF",
    "Ω",
    "S",
    "mol",
    "Bq",
    "ppm",
    "",
    "dB",
    "dBA",
    "dBC",
    "Gy",
    "Sv",
    "K",
    "bit",
    "kbit",
    "Mbit",
    "Gbit",
    "B",
    "kB",
    "MB",
    "GB",
    "words",
    "dwords",
    "qwords",
    "lines",
    "hits",
    "misses",
    "retries",
    "resets",
    "overruns",
    "underruns",
    "collisions",
    "packets",
    "messages",
    "characters",
    "errors",
    "correctable errors",
    "uncorrectable errors",
    "fatal errors",
    "g",
];

/// The rates by number.
const RATES: [&str; 8] = ["", "/µs", "/ms", "/s", "/min", "/h", "/d", ""];

/// The unit of the three bytes of an SDR (table 43-1, bytes 21 to 23).
pub(super) fn of_bytes([how, base, modifier]: [u8; 3]) -> String {
    let unit = |number: u8| UNITS.get(usize::from(number)).copied().unwrap_or_default();
    if how & 1 != 0 && base == 0 {
        return "%".to_owned();
    }
    let rate = RATES[usize::from(how >> 3 & 7)];
    let percent = if how & 1 != 0 { "% " } else { "" };
    match how >> 1 & 3 {
        1 => format!("{percent}{}/{}{rate}", unit(base), unit(modifier)),
        2 => format!("{percent}{}·{}{rate}", unit(base), unit(modifier)),
        _ => format!("{percent}{}{rate}", unit(base)),
    }
}

#[cfg(test)]
mod tests {
    use super::of_bytes;

    #[test]
    fn units_are_those_of_the_table() {
        assert_eq!(of_bytes([0, 1, 0]), "°C");
        assert_eq!(of_bytes([0, 18, 0]), "RPM");
        assert_eq!(of_bytes([1, 0, 0]), "%");
        assert_eq!(of_bytes([0, 66, 0]), "bit");
        assert_eq!(of_bytes([0x18, 70, 0]), "B/s");
        assert_eq!(of_bytes([2, 6, 36]), "W/m³");
        assert_eq!(of_bytes([0xff, 0xff, 0xff]), "% ");
    }
}
