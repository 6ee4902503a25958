//! iSCSI targets: where they are reached, and how they are called (RFC 7143).

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// The port that IANA has given to iSCSI targets.
const PORT: u16 = 3260;
/// The longest name in bytes (RFC 7143, section 4.2.7.1).
const LONGEST_NAME: usize = 223;
/// How the names begin that Cinder gives to volumes.
const VOLUME: &str = "volume-";

/// Where targets are reached. Its text is the address alone with iSCSI's own port, otherwise
/// `address:port`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Portal {
    /// Its address.
    pub address: IpAddr,
    /// Its TCP port.
    pub port: u16,
}

/// Names of targets, by where they are reached.
pub type Targets = BTreeMap<Portal, BTreeSet<String>>;

impl Portal {
    /// The portal at that address and port.
    pub fn new(address: IpAddr, port: u16) -> Self {
        Self { address, port }
    }

    /// Address and port, as iscsiadm takes them: `10.0.0.1:3260`, `[fd00::1]:3260`.
    pub fn socket(self) -> SocketAddr {
        SocketAddr::new(self.address, self.port)
    }
}

impl From<IpAddr> for Portal {
    fn from(address: IpAddr) -> Self {
        Self::new(address, PORT)
    }
}

impl fmt::Display for Portal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.port == PORT {
            return self.address.fmt(formatter);
        }
        self.socket().fmt(formatter)
    }
}

impl FromStr for Portal {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        if let Ok(address) = text.parse::<IpAddr>() {
            return Ok(address.into());
        }
        match text.parse::<SocketAddr>() {
            Ok(socket) if socket.port() != 0 => Ok(Self::new(socket.ip(), socket.port())),
            _ => Err(Error::invalid(format!("'{text}' is not an IP address"))),
        }
    }
}

impl TryFrom<String> for Portal {
    type Error = Error;

    fn try_from(text: String) -> Result<Self> {
        text.parse()
    }
}

impl From<Portal> for String {
    fn from(portal: Portal) -> Self {
        portal.to_string()
    }
}

/// Whether a name is only the end of a target's name, `volume-…` as Cinder calls its volumes.
pub fn is_short_name(name: &str) -> bool {
    name.starts_with(VOLUME)
}

/// Checks the name of a target: of one of RFC 7143's three kinds, or [short](is_short_name). Beside
/// what RFC 7143 allows, capitals and `_` pass, which targets have all the same.
///
/// # Errors
/// [`Error::Invalid`] with the name.
pub fn check_target_name(name: &str) -> Result<()> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-.:_".contains(&byte);
    let is_hex = |digits: &str, lengths: &[usize]| {
        lengths.contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
    };
    let is_right = if let Some(rest) = name.strip_prefix("iqn.") {
        is_dated(rest) && rest.bytes().all(is_plain)
    } else if let Some(digits) = name.strip_prefix("eui.") {
        is_hex(digits, &[16])
    } else if let Some(digits) = name.strip_prefix("naa.") {
        is_hex(digits, &[16, 32])
    } else if let Some(rest) = name.strip_prefix(VOLUME) {
        !rest.is_empty() && rest.bytes().all(is_plain)
    } else {
        false
    };
    if is_right && name.len() <= LONGEST_NAME {
        return Ok(());
    }
    let shown: String = name.chars().take(LONGEST_NAME).collect();
    Err(Error::invalid(format!(
        "'{shown}' is no name of an iSCSI target: iqn.…, eui.…, naa.… or volume-…"
    )))
}

/// Whether what follows `iqn.` begins with a year, a month and a domain: `2010-10.org.openstack`.
fn is_dated(rest: &str) -> bool {
    let Some((date, domain)) = rest.split_once('.') else {
        return false;
    };
    let Some((year, month)) = date.split_once('-') else {
        return false;
    };
    let is_number =
        |text: &str, length| text.len() == length && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number(year, 4) && is_number(month, 2) && domain.starts_with(|c: char| c.is_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_standard_and_of_volumes() {
        for good in [
            "iqn.2026-11.test.guest:store",
            "iqn.2010-10.org.openstack:volume-9ce44bf8-f981-45b8-8ef4-8120f4761420",
            "iqn.2001-04.com.example",
            "eui.02004567A425678D",
            "naa.52004567BA64678D",
            "naa.62004567BA64678D0123456789ABCDEF",
            "volume-887880f7-9e54-4f81-8d32-3e0b7a9b1c5c",
        ] {
            assert!(check_target_name(good).is_ok(), "{good}");
        }
        let long = format!("iqn.2001-04.com.example:{}", "x".repeat(200));
        for bad in [
            "",
            "volume-",
            "store",
            "-T",
            "iqn.",
            "iqn.2001.com.example",
            "iqn.2001-04.",
            "iqn.2001-04.com.example:a b",
            "iqn.2001-04.com.example:$(reboot)",
            "iqn.2001-04.com.example:a\nb",
            "volume-a;b",
            "eui.02004567A425678",
            "naa.5200",
            &long,
        ] {
            let error = check_target_name(bad).unwrap_err();
            assert!(error.to_string().contains("iSCSI"), "{bad}: {error}");
        }
    }

    #[test]
    fn a_portal_is_written_as_it_is_read() {
        for (text, port) in [
            ("10.40.38.2", 3260),
            ("10.40.38.2:3261", 3261),
            ("fd00::1", 3260),
            ("[fd00::1]:3261", 3261),
        ] {
            let portal: Portal = text.parse().unwrap();
            assert_eq!((portal.to_string().as_str(), portal.port), (text, port));
        }
        for bad in ["", "store", "10.0.0.1:0", "10.0.0.1 -x", "10.0.0.1/8"] {
            assert!(bad.parse::<Portal>().is_err(), "{bad}");
        }
    }
}
