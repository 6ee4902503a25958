//! Between the domain's types and the portable column types: times, JSON, names of states.

use assay_domain::{Error, Timestamp};
use assay_inventory::normalize_mac;
use chrono::{NaiveDateTime, SubsecRound};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::fault::Outcome;

/// A time as it is stored: UTC, cut to microseconds, which is all that PostgreSQL keeps.
pub(crate) fn naive(time: Timestamp) -> NaiveDateTime {
    time.naive_utc().trunc_subsecs(6)
}

/// A stored time.
pub(crate) fn utc(time: NaiveDateTime) -> Timestamp {
    time.and_utc()
}

/// A value as JSON text.
pub(crate) fn to_json(value: &impl Serialize) -> Outcome<String> {
    Ok(serde_json::to_string(value)?)
}

/// A value from stored JSON text.
pub(crate) fn from_json<T: DeserializeOwned>(text: &str) -> Outcome<T> {
    Ok(serde_json::from_str(text)?)
}

/// A stored name of a state, kind or role.
pub(crate) fn parse<T: std::str::FromStr<Err = Error>>(text: &str) -> Outcome<T> {
    Ok(text.parse()?)
}

/// A MAC address as it is looked up; what is none is kept as text in lower case.
pub(crate) fn mac_key(text: &str) -> String {
    normalize_mac(text).unwrap_or_else(|| text.trim().to_lowercase())
}

/// A host as it is looked up: an IP address in its canonical form, a name in lower case.
pub(crate) fn host_key(text: &str) -> String {
    let bare = text.trim().trim_start_matches('[').trim_end_matches(']');
    match bare.parse::<std::net::IpAddr>() {
        Ok(address) => address.to_canonical().to_string(),
        Err(_) => bare.to_lowercase(),
    }
}

/// Bytes as lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: [char; 16] = [
        '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f',
    ];
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.map(|digit| DIGITS[usize::from(digit)]).collect()
}

/// `rows`, each converted, or the first failure.
pub(crate) fn all<R, T>(rows: Vec<R>) -> Outcome<Vec<T>>
where
    T: TryFrom<R, Error = crate::fault::Fault>,
{
    rows.into_iter().map(T::try_from).collect()
}

#[cfg(test)]
mod tests {
    use super::{hex, host_key, mac_key};

    #[test]
    fn hosts_are_found_in_every_notation() {
        assert_eq!(host_key("2001:DB8:0::1"), "2001:db8::1");
        assert_eq!(host_key("[2001:db8::1]"), "2001:db8::1");
        assert_eq!(host_key("::ffff:192.0.2.1"), "192.0.2.1");
        assert_eq!(host_key("BMC.Example"), "bmc.example");
    }

    #[test]
    fn bytes_become_digits() {
        assert_eq!(hex(&[0, 0x1f, 0xa0, 0xff]), "001fa0ff");
    }

    #[test]
    fn macs_are_found_in_every_notation() {
        assert_eq!(mac_key("AA-BB-CC-00-11-22"), "aa:bb:cc:00:11:22");
        assert_eq!(mac_key("Unknown"), "unknown");
    }
}
